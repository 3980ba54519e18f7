// SPDX-License-Identifier: MIT
#include "qtest/import.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "qtest/pc_machine.h"
#include "qtest/script.h"
#include "qtest/session_testing.h"

namespace nicreplay {
namespace {

using testing::OperationList;
using testing::Record;

// Keeps operations, their bytes left out, and does them on a machine.
class Keeper : public OperationSink {
 public:
  std::uint64_t Do(const Stimulus& operation) override {
    const std::uint64_t value = machine_->ApplyOnBus(operation);
    operations.push_back(operation);
    operations.back().data = nullptr;
    const bool read =
        operation.kind == StimulusKind::kRead || operation.kind == StimulusKind::kConfigRead;
    if (read) operations.back().value = value;
    return value;
  }
  bool Done() const override { return false; }

  std::vector<Stimulus> operations;

 private:
  std::unique_ptr<PcMachine> machine_ =
      PcMachine::Create("e1000-stock", "", std::size_t{64} << 20).value();
};

using Lines = std::vector<std::string>;

// A line for each operation, the first reset left out.
Lines Import(std::string_view text, ImportOptions options = {}) {
  Keeper keeper;
  options.ram_size = std::uint64_t{64} << 20;
  auto summary = ImportQtest(text, options, keeper);
  if (!summary) return {summary.error().ToString()};
  Lines lines;
  for (std::size_t i = 1; i < keeper.operations.size(); ++i) {
    const Stimulus& operation = keeper.operations[i];
    const char* const names[] = {"read", "write", "cread", "cwrite", "memory", "frame",
                                 "link", "time",  "reset", "work",   "poll"};
    const bool memory = operation.kind == StimulusKind::kMemory;
    lines.push_back(fmt::format("{}{} {:x} {:x}", names[static_cast<std::size_t>(operation.kind)],
                                memory ? operation.data_size : operation.size, operation.offset,
                                operation.value));
  }
  return lines;
}

constexpr const char* kMapped =
    "outl 0xcf8 0x80001010\noutl 0xcfc 0xe0000000\noutl 0xcf8 0x80001004\noutw 0xcfc 0x7\n";

Lines AfterMapping(const Lines& more) {
  Lines all = {"cwrite4 10 e0000000", "cwrite2 4 7"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

// In the form in which bug reports quote what a fuzzer found.
TEST(ImportTest, AReproducerIsASession) {
  EXPECT_EQ(Import("cat << EOF | ./qemu-system-i386 -machine accel=qtest, -m 512M -nodefaults "
                   "-device e1000,netdev=net0 -netdev user,id=net0 -qtest stdio\n"
                   "outl 0xcf8 0x80001010\n"
                   "outl 0xcfc 0xe0000000\n"
                   "outl 0xcf8 0x80001004\n"
                   "outw 0xcfc 0x7\n"
                   "write 0xe0000400 0x4 0xfa000300\n"
                   "writeb 0xe0000003 0x10\n"
                   "write 0x20 0x1 0x61\n"
                   "readl 0xe0000008\n"
                   "clock_step\n"
                   "EOF\n"),
            AfterMapping({"write4 400 300fa", "write1 3 10", "memory1 0 20", "read4 8 80080783"}));
}

TEST(ImportTest, ALogIsASession) {
  EXPECT_EQ(Import("[I 0.000000] OPENED\n"
                   "[R +0.039182] outl 0xcf8 0x80001010\n"
                   "[S +0.039196] OK\n"
                   "[R +0.039207] outl 0xcfc 0xe0000000\n"
                   "[S +0.039210] OK\n"
                   "[R +0.04] outl 0xcf8 0x80001004\r\n"
                   "[R +0.04] outw 0xcfc 0x7\n"
                   "OK\nIRQ raise 1\n\n# remark\n"
                   "[R +0.05] clock_step 100\n"
                   "[R +0.05] inw 0xcfe\n"
                   "[I +1.0] CLOSED"),
            AfterMapping({"time0 0 0", "cread2 6 0"}));
}

TEST(ImportTest, AccessesAreCutAsTheBusCutsThem) {
  EXPECT_EQ(
      Import(std::string(kMapped) + "writeq 0xe0001000 0x1122334455667788\n"
                                    "writel 0xe0001001 0x11223344\n"
                                    "write 0xe0001002 0x7 0x01020304050607\n"),
      AfterMapping({"write8 1000 1122334455667788", "write1 1001 44", "write2 1002 2233",
                    "write1 1004 11", "write2 1002 201", "write4 1004 6050403", "write1 1008 7"}));
  // Over the end and over the beginning of the BAR.
  EXPECT_EQ(Import(std::string(kMapped) + "write 0xe001fffe 0x4 0x01020304\n"
                                          "write 0xdffffffe 0x4 0x01020304\n"),
            AfterMapping({"write2 1fffe 201", "write2 0 403"}));
}

TEST(ImportTest, WhatIsNotTheNicsIsCountedOnly) {
  Keeper keeper;
  auto summary = ImportQtest(std::string(kMapped) +
                                 "outl 0xcf8 0x80000060\noutl 0xcfc 0x0\n"     // the host bridge
                                 "outl 0xcf8 0x80011010\noutl 0xcfc 0x1234\n"  // another bus
                                 "writel 0xfec00000 0x1\nreadl 0x1000\ninb 0x60\n"
                                 "irq_intercept_in ioapic\nendianness\n",
                             {}, keeper);
  ASSERT_TRUE(summary) << summary.error().ToString();
  EXPECT_EQ(summary->slot, 2);
  EXPECT_EQ(summary->commands, 13u);
  EXPECT_EQ(summary->operations, 3u);
  // The selecting writes, too, are not the NIC's own.
  EXPECT_EQ(summary->elsewhere, 11u);
}

TEST(ImportTest, WhatTheNicDoesNotDecodeDoesNotReachIt) {
  EXPECT_EQ(Import("outl 0xcf8 0x80001010\noutl 0xcfc 0xe0000000\nreadl 0xe0000008\n"),
            Lines({"cwrite4 10 e0000000"}));
}

TEST(ImportTest, TheIoBarAndResets) {
  EXPECT_EQ(Import(std::string(kMapped) + "outl 0xcf8 0x80001014\noutl 0xcfc 0xc000\n"
                                          "inl 0xc000\noutl 0xc03c 0x1\ninl 0xc040\n"
                                          "outb 0xcf9 0x6\ninl 0xc000\n"),
            AfterMapping({"cwrite4 14 c000", "read4 0 0", "write4 3c 1", "reset0 0 0"}));
}

TEST(ImportTest, TheSlotCanBeNamed) {
  ImportOptions options;
  options.slot = 3;
  EXPECT_EQ(Import("outl 0xcf8 0x80001800\ninl 0xcfc\noutl 0xcf8 0x80001000\ninl 0xcfc\n", options),
            Lines({"cread4 0 100e8086"}));
  EXPECT_EQ(Import("outl 0xcf8 0x80000010\noutl 0xcfc 0x1\n"),
            Lines({"usage: no command maps a NIC; name its slot if there is one"}));
}

TEST(ImportTest, HostileLinesAreErrorsWithTheirNumber) {
  for (const char* line : {"reboot", "writel 0x10", "outl 0x10000 1", "write 0 0xffffffff 0x00",
                           "b64write 0 4 ====", "memset 0 0x7fffffff 1", "[R +0.1 outl 1 1",
                           "[R] x", "readl \x01", "endianness # frame 0"}) {
    const Lines failed = Import(std::string(kMapped) + line + "\n");
    ASSERT_EQ(failed.size(), 1u) << line;
    EXPECT_EQ(failed[0].substr(0, 15), "corrupt: line 5") << line;
  }
}

TEST(ImportTest, WorkIsBounded) {
  std::string text = kMapped;
  for (int i = 0; i < 300; ++i) text += "memset 0x100000 0x1000000 0x5\n";
  Keeper keeper;
  ImportOptions options;
  options.ram_size = std::uint64_t{64} << 20;
  auto summary = ImportQtest(text, options, keeper);
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().code, ErrorCode::kTooLarge);
  // Time is, too.
  EXPECT_EQ(Import(std::string(kMapped) + "clock_step 0x7fffffffffffffff\nclock_set 1\n"),
            AfterMapping({"time0 0 0"}));
}

RC_GTEST_PROP(ImportTest, AnyTextIsASessionOrATypedError, (const std::string& text)) {
  Keeper keeper;
  ImportOptions options;
  options.slot = 2;
  options.ram_size = std::uint64_t{2} << 20;
  auto summary = ImportQtest(text, options, keeper);
  RC_ASSERT(summary || summary.error().code == ErrorCode::kCorrupt);
}

// What a script says in words of its own is left out: waiting for timers.
std::vector<Stimulus> WithoutTimers(const std::vector<Stimulus>& all) {
  std::vector<Stimulus> kept;
  std::copy_if(all.begin(), all.end(), std::back_inserter(kept),
               [](const Stimulus& operation) { return operation.kind != StimulusKind::kTimer; });
  return kept;
}

TEST(ImportTest, AnExportedSessionComesBack) {
  OperationList list;
  list.Read(e1000::kSTATUS);
  list.Write(e1000::kIMS, e1000::cause::kLSC | e1000::cause::kTXDW);
  list.Transmit(60);
  list.Elapse(300'000);
  list.Read(e1000::kICR);
  list.Write(e1000::kPBM, 0x1122334455667788, 8);
  list.Read(e1000::kPBM + 2, 2);
  list.StartReceiving();
  list.Offer(std::vector<std::uint8_t>(80, 0xff));
  list.Link(LinkState::kDown);
  list.Read(e1000::kICR);
  list.Link(LinkState::kUp);
  list.Reset();
  list.ConfigRead(0x10);
  const auto session = MakeBusSession(Record(list.operations()), "e1000-stock",
                                      std::numeric_limits<std::uint64_t>::max())
                           .value();
  const ScriptText script =
      WriteScript(session, ScriptMachine(session, "e1000").value(), {}, "test");
  Keeper keeper;
  ImportOptions options;
  options.ram_size = session.ram_size;
  auto summary = ImportQtest(script.text, options, keeper);
  ASSERT_TRUE(summary) << summary.error().ToString();
  EXPECT_EQ(summary->slot, 4);
  const std::vector<Stimulus> ours = WithoutTimers(session.operations);
  const std::vector<Stimulus> theirs = WithoutTimers(keeper.operations);
  ASSERT_EQ(ours.size(), theirs.size());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    EXPECT_EQ(ours[i].kind, theirs[i].kind) << i;
    EXPECT_EQ(ours[i].time, theirs[i].time) << i;
    EXPECT_EQ(ours[i].value, theirs[i].value) << i;
    EXPECT_EQ(ours[i].offset, theirs[i].offset) << i;
    EXPECT_EQ(ours[i].data_size, theirs[i].data_size) << i;
    EXPECT_EQ(ours[i].detail, theirs[i].detail) << i;
    // Other kinds have no size that counts.
    if (ours[i].kind > StimulusKind::kConfigWrite) continue;
    EXPECT_EQ(int{ours[i].size}, int{theirs[i].size}) << i;
  }
}

}  // namespace
}  // namespace nicreplay
