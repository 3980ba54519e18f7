// SPDX-License-Identifier: MIT
// rxcsum: received IPv4 frames whose header and TCP or UDP checksum are right are reported as
// checked: IPCS and TCPCS instead of IXSM in the last descriptor's status (8254x manual, 3.2.3.1
// and 3.2.9; TCPCS stands for UDP as well).  Everything else is reported as by stock, also what is
// wrong: the driver then looks for itself.
//
// A driver does see this, so it is a declared difference, and off unless asked for.
#pragma once

#include <cstdint>
#include <span>

#include "models/device.h"

namespace nicreplay::e1000 {

// The bits of the status that a frame deserves.
std::uint8_t CheckedStatus(std::span<const Bytes> frame);

}  // namespace nicreplay::e1000
