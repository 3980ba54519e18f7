// SPDX-License-Identifier: MIT
#include "models/e1000/eeprom.h"

namespace nicreplay::e1000 {
namespace {

constexpr std::uint16_t kErased = 0xffff;
constexpr std::size_t kDeviceIdWord = 0x0d;
constexpr std::size_t kSubsystemIdWord = 0x0b;
constexpr std::size_t kChecksumWord = 0x3f;
constexpr std::uint16_t kChecksumTotal = 0xbaba;  // 5.6.35: the sum of words 0x00 to 0x3f

constexpr std::uint16_t kReadCommand = 6;    // start bit and opcode, 3 bits
constexpr std::uint16_t kCommandLength = 9;  // and 6 bits of address
constexpr std::uint32_t kAddressMask = 0x3f;

struct Word {
  std::uint8_t index;
  std::uint16_t value;
};
// Stock QEMU's image beside the address, the device identifiers and the checksum (table 5-2).
constexpr std::array kImage = {
    Word{0x03, 0x0000}, Word{0x05, 0x0000}, Word{0x06, 0x0000}, Word{0x07, 0x0000},
    Word{0x08, 0x3000}, Word{0x09, 0x1000}, Word{0x0a, 0x6403}, Word{0x0c, 0x8086},
    Word{0x0e, 0x8086}, Word{0x0f, 0x3040}, Word{0x10, 0x0008}, Word{0x11, 0x2000},
    Word{0x12, 0x7e14}, Word{0x13, 0x0048}, Word{0x14, 0x1000}, Word{0x15, 0x00d8},
    Word{0x16, 0x0000}, Word{0x17, 0x2700}, Word{0x18, 0x6cc9}, Word{0x19, 0x3150},
    Word{0x1a, 0x0722}, Word{0x1b, 0x040b}, Word{0x1c, 0x0984}, Word{0x1d, 0x0000},
    Word{0x1e, 0xc000}, Word{0x1f, 0x0706}, Word{0x20, 0x1008}, Word{0x21, 0x0000},
    Word{0x22, 0x0f04}, Word{0x23, 0x7fff}, Word{0x24, 0x4d01}, Word{0x30, 0x0100},
    Word{0x31, 0x4000}, Word{0x32, 0x121c},
};

}  // namespace

Eeprom::Eeprom(const Settings& settings) {
  words_.fill(kErased);
  for (std::size_t i = 0; i < 3; ++i) {
    words_[i] = static_cast<std::uint16_t>(settings.mac[2 * i] | settings.mac[2 * i + 1] << 8);
  }
  for (const Word& word : kImage) words_[word.index] = word.value;
  words_[kSubsystemIdWord] = words_[kDeviceIdWord] = settings.device_id();
  std::uint16_t checksum = kChecksumTotal;
  for (std::size_t i = 0; i < kChecksumWord; ++i) {
    checksum = static_cast<std::uint16_t>(checksum - words_[i]);
  }
  words_[kChecksumWord] = checksum;
}

bool Eeprom::DataOut() const {
  if (!reading_) return true;  // DO floats high
  const std::uint16_t word = words_[(bit_out_ / 16) % kWords];
  return (word >> (15 - bit_out_ % 16) & 1) != 0;
}

std::uint32_t Eeprom::ReadEecd() const {
  return pins_ | eecd::kEE_PRES | eecd::kEE_GNT | (DataOut() ? eecd::kDO : 0);
}

void Eeprom::WriteEecd(std::uint32_t value) {
  const std::uint32_t changed = value ^ pins_;
  pins_ = value & kKeptPins;
  if ((value & eecd::kCS) == 0) return;
  if ((changed & eecd::kCS) != 0) {
    shifted_in_ = 0;
    bits_in_ = 0;
    bit_out_ = 0;
    reading_ = false;
  }
  if ((changed & eecd::kSK) == 0) return;
  if ((value & eecd::kSK) == 0) {
    ++bit_out_;
    return;
  }
  shifted_in_ = shifted_in_ << 1 | ((value & eecd::kDI) != 0 ? 1 : 0);
  if (++bits_in_ != kCommandLength || reading_) return;
  // One before the word: the falling edge that ends the command advances to its first bit.
  bit_out_ = static_cast<std::uint16_t>((shifted_in_ & kAddressMask) * 16 - 1);
  reading_ = (shifted_in_ >> 6 & 7) == kReadCommand;
}

std::uint32_t Eeprom::ReadEerd(std::uint32_t eerd) const {
  if ((eerd & eerd::kSTART) == 0) return eerd;
  const std::uint32_t done = (eerd & ~eerd::kSTART) | eerd::kDONE;
  // Stock QEMU takes all of bits 31:8 as the address, also what an earlier read left there.
  const std::uint32_t address = eerd >> eerd::kADDR_SHIFT;
  if (address >= kWords) return done;
  return done | std::uint32_t{words_[address]} << eerd::kDATA_SHIFT;
}

}  // namespace nicreplay::e1000
