// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

namespace nicreplay {

// memcpy for what DMA mostly is, descriptors and small frames: without a call of the library.
inline void CopySmall(std::uint8_t* to, const std::uint8_t* from, std::size_t size) {
  constexpr std::size_t kHalf = 32;
  if (size == 4) {
    std::memcpy(to, from, 4);
  } else if (size == 16) {
    std::memcpy(to, from, 16);
  } else if (size >= kHalf && size <= 2 * kHalf) {
    std::array<std::uint8_t, kHalf> first;
    std::array<std::uint8_t, kHalf> last;
    std::memcpy(first.data(), from, kHalf);
    std::memcpy(last.data(), from + size - kHalf, kHalf);
    std::memcpy(to, first.data(), kHalf);
    std::memcpy(to + size - kHalf, last.data(), kHalf);
  } else {
    std::memcpy(to, from, size);
  }
}

}  // namespace nicreplay
