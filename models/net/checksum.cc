// SPDX-License-Identifier: MIT
#include "models/net/checksum.h"

#include <bit>
#include <cstring>

namespace nicreplay {
namespace {

std::uint64_t LoadWord(const std::uint8_t* from) {
  std::uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

// Sums of the 32-bit halves: congruent to the sum of the 16-bit words, because 2^16 is 1 modulo
// 0xffff.  64 bits hold the halves of 32 GiB without a carry.
struct Halves {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  void Add(std::uint64_t word) {
    low += word & 0xffffffff;
    high += word >> 32;
  }
};

std::uint32_t Fold(std::uint64_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint32_t>(sum);
}

// Swapping bytes multiplies by 2^8 modulo 0xffff, so the words may be added in the machine's order
// and swapped once (RFC 1071, 2 (B)).
std::uint32_t FromNativeOrder(std::uint32_t sum) {
  if constexpr (std::endian::native == std::endian::big) return sum;
  return (sum >> 8 | sum << 8) & 0xffff;
}

}  // namespace

std::uint32_t ChecksumAdd(Bytes bytes) {
  const std::uint8_t* next = bytes.data();
  std::size_t left = bytes.size();
  Halves a, b;
  for (; left >= 32; next += 32, left -= 32) {
    a.Add(LoadWord(next));
    b.Add(LoadWord(next + 8));
    a.Add(LoadWord(next + 16));
    b.Add(LoadWord(next + 24));
  }
  for (; left >= 8; next += 8, left -= 8) a.Add(LoadWord(next));
  if (left > 0) {
    std::uint8_t tail[8] = {};
    std::memcpy(tail, next, left);
    a.Add(LoadWord(tail));
  }
  const std::uint64_t low = std::uint64_t{Fold(a.low)} + Fold(b.low);
  const std::uint64_t high = std::uint64_t{Fold(a.high)} + Fold(b.high);
  return FromNativeOrder(Fold(low + high));
}

std::uint16_t ChecksumFinish(std::uint32_t sum) { return static_cast<std::uint16_t>(~Fold(sum)); }

std::uint16_t ChecksumFinishNonzero(std::uint32_t sum) {
  const std::uint16_t finished = ChecksumFinish(sum);
  return finished == 0 ? 0xffff : finished;
}

}  // namespace nicreplay
