// SPDX-License-Identifier: MIT
// Seeds for fuzzers out of recorded and generated sessions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/result.h"

namespace nicreplay {

// Inputs of windows of the trace.  A window begins with the writes that brought the registers to
// where they were, so that it does not need what came before.
Result<std::vector<std::vector<std::uint8_t>>> SeedsFromTrace(const std::string& path);

// The first operations of the generator's session.
std::vector<std::uint8_t> SeedFromGenerator(std::uint64_t seed);

}  // namespace nicreplay
