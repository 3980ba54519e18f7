// SPDX-License-Identifier: MIT
#include "replay/bitmap.h"

#include <gtest/gtest.h>

#include <array>

namespace nicreplay {
namespace {

// Every run of an array that spans several words, against bits set one by one.
TEST(Bitmap, EveryRunIsExact) {
  for (std::uint64_t first = 0; first < 20; ++first) {
    for (std::uint64_t count = 0; first + count <= 200; ++count) {
      std::array<std::uint8_t, 25> map{};
      SetBits(map.data(), first, count);
      for (std::uint64_t i = 0; i < 200; ++i) {
        ASSERT_EQ(BitSet(map.data(), i), i >= first && i < first + count) << first << "+" << count;
      }
      ASSERT_TRUE(AllBitsSet(map.data(), first, count));
      for (std::uint64_t hole = first; hole < first + count; ++hole) {
        auto less = map;
        less[hole >> 3] &= static_cast<std::uint8_t>(~(1u << (hole & 7)));
        ASSERT_FALSE(AllBitsSet(less.data(), first, count)) << first << "+" << count;
      }
    }
  }
}

}  // namespace
}  // namespace nicreplay
