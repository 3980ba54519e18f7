// SPDX-License-Identifier: MIT
// Runs of bits in byte arrays: bit i of byte n stands for item 8 * n + i.
#pragma once

#include <cstdint>
#include <cstring>

namespace nicreplay {

inline void SetBits(std::uint8_t* map, std::uint64_t first, std::uint64_t count) {
  const std::uint64_t end = first + count;
  while (first < end && (first & 7) != 0) {
    map[first >> 3] |= static_cast<std::uint8_t>(1u << (first & 7));
    ++first;
  }
  const std::uint64_t whole = (end - first) >> 3;
  if (whole != 0) std::memset(map + (first >> 3), 0xff, whole);
  first += whole << 3;
  while (first < end) {
    map[first >> 3] |= static_cast<std::uint8_t>(1u << (first & 7));
    ++first;
  }
}

inline bool BitSet(const std::uint8_t* map, std::uint64_t index) {
  return (map[index >> 3] >> (index & 7) & 1) != 0;
}

inline bool AllBitsSet(const std::uint8_t* map, std::uint64_t first, std::uint64_t count) {
  const std::uint64_t end = first + count;
  for (; first < end && (first & 7) != 0; ++first) {
    if (!BitSet(map, first)) return false;
  }
  for (; end - first >= 64; first += 64) {
    std::uint64_t word;
    std::memcpy(&word, map + (first >> 3), sizeof(word));
    if (word != ~std::uint64_t{0}) return false;
  }
  for (; first < end; ++first) {
    if (!BitSet(map, first)) return false;
  }
  return true;
}

}  // namespace nicreplay
