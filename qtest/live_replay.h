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
  std::uint64_t sent = 0;                // frames
  std::string qemu;                      // "QEMU 7.2.22 e1000"
  std::string levelled;                  // what of the recorded device both sides did without
  std::optional<Divergence> divergence;  // by event of the trace; expected: the recording
  DivergenceText text;
  std::string stimulus;  // at which it diverges
};

// The first `end` events.  A model of ours, which does what the recording says or the session is
// refused, runs along: QEMU is compared with it after every operation, as LiveLockstep does.
// `options.device` gets the options of the recorded device, `options.ram_size` is chosen.
//
// e1000-stock runs along with recordings of an e1000.  With those of a virtio-net runs virtio-net,
// levelled to a network that takes no headers, which is what QEMU has under qtest: offloads are not
// offered, headers are not read, and frames come without them.  A session of several queues is
// refused.
Result<LiveReplayOutcome> ReplayLive(Program program, QtestOptions options, std::uint64_t end);

}  // namespace nicreplay
