// SPDX-License-Identifier: MIT
#include "qtest/script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <sstream>

#include "qtest/device_argument.h"
#include "qtest/session_testing.h"

namespace nicreplay {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::OperationList;
using testing::Record;

constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();

ScriptText Written(const OperationList& list, std::uint64_t from = 0) {
  auto session = MakeBusSession(Record(list.operations()), "e1000-stock", kAll).value();
  return WriteScript(session, ScriptMachine(session, "e1000").value(), {from}, "test");
}

TEST(ScriptTest, EveryLineIsACommandWithARemarkThatParses) {
  OperationList list;
  list.Transmit(60);
  list.Read(e1000::kICR);
  list.Read(0, 4, 1);
  list.Write(e1000::kPBM, 0x1122334455667788, 8);
  list.ConfigRead(2, 2);
  list.StartReceiving();
  list.Offer({1, 2, 3});
  list.Link(LinkState::kDown);
  list.Reset();
  list.ConfigRead(0);
  const ScriptText script = Written(list);
  std::istringstream lines(script.text);
  std::uint64_t reads = 0;
  std::uint64_t unplayable = 0;
  for (std::string line; std::getline(lines, line);) {
    auto parsed = ParseScriptLine(line);
    ASSERT_TRUE(parsed) << line << ": " << parsed.error().ToString();
    reads += parsed->remark.expect ? 1 : 0;
    unplayable += parsed->remark.link || !parsed->remark.frame.empty() ? 1 : 0;
  }
  EXPECT_EQ(script.reads, reads);
  EXPECT_EQ(script.unplayable, unplayable);
  EXPECT_EQ(unplayable, 2u);
  EXPECT_THAT(script.text, HasSubstr("writeq 0xfebd0000 0x1122334455667788 # "));
  EXPECT_THAT(script.text, HasSubstr("inl 0xc000 # expect 0x0; "));
  EXPECT_THAT(script.text, HasSubstr("inw 0xcfe # expect 0x100e; "));
  EXPECT_THAT(script.text, HasSubstr("endianness # frame 010203; "));
  EXPECT_THAT(script.text, HasSubstr("endianness # link down; "));
  EXPECT_THAT(script.text, HasSubstr("outb 0xcf9 0x4 # "));
}

TEST(ScriptTest, TheHeaderIsTheWholeCommandLine) {
  const ScriptText script = Written(OperationList());
  EXPECT_THAT(script.text, HasSubstr("run: qemu-system-x86_64 -machine pc,hpet=off -accel qtest"));
  EXPECT_THAT(script.text, HasSubstr("-device e1000,id=nic0,netdev=net0,addr=0x4,romfile= "));
  EXPECT_THAT(script.text, HasSubstr("-qtest stdio -qtest-log none < this file\n"));
}

TEST(ScriptTest, ChangesOfTheLineAreRemarks) {
  OperationList list;
  list.Write(e1000::kIMS, e1000::cause::kLSC);
  list.Write(e1000::kICS, e1000::cause::kLSC);
  list.Read(e1000::kICR);
  const ScriptText script = Written(list);
  EXPECT_THAT(script.text, HasSubstr("writel 0xfebc00c8 0x4 # irq high; "));
  EXPECT_THAT(script.text, HasSubstr("readl 0xfebc00c0 # expect 0x4 irq low; "));
}

TEST(ScriptTest, WhatLeadsToAWindowHasNoRemarksAndNoIdleReads) {
  OperationList list;
  list.Read(e1000::kSTATUS);
  list.Read(e1000::kICR);
  list.ConfigRead(0);
  list.Read(e1000::kCTRL);
  EXPECT_THAT(Written(list).text, HasSubstr("readl 0xfebc0008"));
  const std::uint64_t events = Record(list.operations()).steps.size();
  const ScriptText window = Written(list, events - 1);
  EXPECT_THAT(window.text, Not(HasSubstr("readl 0xfebc0008")));
  EXPECT_THAT(window.text, HasSubstr("readl 0xfebc00c0\n")) << "ICR clears on read";
  EXPECT_THAT(window.text, HasSubstr("readl 0xfebc0000 # expect 0x"));
  EXPECT_EQ(window.reads, 1u);
}

// A reset is done at the end of a turn of QEMU's main loop, which reads 1024 bytes.
TEST(ScriptTest, NothingFollowsAResetInTheSameTurn) {
  OperationList list;
  list.Reset();
  list.ConfigRead(0);
  const std::string text = Written(list).text;
  const std::size_t reset = text.find("outb 0xcf9 0x4");
  ASSERT_NE(reset, std::string::npos);
  const std::size_t next = text.find("\noutl 0xcf8", reset);
  EXPECT_GT(next - text.find('\n', reset), 1024u);
}

TEST(ScriptTest, RemarksSurviveTheRoundTrip) {
  const ScriptRemark remarks[] = {
      {},
      {.expect = 0},
      {.expect = ~std::uint64_t{0}, .line = LineLevel::kHigh},
      {.line = LineLevel::kLow, .link = LinkState::kUp},
      {.link = LinkState::kDown, .frame = {1, 0xff}},
  };
  for (const ScriptRemark& remark : remarks) {
    for (const char* people : {"", "; expect 0x5 anything"}) {
      auto parsed = ParseScriptLine("endianness # " + ToText(remark) + people);
      ASSERT_TRUE(parsed) << ToText(remark);
      EXPECT_EQ(parsed->remark, remark);
    }
  }
}

TEST(ScriptTest, BadRemarksAreTypedErrors) {
  for (const char* remark :
       {"expect", "expect 5", "expect 0xg", "irq", "irq up", "link high", "frame", "frame 1",
        "frame zz", "frame 01 02", "anything", "expect 0x1 x"}) {
    auto parsed = ParseScriptLine(std::string("endianness # ") + remark);
    ASSERT_FALSE(parsed) << remark;
    EXPECT_EQ(parsed.error().code, ErrorCode::kCorrupt);
  }
  const std::string huge(2 * (LiveQemu::kMaxFrame + 1), '0');
  EXPECT_FALSE(ParseScriptLine("endianness # frame " + huge));
}

TEST(ScriptTest, ADeviceWithAnExpansionRomIsRefused) {
  BusSession session;
  session.options = "rom_size=2048";
  auto machine = ScriptMachine(session, "e1000");
  ASSERT_FALSE(machine);
  EXPECT_EQ(machine.error().code, ErrorCode::kUsage);
}

TEST(DeviceArgumentTest, AModelsOptionsAreTheDevicesProperties) {
  EXPECT_EQ(DeviceArgument("e1000", "").value(), "e1000");
  EXPECT_EQ(DeviceArgument("e1000", "device=82540em,mac=52:54:00:00:00:01").value(),
            "e1000,mac=52:54:00:00:00:01");
  EXPECT_EQ(DeviceArgument("e1000", "device=82544gc,init_vet=off").value(),
            "e1000-82544gc,init-vet=off");
  EXPECT_EQ(DeviceArgument("e1000,mitigation=off", "mac=52:54:00:00:00:01").value(),
            "e1000,mitigation=off,mac=52:54:00:00:00:01");
  EXPECT_EQ(DeviceArgument("e1000-82545em", "device=82544gc").value(), "e1000-82545em")
      << "what the user names stays";
  EXPECT_EQ(DeviceArgument("nicreplay,model=x", "device=82544gc,init_vet=off,mac=52:54:00:00:00:01")
                .value(),
            "nicreplay,model=x,mac=52:54:00:00:00:01,options=device=82544gc,,init_vet=off");
  EXPECT_EQ(DeviceArgument("e1000", "rom_size=2048").value(), "e1000");
  EXPECT_EQ(DeviceArgument("virtio-net-pci,mq=on", "packed=on,mac=52:54:00:00:00:01").value(),
            "virtio-net-pci,mq=on,mac=52:54:00:00:00:01,packed=on");
  EXPECT_EQ(RomSizeOf("rom_size=2048").value(), 2048u);
  EXPECT_EQ(RomSizeOf("").value(), 0u);
  EXPECT_FALSE(RomSizeOf("rom_size=x"));
  EXPECT_FALSE(DeviceArgument("e1000", "nonsense"));
}

}  // namespace
}  // namespace nicreplay
