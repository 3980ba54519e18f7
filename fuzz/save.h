// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>

#include "fuzz/lockstep.h"
#include "models/result.h"

namespace nicreplay {

// Runs the operations on the left model of the pairing and records that as a trace file, with all
// that the guest wrote to memory.
Status SaveOperations(const std::string& path, const Pairing& pairing,
                      std::span<const Stimulus> operations, const std::string& environment);

}  // namespace nicreplay
