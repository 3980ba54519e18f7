// SPDX-License-Identifier: MIT
// Every place in which put-off work and polls may run between the operations of a scenario.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "fuzz/lockstep.h"

namespace nicreplay {

struct Interleavings {
  std::uint64_t count = 0;
  bool complete = true;  // false: there are more than the limit
  std::optional<Divergence> divergence;
  std::vector<Stimulus> operations;  // that lead to it, set-up included
};

// Before every step, and after the last one, work runs or not where there is some pending, and a
// poll happens or not where one could see something new, in both orders; each way is a session of
// its own, from the start.  Ends with the first divergence, or at `limit` sessions.
Result<Interleavings> RunInterleavings(const Pairing& pairing, std::span<const Stimulus> set_up,
                                       std::span<const Stimulus> steps, std::uint64_t limit);

}  // namespace nicreplay
