// SPDX-License-Identifier: MIT
#include "models/e1000/archive.h"

namespace nicreplay::e1000 {
namespace {

constexpr std::uint32_t HeldBits(const RegisterRow& row) {
  if (row.offset == kTDT) return kRingIndexBits;
  switch (row.write) {
    case WriteRule::kLow16:
    case WriteRule::kRdt:
      return kRingIndexBits;
    case WriteRule::kRingLength:
      return kRingLengthBits;
    case WriteRule::kCtrl:
      return ~ctrl::kRST;
    case WriteRule::kEecd:  // kept in the EEPROM's own state
    case WriteRule::kImc:
      return 0;
    default:
      return UINT32_MAX;
  }
}

// By row number; dwords without a row (kNoRow) hold nothing.
constexpr std::array<std::uint32_t, kNoRow + 1> kHeldBits = [] {
  std::array<std::uint32_t, kNoRow + 1> held{};
  for (std::size_t row = 0; row < kRegisters.size(); ++row) held[row] = HeldBits(kRegisters[row]);
  return held;
}();

}  // namespace

bool RegistersCanHold(Bytes dwords) {
  std::uint32_t excess = 0;
  for (std::size_t i = 0; i < kDwords; ++i) {
    std::uint32_t value = 0;
    std::memcpy(&value, dwords.data() + i * sizeof(value), sizeof(value));
    excess |= value & ~kHeldBits[kRowOfDword[i]];
  }
  return excess == 0;
}

}  // namespace nicreplay::e1000
