// SPDX-License-Identifier: MIT
// The archives of models/archive.h with more operations:
//   Buffer(bytes, used)     an array whose bytes from `used` on are 0
//   Registers(dwords, used) the values of BAR 0; without a bit in `used`, a block of them is 0
#pragma once

#include <array>
#include <cstdint>

#include "models/archive.h"
#include "models/e1000/registers.h"

namespace nicreplay::e1000 {

class SizeArchive : public nicreplay::SizeArchive {
 public:
  using nicreplay::SizeArchive::Buffer;
  template <std::size_t N>
  void Buffer(const std::array<std::uint8_t, N>& bytes, std::size_t) {
    Buffer(bytes);
  }
  void Registers(const std::array<std::uint32_t, kDwords>& dwords, std::uint64_t) {
    size_ += sizeof(dwords);
  }
};

class SaveArchive : public nicreplay::SaveArchive {
 public:
  using nicreplay::SaveArchive::Buffer;
  using nicreplay::SaveArchive::SaveArchive;
  template <std::size_t N>
  void Buffer(const std::array<std::uint8_t, N>& bytes, std::size_t) {
    Buffer(bytes);
  }
  void Registers(const std::array<std::uint32_t, kDwords>& dwords, std::uint64_t) {
    Put(dwords.data(), sizeof(dwords));
  }
};

class LoadArchive : public nicreplay::LoadArchive {
 public:
  using nicreplay::LoadArchive::Buffer;
  using nicreplay::LoadArchive::LoadArchive;
  template <std::size_t N>
  void Buffer(std::array<std::uint8_t, N>& bytes, std::size_t& used) {
    Buffer(bytes);
    used = N;
  }
  void Registers(std::array<std::uint32_t, kDwords>& dwords, std::uint64_t& used) {
    Take(dwords.data(), sizeof(dwords));
    used = ~std::uint64_t{0};
  }
};

// Only what is small: for a device that clears its registers and buffers otherwise.
template <typename Base>
class SmallArchive : public Base {
 public:
  using Base::Base;
  template <std::size_t N>
  void Buffer(const std::array<std::uint8_t, N>&, std::size_t = 0) {}
  void Registers(const std::array<std::uint32_t, kDwords>&, std::uint64_t) {}
};

// Whether all dwords of BAR 0 have values that their registers can hold; no register holds 0.
bool RegistersCanHold(Bytes dwords);

class CheckArchive : public nicreplay::CheckArchive {
 public:
  using nicreplay::CheckArchive::Buffer;
  using nicreplay::CheckArchive::CheckArchive;
  template <std::size_t N>
  void Buffer(const std::array<std::uint8_t, N>& bytes, std::size_t) {
    Buffer(bytes);
  }
  void Registers(const std::array<std::uint32_t, kDwords>& dwords, std::uint64_t) {
    valid_ = valid_ && RegistersCanHold({next_, sizeof(dwords)});
    next_ += sizeof(dwords);
  }
};

}  // namespace nicreplay::e1000
