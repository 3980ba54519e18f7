// SPDX-License-Identifier: MIT
#include "models/e1000/eeprom.h"

#include "models/e1000/test_host.h"

namespace nicreplay::e1000 {
namespace {

std::uint16_t ReadByEerd(Bench& bench, std::uint32_t word) {
  bench.Write(kEERD, word << 8 | eerd::kSTART);
  const std::uint32_t value = bench.Read(kEERD);
  EXPECT_EQ(value & 0xff1f, word << 8 | eerd::kDONE);
  return static_cast<std::uint16_t>(value >> 16);
}

void Clock(Bench& bench, std::uint32_t data_in) {
  bench.Write(kEECD, eecd::kCS | data_in);
  bench.Write(kEECD, eecd::kCS | eecd::kSK | data_in);
  bench.Write(kEECD, eecd::kCS | data_in);
}

// Microwire: start bit, opcode and address in nine bits, most significant first.
void Command(Bench& bench, std::uint32_t nine_bits) {
  bench.Write(kEECD, 0);
  for (int i = 8; i >= 0; --i) Clock(bench, (nine_bits >> i & 1) != 0 ? eecd::kDI : 0);
}

std::uint16_t ReadBits(Bench& bench) {
  std::uint16_t value = 0;
  for (int i = 0; i < 16; ++i) {
    bench.Write(kEECD, eecd::kCS | eecd::kSK);
    const bool bit = (bench.Read(kEECD) & eecd::kDO) != 0;
    value = static_cast<std::uint16_t>(value << 1 | (bit ? 1 : 0));
    bench.Write(kEECD, eecd::kCS);
  }
  return value;
}

std::uint16_t ReadByEecd(Bench& bench, std::uint32_t word) {
  Command(bench, 6u << 6 | word);
  return ReadBits(bench);
}

TEST(Eeprom, HoldsAddressIdentityAndAChecksumThatFits) {
  Bench bench("device=82545em,mac=02:03:04:05:06:07");
  EXPECT_EQ(ReadByEerd(bench, 0), 0x0302);
  EXPECT_EQ(ReadByEerd(bench, 1), 0x0504);
  EXPECT_EQ(ReadByEerd(bench, 2), 0x0706);
  EXPECT_EQ(ReadByEerd(bench, 0x0d), 0x100f);
  EXPECT_EQ(ReadByEerd(bench, 0x0e), 0x8086);
  std::uint16_t sum = 0;
  for (std::uint32_t word = 0; word < 64; ++word) {
    sum = static_cast<std::uint16_t>(sum + ReadByEerd(bench, word));
  }
  EXPECT_EQ(sum, 0xbaba);
}

TEST(Eeprom, ReadsTheSameThroughBothRegisters) {
  Bench bench;
  for (std::uint32_t word = 0; word < 64; ++word) {
    EXPECT_EQ(ReadByEecd(bench, word), ReadByEerd(bench, word)) << word;
  }
}

TEST(Eeprom, EecdReadGoesOnWithTheNextWord) {
  Bench bench;
  ReadByEecd(bench, 0x0d);
  EXPECT_EQ(ReadBits(bench), 0x8086);
}

TEST(Eeprom, AReadGoesOnUntilTheChipIsDeselected) {
  Bench bench;
  ReadByEecd(bench, 0x0d);
  // Bits are counted in 16 bits: the ninth after the counter wrapped is no new command.
  for (int i = 0; i < 0x10000; ++i) Clock(bench, 0);
  EXPECT_EQ(ReadBits(bench), 0x8086) << "a multiple of the EEPROM's size later";
}

TEST(Eeprom, DataOutIsHighUnlessReading) {
  Bench bench;
  EXPECT_EQ(bench.Read(kEECD), eecd::kEE_PRES | eecd::kEE_GNT | eecd::kDO);
  Command(bench, 5u << 6 | 0x0c);  // write
  EXPECT_NE(bench.Read(kEECD) & eecd::kDO, 0u);
}

TEST(Eeprom, KeepsThePinsThatADriverDrives) {
  Bench bench;
  bench.Write(kEECD, UINT32_MAX);
  EXPECT_EQ(bench.Read(kEECD), 0x1ffu);
}

TEST(Eeprom, EerdWithoutStartReadsWhatWasWritten) {
  Bench bench;
  bench.Write(kEERD, 0xdead0500);
  EXPECT_EQ(bench.Read(kEERD), 0xdead0500u);
}

TEST(Eeprom, EerdTakesAllHighBitsAsAddress) {
  Bench bench;
  bench.Write(kEERD, 0x00010000 | eerd::kSTART);
  EXPECT_EQ(bench.Read(kEERD), 0x00010000 | eerd::kDONE);
}

}  // namespace
}  // namespace nicreplay::e1000
