// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "replay/bench/wire.h"

namespace nicreplay::bench {

// A pair of UNIX datagram sockets, which carry wire frames alone.
Result<std::unique_ptr<Wire>> CreateUnixWire();

}  // namespace nicreplay::bench
