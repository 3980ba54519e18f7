// SPDX-License-Identifier: MIT
#include "models/e1000/opt/tso.h"

#include <algorithm>

#include "models/e1000/descriptors.h"
#include "models/net/byte_order.h"
#include "models/net/checksum.h"

namespace nicreplay::e1000 {
namespace {

constexpr std::size_t kEtherType = 12;
constexpr std::size_t kIp = 14;
constexpr std::uint16_t kTypeIpv4 = 0x0800;

// RFC 791, from the start of the IP header.
constexpr std::size_t kIpTotalLength = 2;
constexpr std::size_t kIpIdentification = 4;
constexpr std::size_t kIpFragment = 6;
constexpr std::size_t kIpProtocol = 9;
constexpr std::size_t kIpChecksum = 10;
constexpr std::size_t kIpAddresses = 12;
constexpr std::size_t kIpAddressBytes = 8;
constexpr std::size_t kShortestIp = 20;
constexpr std::uint16_t kFragmentBits = 0xbfff;  // all but "do not fragment"
constexpr std::uint8_t kProtocolTcp = 6;

// RFC 9293, 3.1, from the start of the TCP header.
constexpr std::size_t kTcpDataOffset = 12;
constexpr std::size_t kTcpFlags = 13;
constexpr std::uint8_t kTcpCwr = 0x80;
constexpr std::size_t kTcpChecksum = 16;
constexpr std::size_t kShortestTcp = 20;

constexpr std::uint32_t kAllOnes = 0xffff;

std::uint16_t Fold(std::uint32_t sum) { return static_cast<std::uint16_t>(~ChecksumFinish(sum)); }

// The headers are what the context says.
bool IsPlainHeader(const TransmitContext& context, const std::uint8_t* ip,
                   const std::uint8_t* tcp) {
  constexpr std::uint8_t kVersion4 = 4;
  return LoadBe16(ip - kIp + kEtherType) == kTypeIpv4 && ip[0] >> 4 == kVersion4 &&
         kIp + (ip[0] & 0xfu) * 4 == context.tucss && ip[kIpProtocol] == kProtocolTcp &&
         (LoadBe16(ip + kIpFragment) & kFragmentBits) == 0 && LoadBe16(ip + kIpChecksum) == 0 &&
         context.tucss + (tcp[kTcpDataOffset] >> 4) * 4 == context.hdrlen &&
         (tcp[kTcpFlags] & kTcpCwr) == 0;
}

// 3.5.6: the driver leaves the sum of the pseudo-header without the length.
bool HasPseudoHeaderSum(const std::uint8_t* ip, const std::uint8_t* tcp) {
  const std::uint32_t sum = ChecksumAdd({ip + kIpAddresses, kIpAddressBytes}) + kProtocolTcp;
  return LoadBe16(tcp + kTcpChecksum) == Fold(sum);
}

// Whether the IP checksum of `count` segments that carry `sum`, `sum` + 1, ... is 0 in one of them.
bool HasZeroChecksum(std::uint32_t sum, std::uint32_t count) {
  const std::uint32_t first = sum % kAllOnes;
  return count != 0 && (first == 0 || first + count > kAllOnes);
}

}  // namespace

bool IsPlainContext(const TransmitContext& context, std::uint8_t popts, std::uint32_t size) {
  constexpr std::uint8_t kBoth = txd::kPoptsIXSM | txd::kPoptsTXSM;
  return context.ip && context.tcp && (popts & kBoth) == kBoth && context.mss != 0 &&
         context.ipcss == kIp && context.ipcso == kIp + kIpChecksum &&
         context.tucss >= kIp + kShortestIp && context.ipcse + 1u == context.tucss &&
         context.tucso == context.tucss + kTcpChecksum && context.tucse == 0 &&
         context.hdrlen >= context.tucss + kShortestTcp &&
         size == context.hdrlen + context.paylen && context.paylen > context.mss;
}

std::optional<SuperFrame> MakeSuperFrame(const TransmitContext& context, std::uint32_t size,
                                         MutableBytes header) {
  std::uint8_t* ip = header.data() + kIp;
  std::uint8_t* tcp = header.data() + context.tucss;
  if (!IsPlainHeader(context, ip, tcp) || !HasPseudoHeaderSum(ip, tcp)) return std::nullopt;

  SuperFrame frame;
  frame.full = context.paylen / context.mss;
  frame.rest = context.paylen % context.mss;
  const std::uint32_t identification = LoadBe16(ip + kIpIdentification);
  // Beyond that the identification wraps, and the sums below would have to.
  if (identification + frame.full > kAllOnes) return std::nullopt;
  StoreBe16(ip + kIpTotalLength, 0);
  const std::uint32_t sum = ChecksumAdd({ip, static_cast<std::size_t>(context.tucss - kIp)});
  const auto headers = static_cast<std::uint32_t>(context.hdrlen - kIp);
  if (HasZeroChecksum(sum + headers + context.mss, frame.full)) return std::nullopt;
  if (HasZeroChecksum(sum + headers + frame.rest + frame.full, frame.rest != 0 ? 1 : 0)) {
    return std::nullopt;
  }

  const auto total = static_cast<std::uint32_t>(size - kIp);
  StoreBe16(ip + kIpTotalLength, total);
  StoreBe16(ip + kIpChecksum, ChecksumFinish(sum + total));
  StoreBe16(tcp + kTcpChecksum,
            Fold(std::uint32_t{LoadBe16(tcp + kTcpChecksum)} + size - context.tucss));
  frame.offload = {.flags = Offload::kNeedsChecksum,
                   .gso_type = Offload::kGsoTcp4,
                   .header_length = context.hdrlen,
                   .gso_size = context.mss,
                   .checksum_start = context.tucss,
                   .checksum_offset = kTcpChecksum};
  return frame;
}

}  // namespace nicreplay::e1000
