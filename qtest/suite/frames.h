// SPDX-License-Identifier: MIT
// Frames for the cases, and the checks that a receiver would make of them.  Shares no code with the
// models.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace nicreplay::suite {

using ByteVector = std::vector<std::uint8_t>;
using Frames = std::vector<ByteVector>;
using EtherAddress = std::array<std::uint8_t, 6>;

inline constexpr EtherAddress kStation = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};  // of the device
inline constexpr EtherAddress kOther = {0x52, 0x54, 0x00, 0xaa, 0xbb, 0xcc};
inline constexpr EtherAddress kBroadcast = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
inline constexpr EtherAddress kMulticast = {0x01, 0x00, 0x5e, 0x00, 0x12, 0x34};

inline constexpr std::size_t kFcs = 4;  // bytes that counters and lengths have beyond the frame
inline constexpr std::size_t kShortestFrame = 60;

// `size` bytes: the addresses, a type that nobody uses, then a pattern that depends on the place.
ByteVector MakeFrame(std::size_t size, const EtherAddress& destination = kStation);

// With an 802.1q tag after the addresses.
ByteVector Tagged(ByteVector frame, std::uint16_t tag, std::uint16_t type = 0x8100);

// The first `size` bytes, followed by zeros where the frame is shorter.
ByteVector Padded(ByteVector frame, std::size_t size = kShortestFrame);

ByteVector Slice(const ByteVector& bytes, std::size_t from, std::size_t size);
ByteVector Joined(ByteVector first, const ByteVector& second);

std::uint16_t Be16(const ByteVector& bytes, std::size_t at);
std::uint32_t Be32(const ByteVector& bytes, std::size_t at);

enum class Network : std::uint8_t { kIpv4, kIpv6 };
enum class Transport : std::uint8_t { kTcp, kUdp };
// What a driver leaves in the transport checksum: the pseudo header's sum with the length, or, for
// segmentation, without.
enum class PseudoHeader : std::uint8_t { kWithLength, kWithoutLength };

inline constexpr std::uint32_t kFirstSequence = 0xfffffc00;  // of MakePacket: wraps soon
inline constexpr std::uint16_t kFirstIdentification = 0x1234;
inline constexpr std::uint8_t kTcpFin = 0x01;
inline constexpr std::uint8_t kTcpPsh = 0x08;
inline constexpr std::uint8_t kTcpAck = 0x10;
inline constexpr std::size_t kTcpFlagsAt = 13;  // of the TCP header

struct Packet {
  ByteVector bytes;
  std::uint8_t network = 0;  // where the headers begin
  std::uint8_t transport = 0;
  std::uint8_t payload = 0;

  Network kind = Network::kIpv4;
  Transport protocol = Transport::kTcp;

  std::size_t payload_size() const { return bytes.size() - payload; }
  std::uint8_t transport_checksum() const {
    return static_cast<std::uint8_t>(transport + (protocol == Transport::kTcp ? 16 : 6));
  }
  ByteVector header() const { return Slice(bytes, 0, payload); }
  ByteVector data() const { return Slice(bytes, payload, payload_size()); }
};

// A TCP (FIN, PSH and ACK set) or UDP packet with the IP checksum 0 and the transport checksum as
// said.
Packet MakePacket(Network network, Transport transport, std::size_t payload_size,
                  PseudoHeader pseudo_header);

// Whether the sums over the IPv4 header, and over the transport header, payload and pseudo header,
// are what RFC 1071 wants.
bool NetworkChecksumHolds(const ByteVector& frame);
bool TransportChecksumHolds(const ByteVector& frame);

}  // namespace nicreplay::suite
