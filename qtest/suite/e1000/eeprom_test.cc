// SPDX-License-Identifier: MIT
// The EEPROM through EERD and through the Microwire pins of EECD.
#include "qtest/suite/e1000/conformance.h"

namespace nicreplay::e1000 {
namespace {

NICREPLAY_CONFORMANCE(Eeprom);

constexpr std::uint8_t kWords = 64;
constexpr std::uint32_t kAlwaysSet = eecd::kEE_PRES | eecd::kEE_GNT;

TEST_P(Eeprom, HoldsTheStationAddress) {
  FromManual("5.6.1");
  EXPECT_EQ(nic().ReadEeprom(0), 0x5452);
  EXPECT_EQ(nic().ReadEeprom(1), 0x1200);
  EXPECT_EQ(nic().ReadEeprom(2), 0x5634);
}

TEST_P(Eeprom, HoldsTheDeviceIdentifiers) {
  FromManual("5.6");
  for (const auto& [device, id] :
       {std::pair{"82540em", 0x100e}, {"82544gc", 0x100c}, {"82545em", 0x100f}}) {
    Restart(std::string("device=") + device);
    EXPECT_EQ(nic().ReadEeprom(0x0b), id) << device;
    EXPECT_EQ(nic().ReadEeprom(0x0c), 0x8086) << device;
    EXPECT_EQ(nic().ReadEeprom(0x0d), id) << device;
    EXPECT_EQ(nic().ReadEeprom(0x0e), 0x8086) << device;
  }
}

TEST_P(Eeprom, WordsSumUpToTheSignature) {
  FromManual("5.6.35");
  for (const char* options : {"mac=52:54:00:12:34:56", "mac=02:ff:fe:fd:fc:fb"}) {
    Restart(options);
    std::uint16_t sum = 0;
    for (std::uint8_t word = 0; word < kWords; ++word) {
      sum = static_cast<std::uint16_t>(sum + nic().ReadEeprom(word));
    }
    EXPECT_EQ(sum, 0xbaba) << options;
  }
}

TEST_P(Eeprom, StationAddressIsSettable) {
  FromQemu();
  Restart("mac=02:ff:fe:fd:fc:fb");
  EXPECT_EQ(nic().ReadEeprom(0), 0xff02);
  EXPECT_EQ(nic().ReadEeprom(2), 0xfbfc);
  EXPECT_EQ(nic().Read(kRA), 0xfdfeff02u);
  EXPECT_EQ(nic().Read(kRA + 4), rah::kAV | 0xfbfcu);
}

TEST_P(Eeprom, PinsAndRegisterGiveTheSameWords) {
  FromManual("5.3");
  for (std::uint8_t word = 0; word < kWords; ++word) {
    EXPECT_EQ(nic().ReadEepromPins(word), nic().ReadEeprom(word)) << int{word};
  }
}

TEST_P(Eeprom, ReadRegisterReportsDoneWithTheWord) {
  FromManual("13.4.4");
  nic().Write(kEERD, 0x08u << eerd::kADDR_SHIFT | eerd::kSTART);
  EXPECT_EQ(nic().Read(kEERD), 0x3000u << 16 | 0x08u << 8 | eerd::kDONE);
}

TEST_P(Eeprom, ReadRegisterWithoutStartIsStorage) {
  FromQemu();
  nic().Write(kEERD, 0x12340a00);
  EXPECT_EQ(nic().Read(kEERD), 0x12340a00u);
}

// The word is looked up by all of bits 31:8: a driver that writes back what it read finds nothing.
TEST_P(Eeprom, ReadRegisterTakesTheDataFieldAsAddress) {
  FromQemu();
  const std::uint32_t stale = 0x30000a00;
  nic().Write(kEERD, stale | eerd::kSTART);
  EXPECT_EQ(nic().Read(kEERD), stale | eerd::kDONE);
}

TEST_P(Eeprom, ReadRegisterPastTheEndGivesNoData) {
  FromQemu();
  nic().Write(kEERD, 64u << eerd::kADDR_SHIFT | eerd::kSTART);
  EXPECT_EQ(nic().Read(kEERD), 64u << eerd::kADDR_SHIFT | eerd::kDONE);
}

TEST_P(Eeprom, PinsKeepWhatSoftwareDrives) {
  FromManual("13.4.3");
  const std::uint32_t driven = eecd::kFWE | eecd::kEE_REQ | eecd::kDI | eecd::kSK | eecd::kCS;
  nic().Write(kEECD, 0xffffffff);
  EXPECT_EQ(nic().Read(kEECD), driven | kAlwaysSet | eecd::kDO);
  nic().Write(kEECD, 0);
  EXPECT_EQ(nic().Read(kEECD), kAlwaysSet | eecd::kDO);
}

TEST_P(Eeprom, DataOutFloatsHighWithoutAReadCommand) {
  FromQemu();
  nic().Write(kEECD, eecd::kCS);
  const std::uint32_t write_command = 5 << 6;  // start bit, opcode 01
  for (int bit = 8; bit >= 0; --bit) {
    nic().ClockEeprom((write_command >> bit & 1) != 0 ? eecd::kDI : 0);
  }
  for (int bit = 0; bit < 16; ++bit) {
    EXPECT_NE(nic().Read(kEECD) & eecd::kDO, 0u);
    nic().ClockEeprom(0);
  }
}

TEST_P(Eeprom, DeselectionEndsTheCommand) {
  FromManual("5.3.2");
  nic().Write(kEECD, eecd::kCS);
  nic().ClockEeprom(eecd::kDI);
  nic().ClockEeprom(eecd::kDI);
  nic().Write(kEECD, 0);
  EXPECT_EQ(nic().ReadEepromPins(0x0c), 0x8086);
}

TEST_P(Eeprom, ClocksWithoutSelectionAreIgnored) {
  FromManual("5.3.2");
  for (int clock = 0; clock < 20; ++clock) {
    nic().Write(kEECD, eecd::kDI | eecd::kSK);
    nic().Write(kEECD, eecd::kDI);
  }
  EXPECT_EQ(nic().ReadEepromPins(0x0e), 0x8086);
}

// The address counts on by itself, and starts over after the last word.
TEST_P(Eeprom, ReadingOnGivesTheNextWords) {
  FromQemu();
  std::uint32_t words = nic().ReadEepromPins(0x3f, 32);
  EXPECT_EQ(words >> 16, nic().ReadEeprom(0x3f));
  EXPECT_EQ(words & 0xffff, nic().ReadEeprom(0));
  words = nic().ReadEepromPins(0x0d, 32);
  EXPECT_EQ(words, 0x100e8086u);
}

}  // namespace
}  // namespace nicreplay::e1000
