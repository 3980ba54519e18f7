// SPDX-License-Identifier: MIT
#include "qtest/protocol.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace nicreplay {
namespace {

using Kind = QtestCommand::Kind;

QtestCommand Accepted(std::string_view line) {
  auto command = ParseQtestCommand(line);
  EXPECT_TRUE(command) << line << ": " << command.error().ToString();
  return command.value_or(QtestCommand{});
}

TEST(QtestCommandText, EveryKindSurvivesTheRoundTrip) {
  const std::uint8_t bytes[] = {0, 1, 0xff};
  const std::vector<std::uint8_t> data(std::begin(bytes), std::end(bytes));
  const QtestCommand commands[] = {
      QtestCommand::Read(1, 0x1000),
      QtestCommand::Read(2, 0x1000),
      QtestCommand::Read(4, 0xfebc0000),
      QtestCommand::Read(8, ~std::uint64_t{0} - 7),
      QtestCommand::Write(1, 0, 0xff),
      QtestCommand::Write(2, 2, 0),
      QtestCommand::Write(4, 4, 0x12345678),
      QtestCommand::Write(8, 8, ~std::uint64_t{0}),
      QtestCommand::In(1, 0xcfc),
      QtestCommand::In(2, 0xcfe),
      QtestCommand::In(4, 0xffff),
      QtestCommand::Out(1, 0, 1),
      QtestCommand::Out(2, 0, 1),
      QtestCommand::Out(4, 0xcf8, 0x80002000),
      {.kind = Kind::kReadMemory, .address = 1, .length = 2},
      {.kind = Kind::kWriteMemory, .address = 1, .bytes = data},
      QtestCommand::ReadMemory(5, 6),
      QtestCommand::WriteMemory(7, data),
      {.kind = Kind::kSet, .address = 1, .value = 0x55, .length = 100},
      {.kind = Kind::kClockStep, .value = 17},
      {.kind = Kind::kClockNext},
      QtestCommand::ClockSet(1'000'000'000'000),
      QtestCommand::InterceptIn("ioapic"),
      {.kind = Kind::kInterceptOut, .path = "/machine/x"},
      {.kind = Kind::kSetInterrupt,
       .address = 3,
       .value = 1,
       .path = "/machine/y",
       .pin = "unnamed-gpio-in"},
      {.kind = Kind::kEndianness},
  };
  for (const QtestCommand& command : commands) {
    const std::string text = ToText(command);
    EXPECT_EQ(Accepted(text), command) << text;
  }
}

TEST(QtestCommandText, ReadsNumbersAsQemuDoes) {
  EXPECT_EQ(Accepted("readl 0x10").address, 16u);
  EXPECT_EQ(Accepted("readl 010").address, 8u);
  EXPECT_EQ(Accepted("readl 10").address, 10u);
  EXPECT_EQ(Accepted("readl 0").address, 0u);
  EXPECT_EQ(Accepted("clock_step 100000000000000").value, 100000000000000u);
}

TEST(QtestCommandText, ShortHexDataIsFilledWithZeros) {
  EXPECT_EQ(Accepted("write 0x1 0x4 0xaBc").bytes, (std::vector<std::uint8_t>{0xab, 0, 0, 0}));
  EXPECT_EQ(Accepted("write 0x1 0x1 0xabcd").bytes, (std::vector<std::uint8_t>{0xab}));
}

TEST(QtestCommandText, RefusesWhatQemuWouldAssertOn) {
  for (const char* line : {
           "",
           " ",
           "readl",
           "readl ",
           "readl 0x",
           "readl 0x1 2",
           "readl 0x10000000000000000",
           "readl -1",
           "readl 09",
           "writel 0x10",
           "writel 0x10 zz",
           "inl 0x10000",
           "outb 65536 0",
           "read 0 0",
           "read 0 0xffffffffffff",
           "write 0 4",
           "write 0 4 11223344",
           "write 0 4 0x112g3344",
           "write 0 0x1000001 0x00",
           "b64write 0 3 AAA",
           "b64write 0 3 AAAAA=",
           "memset 0 0x2000000 1",
           "clock_step soon",
           "clock_set",
           "set_irq_in a b c",
           "set_irq_in a b 1 high",
           "endianness 1",
           "Readl 0",
           "quit",
           "readl 0 0 0 0 0 0 0 0 0 0",
       }) {
    auto command = ParseQtestCommand(line);
    ASSERT_FALSE(command) << line;
    EXPECT_EQ(command.error().code, ErrorCode::kCorrupt);
    EXPECT_FALSE(command.error().message.empty());
  }
}

RC_GTEST_PROP(QtestCommandText, AnyTextIsACommandOrATypedError, (const std::string& text)) {
  auto command = ParseQtestCommand(text);
  if (command) RC_ASSERT(ParseQtestCommand(ToText(*command)).value() == *command);
}

RC_GTEST_PROP(QtestCommandText, AnyDataSurvives, (const std::vector<std::uint8_t>& data)) {
  if (data.empty()) return;
  for (const Kind kind : {Kind::kWriteMemory, Kind::kWrite64}) {
    const QtestCommand command{.kind = kind, .address = 42, .bytes = data};
    RC_ASSERT(ParseQtestCommand(ToText(command)).value() == command);
  }
}

TEST(QtestReplyText, KnowsItsForms) {
  EXPECT_EQ(ParseQtestReply("OK")->text, "");
  EXPECT_EQ(ParseQtestReply("OK 0x0012")->text, "0x0012");
  EXPECT_EQ(ParseQtestReply("FAIL Unknown device")->kind, QtestReply::Kind::kFail);
  EXPECT_EQ(ParseQtestReply("ERR invalid argument size")->kind, QtestReply::Kind::kFail);
  auto raise = ParseQtestReply("IRQ raise 11");
  ASSERT_TRUE(raise);
  EXPECT_EQ(raise->line, 11u);
  EXPECT_EQ(raise->level, LineLevel::kHigh);
  EXPECT_EQ(ParseQtestReply("IRQ lower 0")->level, LineLevel::kLow);
}

TEST(QtestReplyText, RefusesEverythingElse) {
  for (const char* line :
       {"", "OKAY", "ok", "IRQ", "IRQ raise", "IRQ raise -1", "IRQ raise 1 ", "IRQ toggle 1",
        "IRQ raise 99999999999", "\x01\x02", "HTTP/1.1 200 OK"}) {
    auto reply = ParseQtestReply(line);
    ASSERT_FALSE(reply) << line;
    EXPECT_EQ(reply.error().code, ErrorCode::kPeer);
  }
}

TEST(QtestReplyText, ValuesAreReadStrictly) {
  EXPECT_EQ(ParseHex("0x00ff").value(), 255u);
  for (const char* text : {"", "0x", "ff", "0xfg", "0x1 ", "0x11111111111111111"}) {
    EXPECT_FALSE(ParseHex(text)) << text;
  }
  std::uint8_t three[3];
  EXPECT_TRUE(ParseBase64("AAEC", three));
  for (const char* text : {"", "AAE", "AAECAAEC", "AA=C",
                           "A\x80"
                           "EC"}) {
    EXPECT_FALSE(ParseBase64(text, three)) << text;
  }
}

TEST(QtestReplyText, ExcerptsAreHarmless) {
  EXPECT_EQ(Excerpt("a\x1b[2Jb"), "a?[2Jb");
  EXPECT_EQ(Excerpt(std::string(1000, 'x')).size(), 63u);
}

// Found by the fuzz target qtest_protocol.
TEST(QtestCommandText, AWriteOfNothingStillHasData) {
  const QtestCommand nothing = ParseQtestCommand("write 0x3000 0x0 0x12").value();
  EXPECT_EQ(ToText(nothing), "write 0x3000 0x0 0x00");
  EXPECT_EQ(ParseQtestCommand(ToText(nothing)).value(), nothing);
}

}  // namespace
}  // namespace nicreplay
