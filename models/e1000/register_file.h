// SPDX-License-Identifier: MIT
// The stored values behind BAR 0, one per dword, addressed by byte offset.
#pragma once

#include <array>
#include <cstdint>

#include "models/e1000/registers.h"

namespace nicreplay::e1000 {

class RegisterFile {
 public:
  // `offset` is below kBar0Size.
  std::uint32_t& operator[](std::uint32_t offset) { return dwords_[offset / 4]; }
  std::uint32_t operator[](std::uint32_t offset) const { return dwords_[offset / 4]; }

  void Clear() { dwords_.fill(0); }

  // A ring's base address: the high dword follows the low one, whose low 4 bits do not count
  // (13.4.25, 13.4.36).
  std::uint64_t RingBase(Offset low) const {
    return (std::uint64_t{(*this)[low + 4]} << 32) + ((*this)[low] & ~0xfu);
  }

  // A ring's descriptors; `length` is RDLEN or TDLEN.
  std::uint32_t RingSize(Offset length) const { return (*this)[length] / 16; }

  template <typename Self, typename Archive>
  static void Archived(Self& self, Archive& archive) {
    archive.Registers(self.dwords_);
  }

 private:
  std::array<std::uint32_t, kDwords> dwords_{};
};

}  // namespace nicreplay::e1000
