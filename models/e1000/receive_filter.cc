// SPDX-License-Identifier: MIT
#include "models/e1000/receive_filter.h"

#include <algorithm>

#include "models/e1000/statistics.h"
#include "models/net/byte_order.h"

namespace nicreplay::e1000 {
namespace {

constexpr std::size_t kTypeOffset = 12;
constexpr std::size_t kTagOffset = 14;
constexpr std::size_t kLongestFrame = 1522;       // without RCTL.LPE
constexpr std::size_t kLongestLongFrame = 16384;  // with it

bool TableBit(const RegisterFile& registers, Offset table, std::uint32_t bit) {
  return (registers[table + bit / 32 * 4] >> bit % 32 & 1) != 0;
}

// 13.5.4: one bit a VLAN identifier.  Stock QEMU indexes with the low 12 bits of the tag.
bool AcceptsVlan(const RegisterFile& registers, const FrameHeader& header) {
  return TableBit(registers, kVFTA, LoadBe16(&header[kTagOffset]) & 0xfff);
}

// 13.5.2: the low dword holds the first four bytes of the address, first byte lowest.
bool MatchesReceiveAddress(const RegisterFile& registers, const FrameHeader& header) {
  const std::uint32_t low =
      header[0] | header[1] << 8 | header[2] << 16 | static_cast<std::uint32_t>(header[3]) << 24;
  const std::uint32_t high = header[4] | header[5] << 8;
  for (std::uint32_t i = 0; i < kReceiveAddresses; ++i) {
    const std::uint32_t ral = registers[kRA + 8 * i];
    const std::uint32_t rah = registers[kRA + 8 * i + 4];
    if ((rah & rah::kAV) != 0 && ral == low && (rah & 0xffff) == high) return true;
  }
  return false;
}

// 13.5.1: twelve bits of the address, chosen by RCTL.MO, index the table.
bool MatchesMulticastTable(const RegisterFile& registers, const FrameHeader& header) {
  constexpr std::array<int, 4> kShift = {4, 3, 2, 0};
  const std::uint32_t offset = (registers[kRCTL] & rctl::kMO) >> rctl::kMO_SHIFT;
  const std::uint32_t high = header[4] | header[5] << 8;
  return TableBit(registers, kMTA, high >> kShift[offset] & 0xfff);
}

}  // namespace

bool IsTagged(const RegisterFile& registers, const FrameHeader& header) {
  return LoadBe16(&header[kTypeOffset]) == (registers[kVET] & 0xffff);
}

bool AcceptsAddress(RegisterFile& registers, const FrameHeader& header) {
  const std::uint32_t rctl = registers[kRCTL];
  if ((rctl & rctl::kVFE) != 0 && IsTagged(registers, header) && !AcceptsVlan(registers, header)) {
    return false;
  }
  const bool group = (header[0] & 1) != 0;
  const bool broadcast = std::all_of(header.begin(), header.begin() + 6,
                                     [](std::uint8_t byte) { return byte == 0xff; });
  if (!group && (rctl & rctl::kUPE) != 0) return true;
  // Stock QEMU asks for multicast first, so that a broadcast under MPE counts as one.
  if (group && (rctl & rctl::kMPE) != 0) {
    Count(registers, kMPRC);
    return true;
  }
  if (broadcast && (rctl & rctl::kBAM) != 0) {
    Count(registers, kBPRC);
    return true;
  }
  if (MatchesReceiveAddress(registers, header)) return true;
  // Unicast frames match the table, too (imperfect filtering).
  if (!MatchesMulticastTable(registers, header)) return false;
  Count(registers, kMPRC);
  return true;
}

bool AcceptsSize(RegisterFile& registers, std::size_t size) {
  const std::uint32_t rctl = registers[kRCTL];
  const std::size_t longest = (rctl & rctl::kLPE) != 0 ? kLongestLongFrame : kLongestFrame;
  if (size <= longest || (rctl & rctl::kSBP) != 0) return true;
  Count(registers, kROC);
  return false;
}

}  // namespace nicreplay::e1000
