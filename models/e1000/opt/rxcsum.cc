// SPDX-License-Identifier: MIT
#include "models/e1000/opt/rxcsum.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "models/e1000/descriptors.h"
#include "models/net/byte_order.h"
#include "models/net/checksum.h"

namespace nicreplay::e1000 {
namespace {

constexpr std::size_t kEthernet = 14;
constexpr std::size_t kTag = 4;
constexpr std::size_t kShortestIp = 20;
constexpr std::size_t kLongestIp = 60;
constexpr std::size_t kUdpHeader = 8;
constexpr std::size_t kUdpChecksum = 6;
constexpr std::size_t kTcpHeader = 20;
constexpr std::uint16_t kTypeTag = 0x8100;
constexpr std::uint16_t kTypeIpv4 = 0x0800;
constexpr std::uint16_t kFragmentBits = 0x3fff;  // more fragments, and the offset
constexpr std::uint8_t kProtocolTcp = 6;
constexpr std::uint8_t kProtocolUdp = 17;

// The headers of a frame: Ethernet, a tag, IPv4, UDP.
using Front = std::array<std::uint8_t, kEthernet + kTag + kLongestIp + kUdpHeader>;

// The sum of bytes that lie in pieces; odd pieces shift what follows.
std::uint32_t SumPieces(std::span<const Bytes> pieces, std::size_t from, std::size_t size) {
  std::uint64_t sum = 0;
  bool odd = false;
  for (const Bytes& piece : pieces) {
    const std::size_t skipped = std::min(from, piece.size());
    const Bytes part = piece.subspan(skipped, std::min(size, piece.size() - skipped));
    from -= skipped;
    size -= part.size();
    const std::uint32_t partial = ChecksumAdd(part);
    sum += odd ? partial << 8 : partial;
    odd ^= part.size() % 2 != 0;
  }
  return static_cast<std::uint32_t>(sum % 0xffff);
}

}  // namespace

std::uint8_t CheckedStatus(std::span<const Bytes> frame) {
  Front front{};
  std::size_t size = 0;
  for (const Bytes& piece : frame) {
    if (size < front.size() && !piece.empty()) {
      std::memcpy(&front[size], piece.data(), std::min(piece.size(), front.size() - size));
    }
    size += piece.size();
  }
  const std::size_t network = kEthernet + (LoadBe16(&front[12]) == kTypeTag ? kTag : 0);
  const std::uint8_t* ip = &front[network];
  const std::size_t header = (ip[0] & 0xfu) * std::size_t{4};
  if (LoadBe16(ip - 2) != kTypeIpv4 || ip[0] >> 4 != 4 || header < kShortestIp) return rxd::kIXSM;
  const std::size_t total = LoadBe16(ip + 2);
  if (total < header || network + total > size) return rxd::kIXSM;
  if ((LoadBe16(ip + 6) & kFragmentBits) != 0) return rxd::kIXSM;
  if (ChecksumFinish(ChecksumAdd({ip, header})) != 0) return rxd::kIXSM;

  const std::size_t length = total - header;
  const std::uint8_t protocol = ip[9];
  const bool udp = protocol == kProtocolUdp;
  if (!udp && protocol != kProtocolTcp) return rxd::kIXSM;
  if (length < (udp ? kUdpHeader : kTcpHeader)) return rxd::kIXSM;
  // RFC 768: 0 is no checksum.
  if (udp && LoadBe16(ip + header + kUdpChecksum) == 0) return rxd::kIXSM;
  const std::uint32_t pseudo =
      ChecksumAdd({ip + 12, 8}) + protocol + static_cast<std::uint32_t>(length);
  const std::uint32_t sum = pseudo + SumPieces(frame, network + header, length);
  return ChecksumFinish(sum) == 0 ? rxd::kIPCS | rxd::kTCPCS : rxd::kIXSM;
}

}  // namespace nicreplay::e1000
