// SPDX-License-Identifier: MIT
// A recorded session as operations on a machine: what a device that works at other times than the
// recorded one is driven with.
#pragma once

#include <vector>

#include "models/result.h"
#include "replay/program.h"

namespace nicreplay {

struct SessionOperations {
  std::vector<Stimulus> operations;  // pointing at the program's bytes
  std::size_t ram_size = 0;          // that holds all memory which the session touches
};

// The stimuli of a hoisted program, with the guest's writes to memory where they were hoisted to,
// and with frames that were delivered from the queue offered before the stimulus that let them in.
// Timers are the machine's own.  kTooLarge: the session touches memory beyond 4 GiB.
Result<SessionOperations> OperationsOfSession(const Program& hoisted);

}  // namespace nicreplay
