// SPDX-License-Identifier: MIT
// Frames out of a few bytes of an input: for devices to receive, and in memory, to be sent.
#pragma once

#include <array>

#include "fuzz/input.h"

namespace nicreplay {

// Longest frame that is made: over every limit of a device.
inline constexpr std::size_t kMaxInputFrame = 17000;
using FrameBuffer = std::array<std::uint8_t, 20000>;

// 2 bytes.  Mostly short, as time goes into long ones: the upper bits choose among 1 KiB, 4 KiB,
// and all.
std::uint16_t TakeLength(InputReader* operands);

// Each returns the frame's size.
// 5 bytes: destination, length, type, pattern.
inline constexpr std::uint8_t kFrameOperands = 5;
std::size_t TakeFrame(InputReader* operands, FrameBuffer* buffer);
// 4 bytes: payload, pattern.  IPv4 and TCP, or, by the bits of `kind`, IPv6, UDP; with kLeftToCard
// as a driver leaves it to a card to cut and to sum.
inline constexpr std::uint8_t kPacketOperands = 4;
inline constexpr unsigned kPacketIpv6 = 1;
inline constexpr unsigned kPacketUdp = 2;
inline constexpr unsigned kLeftToCard = 4;
// Where its parts are.
struct PacketLayout {
  std::uint8_t transport;  // where its header begins
  std::uint8_t checksum;   // where the sum in that is
  std::uint8_t header;     // where the payload begins
};
PacketLayout LayoutOfPacket(unsigned kind);
std::size_t TakePacket(InputReader* operands, unsigned kind, FrameBuffer* buffer);
// 7 bytes: segment size, payload, changes of the header, pattern.  `kind`: of segmentation, of 4.
inline constexpr std::uint8_t kSuperFrameOperands = 7;
std::size_t TakeSuperFrame(InputReader* operands, unsigned kind, FrameBuffer* buffer,
                           Offload* offload);

}  // namespace nicreplay
