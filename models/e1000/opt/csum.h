// SPDX-License-Identifier: MIT
// csum: a TCP or UDP checksum that the driver left to the device is left to the network
// (virtio 1.2, 5.1.6.2, VIRTIO_NET_HDR_F_NEEDS_CSUM).
//
// Why a driver cannot tell: whoever completes the frame sums the same bytes up to its end and
// stores the result in the same place, 0 as 0xffff.  Stock can do more: sum up to an end of its
// own, store where no such checksum is, or before what it sums, and insert an IP checksum, too.
// All that is left to it.
#pragma once

#include <cstdint>
#include <optional>

#include "models/e1000/transmit.h"

namespace nicreplay::e1000 {

// How to ask for the checksum of an unsegmented packet of `size` bytes; nothing if stock has to
// insert it.
std::optional<Offload> PartialChecksum(const TransmitContext& context, std::uint8_t popts,
                                       std::uint32_t size);

}  // namespace nicreplay::e1000
