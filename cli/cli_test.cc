// SPDX-License-Identifier: MIT
// The commands as a user runs them, on a session that is recorded here.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "models/e1000/registers.h"
#include "replay/machine.h"
#include "replay/recorder.h"
#include "replay/trace_testing.h"

namespace nicreplay {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

struct Output {
  int exit_code;
  std::string text;  // of both streams
};

Output Nicreplay(const std::string& arguments) {
  const std::string command = NICREPLAY_BINARY_DIR "/nicreplay " + arguments + " 2>&1";
  FILE* const pipe = popen(command.c_str(), "r");
  Output output{-1, ""};
  if (pipe == nullptr) return output;
  char buffer[4096];
  for (std::size_t got; (got = fread(buffer, 1, sizeof buffer, pipe)) != 0;) {
    output.text.append(buffer, got);
  }
  output.exit_code = WEXITSTATUS(pclose(pipe));
  return output;
}

class Cli : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kRing = 0x10000;
  static constexpr std::uint32_t kBuffer = 0x20000;
  static constexpr std::uint64_t kEvents = 12;  // with a timer and the machine looking for the BAR

  // A driver that sends one ARP request.
  Cli() {
    auto writer = TraceWriter::Create(path, {0, "e1000-stock", "", "cli_test", "none"}).value();
    Machine machine(1u << 20);
    auto device =
        RecordingDevice::Create(*FindModel("e1000-stock").value(), Options(), machine, *writer)
            .value();
    machine.Attach(device.get());
    const std::uint8_t frame[42] = {255, 255, 255, 255, 255, 255, 82, 84, 0, 1, 2,
                                    3,   8,   6,   0,   1,   8,   0,  6,  4, 0, 1};
    std::copy(std::begin(frame), std::end(frame), machine.ram().begin() + kBuffer);
    // 8254x manual, 3.3.3: address; length 42 with EOP, IFCS and RS.
    const std::uint64_t descriptor[2] = {kBuffer, 0x0b00'002a};
    std::memcpy(&machine.ram()[kRing], descriptor, sizeof descriptor);
    machine.Apply(
        {.time = 1'000, .value = 7, .offset = 4, .kind = StimulusKind::kConfigWrite, .size = 2});
    const auto write = [&](std::uint32_t offset, std::uint64_t value) {
      machine.Apply({.time = machine.Now() + 500,
                     .value = value,
                     .offset = offset,
                     .kind = StimulusKind::kWrite,
                     .size = 4});
    };
    write(e1000::kTDBAL, kRing);
    write(e1000::kTDLEN, 128);
    write(e1000::kTCTL, 2);
    write(e1000::kTDT, 1);
    write(e1000::kIMS, 1);
    machine.Apply({.time = 5'000, .offset = e1000::kICR, .kind = StimulusKind::kRead, .size = 4});
    machine.Apply({.time = 1'500'000'007, .kind = StimulusKind::kReset});
    writer->Finish().value();
  }

  testing::TempFolder folder;
  const std::string path = folder / "session.nrt";
};

TEST_F(Cli, InfoSaysWhatATraceHolds) {
  const Output output = Nicreplay("info --chunks " + path);
  EXPECT_EQ(output.exit_code, 0);
  EXPECT_THAT(output.text,
              AllOf(HasSubstr("e1000-stock"), HasSubstr("cli_test"), HasSubstr("1.499999 s"),
                    HasSubstr("1 read, 5 write, 3 config-read, 1 config-write, 1 timer"),
                    HasSubstr("1 out"), HasSubstr("chunk  offset"), Not(HasSubstr("DAMAGED"))));
}

TEST_F(Cli, InfoAsJson) {
  const auto json = nlohmann::json::parse(Nicreplay("info --json " + path).text);
  EXPECT_EQ(json[0]["events"], kEvents);
  EXPECT_EQ(json[0]["frames_out"], 1);
  EXPECT_EQ(json[0]["bytes_out"], 42);
  EXPECT_EQ(json[0]["effects_by_kind"]["transmit"]["count"], 1);
  EXPECT_EQ(json[0]["complete"], true);
  EXPECT_EQ(json[0]["digest"], ToString(LoadTrace(path).value().footer->digest));
}

TEST_F(Cli, InfoChecksTheDigest) {
  LoadedTrace trace = LoadTrace(path).value();
  trace.footer->digest.low ^= 1;
  FrameCompressor compressor;
  std::vector<std::uint8_t> bytes = testing::FileBytes(path);
  bytes.resize(testing::FrameOffsets(bytes)[2]);
  const Bytes footer = compressor.Compress(Encode(*trace.footer).value().bytes(), 3).value();
  bytes.insert(bytes.end(), footer.begin(), footer.end());
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<long>(bytes.size()));
  const Output output = Nicreplay("info " + path);
  EXPECT_EQ(output.exit_code, 2);
  EXPECT_THAT(output.text, HasSubstr("chunk 2: corrupt: a footer with another digest"));
}

TEST_F(Cli, ADamagedTraceIsReportedUpToTheDamage) {
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  const Output info = Nicreplay("info " + path);
  EXPECT_EQ(info.exit_code, 2);
  EXPECT_THAT(info.text, AllOf(HasSubstr("chunk 2: truncated"), HasSubstr("events       12:")));
  const Output show = Nicreplay("show " + path);
  EXPECT_EQ(show.exit_code, 2);
  EXPECT_THAT(show.text, AllOf(HasSubstr("device reset"), HasSubstr("chunk 2: truncated")));
}

TEST_F(Cli, UnreadableInputIsAnError) {
  for (const std::string arguments : {"info ", "show ", "info --json "}) {
    EXPECT_EQ(Nicreplay(arguments + folder / "none.nrt").exit_code, 2);
    EXPECT_EQ(Nicreplay(arguments + NICREPLAY_SOURCE_DIR "/LICENSE").exit_code, 2);
    EXPECT_EQ(Nicreplay(arguments).exit_code, 2);
    EXPECT_EQ(Nicreplay(arguments + "--no-such-option " + path).exit_code, 2);
  }
}

TEST_F(Cli, ShowNamesRegistersDescriptorsAndFrames) {
  const Output output = Nicreplay("show " + path);
  EXPECT_EQ(output.exit_code, 0);
  EXPECT_THAT(output.text,
              AllOf(HasSubstr("write TDT = 0x00000001"), HasSubstr("TX descriptor 0"),
                    HasSubstr("ARP"), HasSubstr("read ICR"), HasSubstr("interrupt high"),
                    HasSubstr("1.500000007  device reset")));
}

TEST_F(Cli, ShowTakesAWindow) {
  const Output window = Nicreplay("show --from 6 --to 7 " + path);
  EXPECT_THAT(window.text, AllOf(HasSubstr("TDT"), HasSubstr("IMS"), Not(HasSubstr("TCTL")),
                                 Not(HasSubstr("ICR ="))));
  // The ring's base comes from events before the window.
  EXPECT_THAT(window.text, HasSubstr("TX descriptor 0"));
  std::istringstream lines(Nicreplay("show --json --from 1 --limit 3 " + path).text);
  std::size_t index = 1;
  for (std::string line; std::getline(lines, line); ++index) {
    EXPECT_EQ(nlohmann::json::parse(line)["event"], index);
  }
  EXPECT_EQ(index, 4u);
}

TEST_F(Cli, ShowAsJson) {
  const auto json =
      nlohmann::json::parse(Nicreplay("show --json --hex --from 6 --to 6 " + path).text);
  EXPECT_EQ(json["register"], "TDT");
  EXPECT_EQ(json["value"], 1);
  bool sent = false;
  for (const auto& effect : json["effects"]) {
    if (effect["effect"] != "transmit") continue;
    sent = true;
    EXPECT_EQ(effect["size"], 42);
    EXPECT_EQ(effect["bytes"].get<std::string>().substr(0, 16), "ffffffffffff5254");
  }
  EXPECT_TRUE(sent);
}

TEST_F(Cli, TextOfATraceDoesNotReachTheTerminal) {
  TraceWriter::Create(path, {0, "e1000-stock", "", "\x1b[2J\x07", "\xff"})
      .value()
      ->Finish()
      .value();
  const Output text = Nicreplay("info " + path);
  EXPECT_EQ(text.text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_EQ(Nicreplay("info --json " + path).exit_code, 0);
}

// A host that never gets to work that was put off.
class StarvedMachine : public Machine {
 public:
  using Machine::Machine;
  void RequestWork(Nanoseconds) override {}
};

// Records a driver that moves the tail of an empty ring and then waits.
template <typename Machine>
void RecordDeferring(const std::string& path) {
  const std::string options = "opt=asynctx";
  auto writer = TraceWriter::Create(path, {0, "e1000-opt", options, "cli_test", "none"}).value();
  Machine machine(1u << 20);
  auto device = RecordingDevice::Create(*FindModel("e1000-opt").value(),
                                        Options::Parse(options).value(), machine, *writer)
                    .value();
  machine.Attach(device.get());
  Nanoseconds time = 1'000;
  for (const std::uint32_t offset : {e1000::kTCTL, e1000::kTDT, e1000::kIMS}) {
    machine.Apply(
        {.time = time, .value = 2, .offset = offset, .kind = StimulusKind::kWrite, .size = 4});
    time += 100'000;
  }
  writer->Finish().value();
}

TEST_F(Cli, WorkThatWasPutOffReplaysWhereItRan) {
  RecordDeferring<Machine>(path);
  const Output output = Nicreplay("replay --model e1000-opt " + path);
  EXPECT_EQ(output.exit_code, 0) << output.text;
  EXPECT_THAT(output.text, AllOf(HasSubstr("M events/s"), HasSubstr("in lockstep")));
}

TEST_F(Cli, WorkThatNeverRanIsFound) {
  RecordDeferring<StarvedMachine>(path);
  const Output output = Nicreplay("replay --model e1000-opt " + path);
  EXPECT_EQ(output.exit_code, 1) << output.text;
  EXPECT_THAT(output.text, AllOf(HasSubstr("overdue: work that was put off"), HasSubstr("IMS")));
}

TEST_F(Cli, WhatWasRecordedReplays) {
  const Output output = Nicreplay("replay --digest " + path);
  EXPECT_EQ(output.exit_code, 0) << output.text;
  EXPECT_THAT(output.text, HasSubstr("(the recording's)"));
}

}  // namespace
}  // namespace nicreplay
