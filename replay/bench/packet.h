// SPDX-License-Identifier: MIT
// The packets of the workloads.
#pragma once

#include <cstdint>
#include <vector>

#include "models/device.h"

namespace nicreplay::bench {

enum class Transport : std::uint8_t { kTcp, kUdp };
// Who computes the transport checksum.
enum class TransportChecksum : std::uint8_t { kComplete, kPartial };

// What a packet is; all are IPv4 without options.
struct PacketShape {
  Transport transport = Transport::kTcp;
  std::uint32_t payload = 0;
  std::uint16_t mss = 0;  // 0: no segmentation
  TransportChecksum checksum = TransportChecksum::kComplete;

  static constexpr std::uint16_t kNetworkOffset = 14;
  static constexpr std::uint16_t kTransportOffset = 34;

  std::uint16_t header_size() const {
    return kTransportOffset + (transport == Transport::kTcp ? 20 : 8);
  }
  // From the start of the frame.
  std::uint16_t checksum_place() const {
    return kTransportOffset + (transport == Transport::kTcp ? 16 : 6);
  }
  std::uint32_t size() const { return header_size() + payload; }
  // On the wire, headers of every segment included.
  std::uint32_t wire_frames() const { return mss == 0 ? 1 : (payload + mss - 1) / mss; }
  std::uint32_t wire_bytes() const { return wire_frames() * header_size() + payload; }
};

enum class Direction : std::uint8_t { kToNetwork, kToGuest };

// A frame of the shape, as virtio 1.2, 5.1.6.2 has it: with a partial checksum, the pseudo header's
// sum is in place of the transport checksum.
std::vector<std::uint8_t> BuildPacket(const PacketShape& shape, Direction direction);
Offload OffloadOf(const PacketShape& shape);

// The sum of the pseudo header (RFC 793, 3.1), not complemented; the length counted or not.
std::uint16_t PseudoHeaderSum(Bytes packet, const PacketShape& shape, std::uint32_t length);

}  // namespace nicreplay::bench
