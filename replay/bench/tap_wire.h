// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "replay/backends/tap.h"
#include "replay/bench/wire.h"

namespace nicreplay::bench {

// A TAP in a network namespace of its own.  What the device sends reaches a network stack that has
// no use for it and drops it; what it receives comes out of a packet socket, super-frames and all:
// the kernel cuts them before a device that takes none, when they are offered.
Result<std::unique_ptr<Wire>> CreateTapWire(TapHeader header);

}  // namespace nicreplay::bench
