// SPDX-License-Identifier: MIT
#include "models/net/checksum.h"

#include <bit>
#include <cstring>

namespace nicreplay {
namespace {

template <typename Word>
Word Load(const std::uint8_t* from) {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

// A sum of 64-bit words with end-around carry: congruent to the sum of the 16-bit words, because
// 2^64 is 1 modulo 0xffff, and 0 only if all of them are.
struct Sum {
  std::uint64_t value = 0;

  void Add(std::uint64_t word) {
    value += word;
    value += value < word ? 1 : 0;
  }
};

std::uint32_t Fold(std::uint64_t sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
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
  Sum sum;
  if (left >= 32) {
    Sum b, c, d;  // that do not wait for each other
    for (; left >= 32; next += 32, left -= 32) {
      sum.Add(Load<std::uint64_t>(next));
      b.Add(Load<std::uint64_t>(next + 8));
      c.Add(Load<std::uint64_t>(next + 16));
      d.Add(Load<std::uint64_t>(next + 24));
    }
    c.Add(d.value);
    sum.Add(b.value);
    sum.Add(c.value);
  }
  for (; left >= 8; next += 8, left -= 8) sum.Add(Load<std::uint64_t>(next));
  if (left >= 4) {
    sum.Add(Load<std::uint32_t>(next));
    next += 4;
    left -= 4;
  }
  if (left >= 2) {
    sum.Add(Load<std::uint16_t>(next));
    next += 2;
    left -= 2;
  }
  if (left > 0) {
    const std::uint8_t last[2] = {*next, 0};
    sum.Add(Load<std::uint16_t>(last));
  }
  return FromNativeOrder(Fold(sum.value));
}

std::uint16_t ChecksumFinish(std::uint32_t sum) { return static_cast<std::uint16_t>(~Fold(sum)); }

std::uint16_t ChecksumFinishNonzero(std::uint32_t sum) {
  const std::uint16_t finished = ChecksumFinish(sum);
  return finished == 0 ? 0xffff : finished;
}

}  // namespace nicreplay
