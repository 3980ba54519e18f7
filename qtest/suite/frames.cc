// SPDX-License-Identifier: MIT
#include "qtest/suite/frames.h"

#include <algorithm>

namespace nicreplay::suite {
namespace {

constexpr std::size_t kEthernetHeader = 14;
constexpr std::size_t kIpv4Header = 20;
constexpr std::size_t kIpv6Header = 40;
constexpr std::size_t kTcpHeader = 20;
constexpr std::size_t kUdpHeader = 8;
constexpr std::uint8_t kProtocolTcp = 6;
constexpr std::uint8_t kProtocolUdp = 17;
constexpr std::uint16_t kTypeIpv4 = 0x0800;
constexpr std::uint16_t kTypeIpv6 = 0x86dd;

void Put16(ByteVector& bytes, std::size_t at, std::size_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(value);
}

// RFC 1071: the ones' complement sum, folded.
std::uint16_t Sum(const ByteVector& bytes, std::size_t from, std::size_t to,
                  std::uint32_t start = 0) {
  std::uint64_t sum = start;
  for (std::size_t i = from; i < to; ++i) {
    sum += (i - from) % 2 == 0 ? bytes[i] << 8 : bytes[i];
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

std::size_t TransportOffset(const ByteVector& frame) {
  return kEthernetHeader + (Be16(frame, 12) == kTypeIpv4 ? kIpv4Header : kIpv6Header);
}

// Addresses and protocol; the length comes on top.
std::uint16_t PseudoHeaderSum(const ByteVector& frame) {
  if (Be16(frame, 12) == kTypeIpv4) {
    return Sum(frame, kEthernetHeader + 12, kEthernetHeader + 20, frame[kEthernetHeader + 9]);
  }
  return Sum(frame, kEthernetHeader + 8, kEthernetHeader + 40, frame[kEthernetHeader + 6]);
}

void PutIpv4(ByteVector& frame, std::uint8_t protocol) {
  const std::size_t at = kEthernetHeader;
  frame[at] = 0x45;
  Put16(frame, at + 2, frame.size() - at);
  Put16(frame, at + 4, kFirstIdentification);
  frame[at + 8] = 64;
  frame[at + 9] = protocol;
  const ByteVector addresses = {10, 0, 2, 15, 198, 51, 100, 254};
  std::copy(addresses.begin(), addresses.end(), frame.begin() + static_cast<long>(at) + 12);
}

void PutIpv6(ByteVector& frame, std::uint8_t protocol) {
  const std::size_t at = kEthernetHeader;
  frame[at] = 0x60;
  Put16(frame, at + 4, frame.size() - at - kIpv6Header);
  frame[at + 6] = protocol;
  frame[at + 7] = 64;
  for (std::size_t i = 0; i < 32; ++i) frame[at + 8 + i] = static_cast<std::uint8_t>(0xf0 + i);
}

void PutTransport(ByteVector& frame, std::size_t at, Transport transport) {
  Put16(frame, at, 5001);
  Put16(frame, at + 2, 80);
  if (transport == Transport::kUdp) {
    Put16(frame, at + 4, frame.size() - at);
    return;
  }
  Put16(frame, at + 4, kFirstSequence >> 16);
  Put16(frame, at + 6, kFirstSequence & 0xffff);
  frame[at + 12] = 5 << 4;
  frame[at + kTcpFlagsAt] = kTcpFin | kTcpPsh | kTcpAck;
}

}  // namespace

ByteVector MakeFrame(std::size_t size, const EtherAddress& destination) {
  ByteVector frame(size);
  for (std::size_t i = 0; i < size; ++i) frame[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
  const auto put = [&](std::size_t at, const auto& bytes) {
    for (std::size_t i = 0; i < bytes.size() && at + i < size; ++i) frame[at + i] = bytes[i];
  };
  put(0, destination);
  put(6, EtherAddress{0x02, 0, 0, 0, 0, 1});
  put(12, std::array<std::uint8_t, 2>{0x88, 0xb5});  // IEEE 802: local experimental EtherType
  return frame;
}

ByteVector Tagged(ByteVector frame, std::uint16_t tag, std::uint16_t type) {
  ByteVector bytes(4);
  Put16(bytes, 0, type);
  Put16(bytes, 2, tag);
  frame.insert(frame.begin() + 12, bytes.begin(), bytes.end());
  return frame;
}

ByteVector Padded(ByteVector frame, std::size_t size) {
  frame.resize(size);
  return frame;
}

ByteVector Slice(const ByteVector& bytes, std::size_t from, std::size_t size) {
  from = std::min(from, bytes.size());
  const auto first = bytes.begin() + static_cast<long>(from);
  return {first, first + static_cast<long>(std::min(size, bytes.size() - from))};
}

ByteVector Joined(ByteVector first, const ByteVector& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

std::uint16_t Be16(const ByteVector& bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes.at(at) << 8 | bytes.at(at + 1));
}

std::uint32_t Be32(const ByteVector& bytes, std::size_t at) {
  return std::uint32_t{Be16(bytes, at)} << 16 | Be16(bytes, at + 2);
}

Packet MakePacket(Network network, Transport transport, std::size_t payload_size,
                  PseudoHeader pseudo_header) {
  const bool ipv4 = network == Network::kIpv4;
  const bool tcp = transport == Transport::kTcp;
  Packet packet;
  packet.kind = network;
  packet.protocol = transport;
  packet.network = kEthernetHeader;
  packet.transport = static_cast<std::uint8_t>(packet.network + (ipv4 ? kIpv4Header : kIpv6Header));
  packet.payload = static_cast<std::uint8_t>(packet.transport + (tcp ? kTcpHeader : kUdpHeader));

  ByteVector& frame = packet.bytes;
  frame = MakeFrame(packet.payload + payload_size);
  std::fill(frame.begin() + kEthernetHeader, frame.begin() + packet.payload, std::uint8_t{0});
  Put16(frame, 12, ipv4 ? kTypeIpv4 : kTypeIpv6);
  const std::uint8_t protocol = tcp ? kProtocolTcp : kProtocolUdp;
  if (ipv4) {
    PutIpv4(frame, protocol);
  } else {
    PutIpv6(frame, protocol);
  }
  PutTransport(frame, packet.transport, transport);
  const std::size_t length =
      pseudo_header == PseudoHeader::kWithLength ? frame.size() - packet.transport : 0;
  const std::uint32_t sum = PseudoHeaderSum(frame) + static_cast<std::uint32_t>(length);
  Put16(frame, packet.transport_checksum(), Sum({}, 0, 0, sum));
  return packet;
}

bool NetworkChecksumHolds(const ByteVector& frame) {
  return Sum(frame, kEthernetHeader, kEthernetHeader + kIpv4Header) == 0xffff;
}

bool TransportChecksumHolds(const ByteVector& frame) {
  const std::size_t at = TransportOffset(frame);
  const std::uint32_t start =
      PseudoHeaderSum(frame) + static_cast<std::uint32_t>(frame.size() - at);
  return Sum(frame, at, frame.size(), start) == 0xffff;
}

}  // namespace nicreplay::suite
