// SPDX-License-Identifier: MIT
// The `exact` contract as a function of the effects of one stimulus.
#pragma once

#include <functional>
#include <optional>
#include <span>

#include "replay/divergence.h"
#include "replay/event.h"

namespace nicreplay {

// Whether memory has a byte after the stimulus, where the device under test runs: what is there
// already need not be written.
using HasByte = std::function<bool(GuestAddress address, std::uint8_t value)>;

// Compares what the recording says with what a device did, both complete and in order (kDmaRead is
// ignored). `describer` tells which bytes are completion markers.  The event number of the result
// is left 0.
std::optional<Divergence> CompareExact(std::span<const Effect> expected,
                                       std::span<const Effect> actual, const Describer& describer,
                                       const HasByte& has = {});

}  // namespace nicreplay
