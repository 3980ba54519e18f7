// SPDX-License-Identifier: MIT
// The order of DMA writes, as far as a driver can see it: data before the marker that announces it.
#pragma once

#include <optional>
#include <span>

#include "models/registry.h"
#include "replay/canonical.h"

namespace nicreplay {

// Data that a driver who polls the marker could take before it is there.
struct EarlyMarker {
  GuestAddress marker = 0;
  GuestAddress data = 0;
};

// Both sides write the same final bytes.  A completion marker (a byte that `describer` calls so)
// announces what was expected to be written since the marker before it; a marker is in force from
// the first write that gives it its final value.  What was expected before that write must come
// before it and not with it, because the bytes of one write have no order, unless the write lies in
// one aligned 8 bytes, which appear whole (models/device.h); what was expected in the same write,
// or is not written at all, may come at any time.
std::optional<EarlyMarker> FindEarlyMarker(std::span<const WritePiece> expected,
                                           std::span<const WritePiece> actual,
                                           const Describer& describer);

}  // namespace nicreplay
