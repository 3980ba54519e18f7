// SPDX-License-Identifier: MIT
// Network byte order in unaligned bytes.
#pragma once

#include <cstdint>

namespace nicreplay {

inline std::uint16_t LoadBe16(const std::uint8_t* bytes) {
  return static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]);
}

inline void StoreBe16(std::uint8_t* bytes, std::uint32_t value) {
  bytes[0] = static_cast<std::uint8_t>(value >> 8);
  bytes[1] = static_cast<std::uint8_t>(value);
}

inline std::uint32_t LoadBe32(const std::uint8_t* bytes) {
  return std::uint32_t{LoadBe16(bytes)} << 16 | LoadBe16(bytes + 2);
}

inline void StoreBe32(std::uint8_t* bytes, std::uint32_t value) {
  StoreBe16(bytes, value >> 16);
  StoreBe16(bytes + 2, value);
}

}  // namespace nicreplay
