// SPDX-License-Identifier: MIT
#include "models/e1000/registers.h"

#include <fmt/format.h>

namespace nicreplay::e1000 {
namespace {

constexpr bool Disjoint() {
  std::array<bool, kDwords> taken{};
  for (const RegisterRow& row : kRegisters) {
    for (std::uint32_t dword = row.offset / 4; dword < row.end() / 4; ++dword) {
      if (taken.at(dword)) return false;
      taken[dword] = true;
    }
  }
  return true;
}
static_assert(Disjoint(), "two rows claim the same register");

constexpr std::array<std::uint8_t, kDwords> BuildIndex() {
  std::array<std::uint8_t, kDwords> index{};
  index.fill(kNoRow);
  for (std::size_t row = 0; row < kRegisters.size(); ++row) {
    const RegisterRow& entry = kRegisters[row];
    for (std::uint32_t dword = entry.offset / 4; dword < entry.end() / 4; ++dword) {
      index[dword] = static_cast<std::uint8_t>(row);
    }
  }
  return index;
}

}  // namespace

constinit const std::array<std::uint8_t, kDwords> kRowOfDword = BuildIndex();

std::string NameOfRegister(std::uint32_t offset) {
  const RegisterRow* row = FindRegister(offset);
  if (row == nullptr) return {};
  if (row->count == 1) return std::string(row->name);
  const std::uint32_t element = (offset - row->offset) / 4;
  if (row->offset == kRA) {
    return fmt::format("{}[{}]", element % 2 == 0 ? "RAL" : "RAH", element / 2);
  }
  return fmt::format("{}[{}]", row->name, element);
}

}  // namespace nicreplay::e1000
