// SPDX-License-Identifier: MIT
// The statistics registers (8254x manual, 13.7): counters that stick at their maximum.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "models/e1000/register_file.h"

namespace nicreplay::e1000 {

inline constexpr std::uint32_t kFcsSize = 4;

inline void Count(RegisterFile& registers, Offset counter) {
  std::uint32_t& value = registers[counter];
  if (value != UINT32_MAX) ++value;
}

// The same `times` over.
inline void Count(RegisterFile& registers, Offset counter, std::uint64_t times) {
  std::uint32_t& value = registers[counter];
  value = times > UINT32_MAX - value ? UINT32_MAX : value + static_cast<std::uint32_t>(times);
}

// A counter of 64 bits in two registers, low half first.
void CountOctets(RegisterFile& registers, Offset low, std::uint64_t octets);

// The size class of a packet, 0 to 5; under 64 bytes it is in none (kNoSizeClass).
inline constexpr std::size_t kSizeClasses = 6;
inline constexpr std::size_t kNoSizeClass = kSizeClasses;
inline std::size_t SizeClassOf(std::size_t size) {
  if (size < 64) return kNoSizeClass;
  if (size == 64) return 0;
  // 127, 255, 511 and 1023 are the largest of classes 1 to 4: a bit more each.
  return std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(size)) - 6,
                               kSizeClasses - 1);
}

// One packet of `size` bytes in the size classes PRC64 ... PRC1522 or PTC64 ... PTC1522; packets
// under 64 bytes are in no class.
void CountSizeClass(RegisterFile& registers, Offset first_class, std::size_t size);

// A received packet: `size` bytes without FCS, `stored_size` as the descriptors report it.
void CountReceived(RegisterFile& registers, std::size_t size, std::size_t stored_size);

// A transmitted packet of `size` bytes: without FCS and, as in stock QEMU, without an inserted tag.
void CountTransmitted(RegisterFile& registers, std::uint32_t size);

// The destination of a transmitted packet: BPTC or MPTC.  Reads 6 bytes.
void CountDestination(RegisterFile& registers, const std::uint8_t* destination);

}  // namespace nicreplay::e1000
