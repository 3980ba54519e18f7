// SPDX-License-Identifier: MIT
// Makes a list of operations that shows a difference as short as it gets while it shows the same
// difference.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "fuzz/lockstep.h"

namespace nicreplay {

struct Shrunk {
  std::vector<Stimulus> operations;  // pointing at the bytes of what was shrunk
  Divergence divergence;
  std::uint64_t tries = 0;
};

// What makes two failures the same: kind and name, without the numbers in it.
std::string FailureName(const Divergence& divergence, const Pairing& pairing,
                        std::span<const Stimulus> operations);

// How a list of operations is tried; the event of the divergence is the index of the operation.
using Comparison =
    std::function<Result<std::optional<Divergence>>(std::span<const Stimulus> operations)>;

// `operations` must diverge; the difference stays the same by its FailureName.
// First operations go, then bytes of memory and frames, then time.  Bounded by `max_tries` runs.
Result<Shrunk> Shrink(const Pairing& pairing, std::vector<Stimulus> operations,
                      std::uint64_t max_tries = 4000);
// The same with a comparison of other things than two models in this process; `pairing` names the
// divergence.
Result<Shrunk> Shrink(const Pairing& pairing, Comparison compare, std::vector<Stimulus> operations,
                      std::uint64_t max_tries);

}  // namespace nicreplay
