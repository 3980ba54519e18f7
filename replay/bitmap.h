// SPDX-License-Identifier: MIT
// Runs of bits in byte arrays: bit i of byte n stands for item 8 * n + i.
#pragma once

#include <cstdint>
#include <cstring>

namespace nicreplay {

namespace internal {

// The bits of the first and the last byte that a run of `count` > 0 bits touches.
struct BitRun {
  std::uint64_t first_byte;
  std::uint64_t last_byte;
  std::uint8_t first_mask;
  std::uint8_t last_mask;

  BitRun(std::uint64_t first, std::uint64_t count)
      : first_byte(first >> 3),
        last_byte((first + count - 1) >> 3),
        first_mask(static_cast<std::uint8_t>(0xff << (first & 7))),
        last_mask(static_cast<std::uint8_t>(0xff >> (7 - ((first + count - 1) & 7)))) {
    if (first_byte == last_byte) first_mask = last_mask = first_mask & last_mask;
  }
};

}  // namespace internal

inline void SetBits(std::uint8_t* map, std::uint64_t first, std::uint64_t count) {
  if (count == 0) return;
  const internal::BitRun run(first, count);
  map[run.first_byte] |= run.first_mask;
  map[run.last_byte] |= run.last_mask;
  if (run.last_byte > run.first_byte + 1) {
    std::memset(map + run.first_byte + 1, 0xff, run.last_byte - run.first_byte - 1);
  }
}

inline bool BitSet(const std::uint8_t* map, std::uint64_t index) {
  return (map[index >> 3] >> (index & 7) & 1) != 0;
}

inline bool AllBitsSet(const std::uint8_t* map, std::uint64_t first, std::uint64_t count) {
  if (count == 0) return true;
  const internal::BitRun run(first, count);
  if ((map[run.first_byte] & run.first_mask) != run.first_mask) return false;
  if ((map[run.last_byte] & run.last_mask) != run.last_mask) return false;
  std::uint64_t at = run.first_byte + 1;
  for (; at + 8 <= run.last_byte; at += 8) {
    std::uint64_t word;
    std::memcpy(&word, map + at, sizeof(word));
    if (word != ~std::uint64_t{0}) return false;
  }
  for (; at < run.last_byte; ++at) {
    if (map[at] != 0xff) return false;
  }
  return true;
}

}  // namespace nicreplay
