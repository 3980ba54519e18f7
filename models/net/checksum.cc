// SPDX-License-Identifier: MIT
#include "models/net/checksum.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace nicreplay {
namespace {

std::uint64_t LoadWord(const std::uint8_t* from) {
  std::uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

// Four sums of 16-bit words at once, in the 128 bits that every 64-bit machine adds in one go.
using Lanes = std::uint32_t __attribute__((vector_size(16)));
constexpr std::size_t kStep = 2 * sizeof(Lanes);
// A lane takes four words a step: 16 KiB make at most 2^11 of them, so it cannot overflow.
constexpr std::size_t kBlock = std::size_t{1} << 14;

std::uint64_t SumBlock(const std::uint8_t* next, std::size_t size) {
  Lanes even{};
  Lanes odd{};
  for (const std::uint8_t* end = next + size; next != end; next += kStep) {
    Lanes first;
    Lanes second;
    std::memcpy(&first, next, sizeof first);
    std::memcpy(&second, next + sizeof first, sizeof second);
    even += (first & 0xffff) + (second & 0xffff);
    odd += (first >> 16) + (second >> 16);
  }
  std::uint64_t sum = 0;
  for (int i = 0; i < 4; ++i) sum += std::uint64_t{even[i]} + odd[i];
  return sum;
}

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
  std::uint64_t sum = 0;
  while (left >= kStep) {
    const std::size_t size = std::min(left, kBlock) / kStep * kStep;
    sum += SumBlock(next, size);
    next += size;
    left -= size;
  }
  // Halves of 64-bit words, too, are congruent to their 16-bit words: 2^16 is 1 modulo 0xffff.
  const auto add = [&sum](std::uint64_t word) { sum += (word & 0xffffffff) + (word >> 32); };
  for (; left >= 8; next += 8, left -= 8) add(LoadWord(next));
  if (left > 0) {
    std::uint8_t tail[8] = {};
    std::memcpy(tail, next, left);
    add(LoadWord(tail));
  }
  return FromNativeOrder(Fold(sum));
}

std::uint16_t ChecksumFinish(std::uint32_t sum) { return static_cast<std::uint16_t>(~Fold(sum)); }

std::uint16_t ChecksumFinishNonzero(std::uint32_t sum) {
  const std::uint16_t finished = ChecksumFinish(sum);
  return finished == 0 ? 0xffff : finished;
}

}  // namespace nicreplay
