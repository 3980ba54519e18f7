// SPDX-License-Identifier: MIT
// tso: a packet to be segmented goes to the network as one super-frame, which whoever needs wire
// frames cuts (virtio 1.2, 5.1.6.2).
//
// Why a driver cannot tell: the frames that are cut off are those that stock would have sent, byte
// for byte.  That holds for an ordinary IPv4 TCP packet, and for little else, so everything else is
// stock's.  What stock does that a segmenter would not:
//  - it follows the context's offsets and PAYLEN whatever the headers say;
//  - it takes the IPv6 length without subtracting the fixed header, so every IPv6 packet is its
//  own;
//  - it leaves the IP checksum alone unless asked, and sums whatever is in the field before;
//  - it writes 0xffff where an IP header's checksum is 0;
//  - it sums on top of what the driver left in the TCP checksum, right or wrong;
//  - it keeps CWR in every segment;
//  - it sends a last frame of headers alone where the payload is a multiple of MSS.  That frame is
//    stock's own work, after the super-frame.
#pragma once

#include <cstdint>
#include <optional>

#include "models/e1000/transmit.h"

namespace nicreplay::e1000 {

struct SuperFrame {
  Offload offload;
  std::uint32_t full = 0;  // segments of MSS bytes
  std::uint32_t rest = 0;  // bytes of payload in the segment after those; 0: there is none
};

// Whether the context is one for IPv4 and TCP right behind Ethernet, covers what has to change, and
// fits a packet of `size` bytes that needs cutting.
bool IsPlainContext(const TransmitContext& context, std::uint8_t popts, std::uint32_t size);

// What becomes of a packet of `size` bytes with such a context that begins with `header` (HDRLEN
// bytes), or nothing if stock has to segment it.  Completes the header for the whole: total length,
// both checksums.
std::optional<SuperFrame> MakeSuperFrame(const TransmitContext& context, std::uint32_t size,
                                         MutableBytes header);

}  // namespace nicreplay::e1000
