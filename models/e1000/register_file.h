// SPDX-License-Identifier: MIT
// The stored values behind BAR 0, one per dword, addressed by byte offset.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "models/e1000/registers.h"

namespace nicreplay::e1000 {

class RegisterFile {
 public:
  // `offset` is below kBar0Size.
  std::uint32_t& operator[](std::uint32_t offset) {
    used_ |= std::uint64_t{1} << offset / kBlockSize;
    return dwords_[offset / 4];
  }
  std::uint32_t operator[](std::uint32_t offset) const { return dwords_[offset / 4]; }

  // Costs what was used since the last time: 128 KiB are most of a reset otherwise.
  void Clear() {
    for (; used_ != 0; used_ &= used_ - 1) {
      const auto block = static_cast<std::size_t>(std::countr_zero(used_));
      std::memset(&dwords_[block * kBlockSize / 4], 0, kBlockSize);
    }
  }

  // A ring's base address: the high dword follows the low one, whose low 4 bits do not count
  // (13.4.25, 13.4.36).
  std::uint64_t RingBase(Offset low) const {
    return (std::uint64_t{(*this)[low + 4]} << 32) + ((*this)[low] & ~0xfu);
  }

  // A ring's descriptors; `length` is RDLEN or TDLEN.
  std::uint32_t RingSize(Offset length) const { return (*this)[length] / 16; }

  template <typename Self, typename Archive>
  static void Archived(Self& self, Archive& archive) {
    archive.Registers(self.dwords_, self.used_);
  }

 private:
  static constexpr std::uint32_t kBlockSize = kBar0Size / 64;

  std::uint64_t used_ = 0;  // blocks that may hold something, one bit each
  std::array<std::uint32_t, kDwords> dwords_{};
};

}  // namespace nicreplay::e1000
