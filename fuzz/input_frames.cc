// SPDX-License-Identifier: MIT
#include "fuzz/input_frames.h"

#include <cstring>

#include "models/net/byte_order.h"
#include "models/net/checksum.h"

namespace nicreplay {

namespace {

constexpr std::uint8_t kStation[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
constexpr std::size_t kEthernetHeader = 14;
constexpr std::size_t kTcpHeader = 20;

// Different bytes everywhere, cheaply.
void FillPattern(MutableBytes bytes, std::uint64_t seed) {
  std::uint64_t word = (seed + 1) * 0x9e3779b97f4a7c15u;
  for (std::size_t at = 0; at < bytes.size(); at += 8, word += 0x0101010101010101u) {
    std::memcpy(&bytes[at], &word, std::min<std::size_t>(8, bytes.size() - at));
  }
}

void SetDestination(std::uint8_t* frame, std::uint8_t pick) {
  std::memcpy(frame, kStation, sizeof(kStation));
  switch (pick & 7) {
    case 4:
      std::memset(frame, 0xff, 6);
      break;
    case 5:
      frame[0] |= 1;
      frame[4] = pick;
      break;
    case 6:  // those of the table item's variants
      frame[5] = static_cast<std::uint8_t>(frame[5] + (pick >> 3));
      break;
    case 7:
      frame[1] = pick;
      break;
    default:
      break;
  }
}

// An Ethernet header and one of IPv4 (or IPv6) and TCP (or UDP); returns their length.
std::size_t PutHeaders(std::uint8_t* packet, std::size_t payload, unsigned kind) {
  const bool ipv6 = (kind & kPacketIpv6) != 0;
  const bool udp = (kind & kPacketUdp) != 0;
  const PacketLayout layout = LayoutOfPacket(kind);
  SetDestination(packet, 0);
  packet[12] = ipv6 ? 0x86 : 0x08;
  packet[13] = ipv6 ? 0xdd : 0x00;
  std::uint8_t* ip = packet + kEthernetHeader;
  std::memset(ip, 0, 40);
  // IPv6 does not count its own header.
  const std::size_t length = layout.header - (ipv6 ? layout.transport : kEthernetHeader) + payload;
  ip[0] = ipv6 ? 0x60 : 0x45;
  const std::size_t length_at = ipv6 ? 4 : 2;
  ip[length_at] = static_cast<std::uint8_t>(length >> 8);
  ip[length_at + 1] = static_cast<std::uint8_t>(length);
  ip[ipv6 ? 6 : 9] = udp ? 17 : 6;
  // Frames with an offload header are refused without it.
  if (!ipv6) {
    const Bytes header(ip, layout.transport - kEthernetHeader);
    StoreBe16(ip + 10, ChecksumFinish(ChecksumAdd(header)));
  }
  std::uint8_t* tcp = packet + layout.transport;
  if (!udp) {
    tcp[12] = 0x50;
    tcp[13] = 0x19;  // FIN, PSH, ACK
  }
  return layout.header;
}

// RFC 1071; 8254x 3.5.6 for the sum: that of the pseudo-header, without the length.
void LeaveToCard(std::uint8_t* packet, unsigned kind) {
  const bool ipv6 = (kind & kPacketIpv6) != 0;
  const PacketLayout layout = LayoutOfPacket(kind);
  std::uint8_t* const ip = packet + kEthernetHeader;
  if (!ipv6) StoreBe16(ip + 10, 0);
  const Bytes addresses(ip + (ipv6 ? 8 : 12), ipv6 ? 32 : 8);
  const std::uint32_t protocol = (kind & kPacketUdp) != 0 ? 17 : 6;
  const auto sum = static_cast<std::uint16_t>(~ChecksumFinish(ChecksumAdd(addresses) + protocol));
  StoreBe16(packet + layout.checksum, sum);
}

}  // namespace

PacketLayout LayoutOfPacket(unsigned kind) {
  const bool udp = (kind & kPacketUdp) != 0;
  PacketLayout layout;
  layout.transport = kEthernetHeader + ((kind & kPacketIpv6) != 0 ? 40 : 20);
  layout.checksum = static_cast<std::uint8_t>(layout.transport + (udp ? 6 : 16));
  layout.header = static_cast<std::uint8_t>(layout.transport + (udp ? 8 : kTcpHeader));
  return layout;
}

std::uint16_t TakeLength(InputReader* operands) {
  const auto raw = operands->Take<std::uint16_t>();
  if (raw < 0xc000) return raw & 0x3ff;
  if (raw < 0xf000) return raw & 0xfff;
  return static_cast<std::uint16_t>(raw << 4 | raw >> 12);
}

std::size_t TakeFrame(InputReader* operands, FrameBuffer* buffer) {
  const std::uint8_t destination = operands->Byte();
  const std::size_t length = 1 + TakeLength(operands) % kMaxInputFrame;
  const std::uint8_t type = operands->Byte();
  std::uint8_t* const frame = buffer->data();
  FillPattern({frame, std::max<std::size_t>(length, 18)}, operands->Byte());
  SetDestination(frame, destination);
  const bool tagged = (type & 1) != 0;
  frame[12] = tagged ? 0x81 : 0x08;
  frame[13] = 0x00;
  if (tagged) {
    frame[14] = type & 0xf0;
    frame[15] = type >> 1 & 7;
  }
  return length;
}

std::size_t TakePacket(InputReader* operands, unsigned kind, FrameBuffer* buffer) {
  const std::size_t payload = TakeLength(operands) % kMaxInputFrame;
  FillPattern({buffer->data(), payload + 100}, operands->Take<std::uint16_t>());
  const std::size_t header = PutHeaders(buffer->data(), payload, kind);
  if ((kind & kLeftToCard) != 0) LeaveToCard(buffer->data(), kind);
  return header + payload;
}

std::size_t TakeSuperFrame(InputReader* operands, unsigned kind, FrameBuffer* buffer,
                           Offload* offload) {
  static constexpr std::uint8_t kTypes[] = {Offload::kGsoNone, Offload::kGsoTcp4, Offload::kGsoTcp6,
                                            Offload::kGsoUdp};
  offload->gso_size = operands->Take<std::uint16_t>();
  const std::size_t payload = TakeLength(operands) % kMaxInputFrame;
  const std::uint8_t change = operands->Byte();
  // Some dozens of segments show what thousands would.
  if (offload->gso_size != 0) {
    offload->gso_size =
        static_cast<std::uint16_t>(std::max<std::size_t>(offload->gso_size, payload / 40));
  }
  FillPattern({buffer->data(), payload + 100}, operands->Take<std::uint16_t>());
  const std::uint8_t type = kTypes[kind & 3];
  const bool udp = type == Offload::kGsoUdp || (type == Offload::kGsoNone && (change & 1) != 0);
  const bool ipv6 = type == Offload::kGsoTcp6 || (type == Offload::kGsoNone && (change & 2) != 0);
  const unsigned packet = (ipv6 ? kPacketIpv6 : 0) | (udp ? kPacketUdp : 0);
  const PacketLayout layout = LayoutOfPacket(packet);
  const std::size_t header = PutHeaders(buffer->data(), payload, packet);
  offload->flags = (change & 4) != 0 ? Offload::kDataValid : Offload::kNeedsChecksum;
  offload->gso_type = type;
  if ((change & 8) != 0 && (type & 5) != 0) offload->gso_type |= Offload::kGsoEcn;
  offload->checksum_start = layout.transport;
  offload->checksum_offset = static_cast<std::uint16_t>(layout.checksum - layout.transport);
  offload->header_length = static_cast<std::uint16_t>(header);
  if ((change & 0x10) != 0) offload->checksum_start += change >> 5;
  if ((change & 0x60) == 0x60) offload->checksum_offset += change >> 5;
  return header + payload;
}

}  // namespace nicreplay
