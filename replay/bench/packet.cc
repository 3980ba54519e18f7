// SPDX-License-Identifier: MIT
#include "replay/bench/packet.h"

#include <algorithm>
#include <array>

#include "models/net/byte_order.h"
#include "models/net/checksum.h"

namespace nicreplay::bench {

namespace {

constexpr std::array<std::uint8_t, 6> kGuest = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
// Nobody's: a host's network stack drops what is sent there first thing.
constexpr std::array<std::uint8_t, 6> kPeer = {0x02, 0x00, 0x00, 0x00, 0x00, 0x99};

constexpr std::size_t kIpHeader = 20;
constexpr std::uint8_t kProtocolTcp = 6;
constexpr std::uint8_t kProtocolUdp = 17;
constexpr std::uint8_t kTcpAck = 0x10;
constexpr std::uint8_t kTcpPsh = 0x08;

std::uint8_t Protocol(const PacketShape& shape) {
  return shape.transport == Transport::kTcp ? kProtocolTcp : kProtocolUdp;
}

void PutNetworkHeader(const PacketShape& shape, std::vector<std::uint8_t>* frame) {
  std::uint8_t* ip = frame->data() + PacketShape::kNetworkOffset;
  ip[0] = 0x45;
  StoreBe16(ip + 2, static_cast<std::uint32_t>(frame->size() - PacketShape::kNetworkOffset));
  StoreBe16(ip + 4, 1);
  ip[6] = 0x40;  // do not fragment
  ip[8] = 64;
  ip[9] = Protocol(shape);
  StoreBe32(ip + 12, 0x0a00'0001);
  StoreBe32(ip + 16, 0x0a00'0002);
  StoreBe16(ip + 10, ChecksumFinish(ChecksumAdd({ip, kIpHeader})));
}

void PutTransportHeader(const PacketShape& shape, std::vector<std::uint8_t>* frame) {
  std::uint8_t* transport = frame->data() + PacketShape::kTransportOffset;
  const auto length = static_cast<std::uint32_t>(frame->size() - PacketShape::kTransportOffset);
  StoreBe16(transport, 40'000);
  StoreBe16(transport + 2, 5'001);
  if (shape.transport == Transport::kTcp) {
    StoreBe32(transport + 4, 1);
    StoreBe32(transport + 8, 1);
    transport[12] = 5 << 4;
    transport[13] = kTcpAck | kTcpPsh;
    StoreBe16(transport + 14, 0x7fff);
  } else {
    StoreBe16(transport + 4, length);
  }
  std::uint8_t* checksum = frame->data() + shape.checksum_place();
  StoreBe16(checksum, PseudoHeaderSum(*frame, shape, length));
  if (shape.checksum == TransportChecksum::kPartial) return;
  StoreBe16(checksum, ChecksumFinishNonzero(ChecksumAdd({transport, length})));
}

}  // namespace

std::uint16_t PseudoHeaderSum(Bytes packet, const PacketShape& shape, std::uint32_t length) {
  std::uint32_t sum = ChecksumAdd(packet.subspan(PacketShape::kNetworkOffset + 12, 8));
  sum += Protocol(shape) + length;
  return static_cast<std::uint16_t>(~ChecksumFinish(sum));
}

std::vector<std::uint8_t> BuildPacket(const PacketShape& shape, Direction direction) {
  std::vector<std::uint8_t> frame(shape.size());
  const bool to_guest = direction == Direction::kToGuest;
  std::ranges::copy(to_guest ? kGuest : kPeer, frame.begin());
  std::ranges::copy(to_guest ? kPeer : kGuest, frame.begin() + 6);
  StoreBe16(&frame[12], 0x0800);
  for (std::uint32_t i = 0; i < shape.payload; ++i) {
    frame[shape.header_size() + i] = static_cast<std::uint8_t>(i * 167 >> 3);
  }
  PutNetworkHeader(shape, &frame);
  PutTransportHeader(shape, &frame);
  return frame;
}

Offload OffloadOf(const PacketShape& shape) {
  Offload offload;
  if (shape.checksum == TransportChecksum::kComplete) return offload;
  offload.flags = Offload::kNeedsChecksum;
  offload.header_length = shape.header_size();
  offload.checksum_start = PacketShape::kTransportOffset;
  offload.checksum_offset = shape.checksum_place() - PacketShape::kTransportOffset;
  if (shape.mss != 0) {
    offload.gso_type = Offload::kGsoTcp4;
    offload.gso_size = shape.mss;
  }
  return offload;
}

}  // namespace nicreplay::bench
