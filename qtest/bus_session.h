// SPDX-License-Identifier: MIT
// A recorded session as operations on a machine: what a bus, a network and a clock must do so that
// a device in a machine of its own lives through what was recorded.
//
// A recording says when a timer fired and which frames the network delivered while the device
// flushed.  A machine does both by itself: here time is kept before a timer's deadline until the
// recording fires it, and frames are offered while the device is not ready for them, so that they
// wait for the same flush.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "models/result.h"
#include "qtest/pci.h"
#include "replay/program.h"

namespace nicreplay {

struct BusSession {
  std::string model;    // with which the session was checked
  std::string options;  // of the recorded device
  std::uint64_t ram_size = 0;
  // As Machine::Apply takes them, reads with the value that was recorded, the first one a reset.
  std::vector<Stimulus> operations;
  // By operation: its event in the trace; INTA# after it; for a register access, where its BAR is.
  std::vector<std::uint64_t> events;
  std::vector<LineLevel> lines;
  std::vector<PciBars::Bar> bars;
  std::shared_ptr<const Program> program;  // whose bytes the operations point at
};

// The first `end` events.  The session is checked on the way: with kUsage ends what a machine
// cannot do (a session of a device that differs from `model`, guest memory that a PC does not
// have), naming the event.
Result<BusSession> MakeBusSession(Program program, const std::string& model, std::uint64_t end);

}  // namespace nicreplay
