// SPDX-License-Identifier: MIT
#include "models/e1000/opt/csum.h"

#include "models/e1000/descriptors.h"

namespace nicreplay::e1000 {
namespace {

constexpr std::uint8_t kShortestHeaders = 14 + 20;  // Ethernet and IPv4
constexpr int kTcpChecksum = 16;
constexpr int kUdpChecksum = 6;
constexpr std::uint32_t kChecksumSize = 2;

}  // namespace

std::optional<Offload> PartialChecksum(const TransmitContext& context, std::uint8_t popts,
                                       std::uint32_t size) {
  constexpr std::uint8_t kBoth = txd::kPoptsTXSM | txd::kPoptsIXSM;
  if ((popts & kBoth) != txd::kPoptsTXSM) return std::nullopt;
  const int offset = context.tucso - context.tucss;
  if (context.tucss < kShortestHeaders) return std::nullopt;
  if (offset != kTcpChecksum && offset != kUdpChecksum) return std::nullopt;
  if (context.tucso + kChecksumSize > size) return std::nullopt;
  // An end past the last byte is none.
  if (context.tucse != 0 && context.tucse + 1u < size) return std::nullopt;
  Offload offload;
  offload.flags = Offload::kNeedsChecksum;
  offload.checksum_start = context.tucss;
  offload.checksum_offset = static_cast<std::uint16_t>(offset);
  return offload;
}

}  // namespace nicreplay::e1000
