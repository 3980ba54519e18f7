// SPDX-License-Identifier: MIT
// The archives of models/archive.h with one more operation:
//   Registers(dwords)  the values of BAR 0
#pragma once

#include <array>
#include <cstdint>

#include "models/archive.h"
#include "models/e1000/registers.h"

namespace nicreplay::e1000 {

class SizeArchive : public nicreplay::SizeArchive {
 public:
  void Registers(const std::array<std::uint32_t, kDwords>& dwords) { size_ += sizeof(dwords); }
};

class SaveArchive : public nicreplay::SaveArchive {
 public:
  using nicreplay::SaveArchive::SaveArchive;
  void Registers(const std::array<std::uint32_t, kDwords>& dwords) {
    Put(dwords.data(), sizeof(dwords));
  }
};

class LoadArchive : public nicreplay::LoadArchive {
 public:
  using nicreplay::LoadArchive::LoadArchive;
  void Registers(std::array<std::uint32_t, kDwords>& dwords) {
    Take(dwords.data(), sizeof(dwords));
  }
};

// Whether all dwords of BAR 0 have values that their registers can hold; no register holds 0.
bool RegistersCanHold(Bytes dwords);

class CheckArchive : public nicreplay::CheckArchive {
 public:
  using nicreplay::CheckArchive::CheckArchive;
  void Registers(const std::array<std::uint32_t, kDwords>& dwords) {
    valid_ = valid_ && RegistersCanHold({next_, sizeof(dwords)});
    next_ += sizeof(dwords);
  }
};

}  // namespace nicreplay::e1000
