// SPDX-License-Identifier: MIT
// Recordings on a real QEMU: as scripts, run by us and by QEMU alone, and replayed.
#include "qtest/script.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <limits>
#include <sstream>

#include "qtest/live_replay.h"
#include "qtest/session_testing.h"

namespace nicreplay {
namespace {

using testing::OperationList;
using testing::Record;
using testing::RecordGenerated;

constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();
const std::vector<std::uint8_t> kBroadcast(64, 0xff);

struct Script {
  ScriptText script;
  QtestOptions machine;
};

Script Export(const Program& program, std::uint64_t from = 0) {
  auto session = MakeBusSession(program, "e1000-stock", kAll).value();
  Script made;
  made.machine = ScriptMachine(session, "e1000").value();
  made.machine.qemu = NICREPLAY_QEMU;
  made.script = WriteScript(session, made.machine, {from}, "test");
  return made;
}

ScriptOutcome RunOnQemu(const Script& script) {
  auto outcome = RunScript(script.script.text, script.machine);
  if (outcome) return *outcome;
  ADD_FAILURE() << outcome.error().ToString();
  return {};
}

// What QEMU answers to a script on its standard input, interrupts left out.
std::vector<std::string> RunPlain(const Script& script) {
  const testing::TempFolder folder;
  std::ofstream(folder / "firmware") << std::string(65536, '\0');
  // The last command ends QEMU.
  std::ofstream(folder / "script") << script.script.text << "outb 0xf4 0\n";
  const std::string command = fmt::format(
      "timeout 100 {} -bios {} -device isa-debug-exit,iobase=0xf4,iosize=4 < {} 2>/dev/null",
      fmt::join(PlainArguments(script.machine), " "), folder / "firmware", folder / "script");
  std::vector<std::string> replies;
  FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return replies;
  char line[4096];
  while (std::fgets(line, sizeof line, pipe) != nullptr) {
    const std::string text(line);
    if (!text.starts_with("IRQ ")) replies.push_back(text.substr(0, text.find('\n')));
  }
  pclose(pipe);
  return replies;
}

OperationList Everything() {
  OperationList list;
  list.Read(e1000::kSTATUS);
  list.Write(e1000::kIMS, e1000::cause::kLSC | e1000::cause::kTXDW | e1000::cause::kRXT0);
  list.Transmit(60);
  list.Read(e1000::kICR);
  list.Elapse(300'000);
  list.Read(e1000::kTDH);
  list.Write(e1000::kPBM, 0x1122334455667788, 8);
  list.Read(e1000::kPBM, 8);
  list.Read(e1000::kPBM + 2, 2);
  list.Read(0, 4, 1);
  list.StartReceiving();
  list.Offer(kBroadcast);
  list.Read(e1000::kICR);
  list.Link(LinkState::kDown);
  list.Read(e1000::kSTATUS);
  list.Link(LinkState::kUp);
  return list;
}

TEST(LiveScriptTest, AScriptReadsWhatTheRecordingSays) {
  const Script script = Export(Record(Everything().operations()));
  const ScriptOutcome outcome = RunOnQemu(script);
  EXPECT_EQ(outcome.differs_at, std::nullopt) << outcome.difference;
  EXPECT_EQ(outcome.reads, script.script.reads);
  EXPECT_GE(outcome.reads, 9u);
  EXPECT_GE(outcome.lines, 4u);
}

TEST(LiveScriptTest, SoDoGeneratedSessions) {
  for (const std::uint64_t seed : {11, 12}) {
    const Script script = Export(RecordGenerated(seed, 3000));
    const ScriptOutcome outcome = RunOnQemu(script);
    EXPECT_EQ(outcome.differs_at, std::nullopt) << "seed " << seed << ": " << outcome.difference;
    EXPECT_EQ(outcome.reads, script.script.reads);
  }
}

TEST(LiveScriptTest, AWindowReadsTheSameThere) {
  const Program program = Record(Everything().operations());
  const Script script = Export(program, program.steps.size() - 6);
  const ScriptOutcome outcome = RunOnQemu(script);
  EXPECT_EQ(outcome.differs_at, std::nullopt) << outcome.difference;
  EXPECT_GE(outcome.reads, 1u);
}

TEST(LiveScriptTest, AfterAResetTheDeviceAndItsLineWork) {
  OperationList list;
  list.Write(e1000::kIMS, e1000::cause::kLSC);
  list.Write(e1000::kICS, e1000::cause::kLSC);
  list.Reset();
  list.ConfigRead(0x10);
  list.ConfigWrite(0x10, 0xfebc0000);
  list.ConfigWrite(0x04, 7);
  list.Read(e1000::kIMS);
  list.Elapse(1'000'000);
  list.Write(e1000::kIMS, e1000::cause::kLSC);
  list.Write(e1000::kICS, e1000::cause::kLSC);
  const ScriptOutcome outcome = RunOnQemu(Export(Record(list.operations())));
  EXPECT_EQ(outcome.differs_at, std::nullopt) << outcome.difference;
  EXPECT_EQ(outcome.lines, 3u) << "high, low with the reset, high";
}

TEST(LiveScriptTest, AWrongExpectationIsFoundAtItsLine) {
  Script script = Export(Record(Everything().operations()));
  std::string& text = script.script.text;
  const std::size_t at = text.find("expect 0x80080783");
  ASSERT_NE(at, std::string::npos);
  text[at + 9] = '1';
  const ScriptOutcome outcome = RunOnQemu(script);
  ASSERT_TRUE(outcome.differs_at);
  const auto before =
      std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  EXPECT_EQ(*outcome.differs_at, static_cast<std::uint64_t>(before) + 1);
  EXPECT_EQ(outcome.difference, "expected 0x10080783, found 0x80080783");
}

TEST(LiveScriptTest, AWrongLineIsFound) {
  OperationList list;
  list.Write(e1000::kIMS, e1000::cause::kLSC);
  list.Write(e1000::kICS, e1000::cause::kLSC);
  Script script = Export(Record(list.operations()));
  std::string& text = script.script.text;
  text.replace(text.find("irq high"), 8, "irq low ");
  EXPECT_TRUE(RunOnQemu(script).differs_at);
}

TEST(LiveScriptTest, AScriptThatIsNoneIsATypedError) {
  Script script = Export(Record(OperationList().operations()));
  script.script.text += "no such command\n";
  auto outcome = RunScript(script.script.text, script.machine);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::kCorrupt);
}

// QEMU alone, as the script's own header says, resets included.
TEST(LiveScriptTest, PlainQemuReadsTheSameFromItsStandardInput) {
  OperationList list;
  list.Read(e1000::kSTATUS);
  list.Transmit(60);
  list.Read(e1000::kICR);
  list.Elapse(600'000'000);
  list.Read(e1000::kSTATUS);
  list.Reset();
  list.ConfigRead(0x04);
  list.ConfigRead(0x10);
  list.ConfigWrite(0x10, 0xfebc0000);
  list.ConfigWrite(0x04, 7);
  list.Read(e1000::kTDH);
  const Script script = Export(Record(list.operations()));
  const std::vector<std::string> replies = RunPlain(script);
  std::size_t reply = 0;
  std::uint64_t reads = 0;
  std::istringstream lines(script.script.text);
  for (std::string line; std::getline(lines, line); ++reply) {
    ASSERT_LT(reply, replies.size());
    ASSERT_TRUE(replies[reply].starts_with("OK")) << line << ": " << replies[reply];
    const auto expected = ParseScriptLine(line).value().remark.expect;
    if (!expected) continue;
    EXPECT_EQ(ParseHex(replies[reply].substr(3)).value(), *expected) << line;
    ++reads;
  }
  EXPECT_EQ(reads, script.script.reads);
}

TEST(LiveReplayTest, ARecordingIsTheSame) {
  QtestOptions options;
  options.qemu = NICREPLAY_QEMU;
  const Program program = Record(Everything().operations());
  auto outcome = ReplayLive(program, options, kAll);
  ASSERT_TRUE(outcome) << outcome.error().ToString();
  EXPECT_FALSE(outcome->divergence);
  EXPECT_EQ(outcome->events, program.steps.size());
  outcome = ReplayLive(program, options, 5);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->events, 5u);
}

TEST(LiveReplayTest, OptionsOfTheRecordedDeviceAreTheLiveOnes) {
  QtestOptions options;
  options.qemu = NICREPLAY_QEMU;
  const char* const recorded = "device=82544gc,mac=52:54:01:02:03:04,mitigation=off";
  auto outcome = ReplayLive(Record(Everything().operations(), recorded), options, kAll);
  ASSERT_TRUE(outcome) << outcome.error().ToString();
  EXPECT_FALSE(outcome->divergence);
}

TEST(LiveReplayTest, AnExpansionRomIsAsLargeAsTheRecordedOne) {
  QtestOptions options;
  options.qemu = NICREPLAY_QEMU;
  OperationList list;
  list.ConfigWrite(0x30, 0xfffff800);
  list.ConfigRead(0x30);
  const Program program = Record(list.operations(), "rom_size=65536");
  EXPECT_EQ(program.steps.back().stimulus.value, 0xffff0000u);
  auto outcome = ReplayLive(program, options, kAll);
  ASSERT_TRUE(outcome) << outcome.error().ToString();
  EXPECT_FALSE(outcome->divergence);
}

TEST(LiveReplayTest, ADifferenceNamesTheEventOfTheTrace) {
  QtestOptions options;
  options.qemu = NICREPLAY_QEMU;
  options.device = "e1000,mac=52:54:01:00:00:00";
  OperationList list;
  list.Read(e1000::kSTATUS);
  list.Read(e1000::kRA);
  list.Read(e1000::kSTATUS);
  const Program program = Record(list.operations());
  auto outcome = ReplayLive(program, options, kAll);
  ASSERT_TRUE(outcome) << outcome.error().ToString();
  ASSERT_TRUE(outcome->divergence);
  EXPECT_EQ(outcome->divergence->event, program.steps.size() - 2);
  EXPECT_EQ(outcome->text.name, "RAL[0]");
  EXPECT_EQ(outcome->events, program.steps.size() - 1);
}

}  // namespace
}  // namespace nicreplay
