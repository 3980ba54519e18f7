// SPDX-License-Identifier: MIT
// qtest scripts: a session as text that plain QEMU takes on `-qtest stdio`, with what a reader of
// the replies should find.
//
// Every line is a qtest command.  QEMU ignores words behind a command that is complete, so remarks
// stand there, behind a "#", and a line that is nothing but a remark is one of the command
// "endianness".  A remark is up to a ";" for programs, then for people:
//   readl 0xfebc0008 # expect 0x80080783; event 12: read STATUS = ...
//   writel 0xfebc00c8 0x4 # irq high; event 13: write ICS = ...
//   endianness # frame ffffffffffff...; a frame from the network, which plain QEMU cannot be given
//   endianness # link down; a change of the link, likewise
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/result.h"
#include "qtest/bus_session.h"
#include "qtest/live_qemu.h"
#include "qtest/protocol.h"

namespace nicreplay {

// What a remark tells programs.
struct ScriptRemark {
  std::optional<std::uint64_t> expect{};  // the value that the command reads
  std::optional<LineLevel> line{};        // INTA# from here on
  std::optional<LinkState> link{};
  std::vector<std::uint8_t> frame{};  // empty: none

  bool operator==(const ScriptRemark&) const = default;
};

struct ScriptLine {
  QtestCommand command;
  ScriptRemark remark;
};

// A line with or without a remark.  kCorrupt.
Result<ScriptLine> ParseScriptLine(std::string_view line);
// The part for programs: "expect 0x12 irq high".
std::string ToText(const ScriptRemark& remark);

// The machine on which a script of the session runs; `device` as -device takes it, without the
// options of the recorded device.
Result<QtestOptions> ScriptMachine(const BusSession& session, const std::string& device);
// The words of a command line that runs a script with plain QEMU, without its firmware's place.
std::vector<std::string> PlainArguments(const QtestOptions& options);

struct ScriptWindow {
  std::uint64_t from = 0;  // events before it are there without remarks, and without reads that
                           // leave no trace in the device
};

struct ScriptText {
  std::string text;
  std::uint64_t reads = 0;       // with an expected value
  std::uint64_t unplayable = 0;  // frames and link changes, that plain QEMU cannot be given
};
// `title`: what the script is, one line.
ScriptText WriteScript(const BusSession& session, const QtestOptions& machine, ScriptWindow window,
                       const std::string& title);

struct ScriptOutcome {
  std::uint64_t commands = 0;
  std::uint64_t reads = 0;  // compared
  std::uint64_t lines = 0;  // interrupt levels compared
  // The first difference, by line of the script from 1.
  std::optional<std::uint64_t> differs_at;
  std::string difference;
};

// Runs a script on a live QEMU, frames and link changes included, and compares what it tells to
// expect.
Result<ScriptOutcome> RunScript(std::string_view text, const QtestOptions& machine);

}  // namespace nicreplay
