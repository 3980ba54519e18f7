// SPDX-License-Identifier: MIT
// The 64-word Microwire EEPROM, reached bit by bit through EECD or a word at a time through EERD
// (8254x manual, 5.4, 5.6, 13.4.3 and 13.4.4).
#pragma once

#include <array>
#include <cstdint>

#include "models/e1000/registers.h"
#include "models/e1000/settings.h"

namespace nicreplay::e1000 {

class Eeprom {
 public:
  static constexpr std::size_t kWords = 64;

  explicit Eeprom(const Settings& settings);

  std::uint32_t ReadEecd() const;
  void WriteEecd(std::uint32_t value);

  // What EERD reads while `eerd` is stored in it.
  std::uint32_t ReadEerd(std::uint32_t eerd) const;

  template <typename Self, typename Archive>
  static void Archived(Self& self, Archive& archive) {
    archive.Number(self.pins_, kKeptPins);
    archive.Number(self.shifted_in_);
    archive.Number(self.bits_in_);
    archive.Number(self.bit_out_);
    archive.Flag(self.reading_);
  }

 private:
  static constexpr std::uint32_t kKeptPins =
      eecd::kSK | eecd::kCS | eecd::kDI | eecd::kFWE | eecd::kEE_REQ;

  bool DataOut() const;

  std::array<std::uint16_t, kWords> words_;
  std::uint32_t pins_ = 0;
  std::uint32_t shifted_in_ = 0;
  std::uint16_t bits_in_ = 0;
  std::uint16_t bit_out_ = 0;  // of the whole array, most significant bit of word 0 first
  bool reading_ = false;
};

}  // namespace nicreplay::e1000
