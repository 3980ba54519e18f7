// SPDX-License-Identifier: MIT
// A recorded session on the NIC of a live QEMU.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "models/result.h"
#include "qtest/live_qemu.h"
#include "replay/divergence.h"
#include "replay/program.h"

namespace nicreplay {

struct LiveReplayOutcome {
  std::uint64_t events = 0;              // of the trace, the diverging one included
  std::uint64_t operations = 0;          // that they took
  std::string qemu;                      // "QEMU 7.2.22 e1000"
  std::optional<Divergence> divergence;  // by event of the trace; expected: the recording
  DivergenceText text;
  std::string stimulus;  // at which it diverges
};

// The first `end` events.  The model e1000-stock, which does what the recording says or the session
// is refused, runs along: QEMU is compared with it after every operation, as LiveLockstep does.
// `options.device` gets the options of the recorded device, `options.ram_size` is chosen.
Result<LiveReplayOutcome> ReplayLive(Program program, QtestOptions options, std::uint64_t end);

}  // namespace nicreplay
