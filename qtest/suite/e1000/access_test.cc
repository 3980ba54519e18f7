// SPDX-License-Identifier: MIT
// Accesses of other sizes than a register's, and the BAR that nothing is behind.  The manual wants
// 32-bit accesses only (13.3).
#include "qtest/suite/e1000/conformance.h"

namespace nicreplay::e1000 {
namespace {

NICREPLAY_CONFORMANCE(AccessSizes);

TEST_P(AccessSizes, NarrowReadsGiveTheLowBitsAtAnyOffset) {
  FromQemu();
  nic().Write(kRDBAL, 0x89abcdef);
  for (std::uint32_t byte = 0; byte < 4; ++byte) {
    EXPECT_EQ(nic().ReadBar(0, kRDBAL + byte, 1), 0xefu) << byte;
  }
  for (std::uint32_t byte = 0; byte < 4; byte += 2) {
    EXPECT_EQ(nic().ReadBar(0, kRDBAL + byte, 2), 0xcdefu) << byte;
  }
}

TEST_P(AccessSizes, NarrowReadsHaveTheSideEffects) {
  FromQemu();
  nic().Write(kICS, cause::kRXT0 | cause::kLSC);
  EXPECT_EQ(nic().ReadBar(0, kICR + 3, 1), cause::kRXT0 | cause::kLSC);
  EXPECT_EQ(nic().Read(kICR), 0u);
}

TEST_P(AccessSizes, NarrowWritesReplaceTheWholeRegister) {
  FromQemu();
  for (const std::uint32_t byte : {0u, 1u, 3u}) {
    nic().Write(kRDBAL, 0x89abcdef);
    nic().WriteBar(0, kRDBAL + byte, 1, 0x12);
    EXPECT_EQ(nic().Read(kRDBAL), 0x12u) << byte;
  }
  for (const std::uint32_t byte : {0u, 2u}) {
    nic().Write(kRDBAL, 0x89abcdef);
    nic().WriteBar(0, kRDBAL + byte, 2, 0x3456);
    EXPECT_EQ(nic().Read(kRDBAL), 0x3456u) << byte;
  }
}

TEST_P(AccessSizes, NarrowDoorbellWorksTheRing) {
  FromQemu();
  nic().StartTransmit();
  const std::uint32_t index = nic().PostLegacy(MakeFrame(64), txd::kEOP | txd::kRS);
  nic().WriteBar(0, kTDT, 1, 1);
  EXPECT_EQ(nic().Sent().size(), 1u);
  EXPECT_EQ(nic().TxAt(index).upper, txd::kStatusDD);
}

TEST_P(AccessSizes, QuadwordsAreTwoRegisters) {
  FromQemu();
  nic().WriteBar(0, kTDBAL, 8, 0x0123456789abcde0);
  EXPECT_EQ(nic().Read(kTDBAL), 0x89abcde0u);
  EXPECT_EQ(nic().Read(kTDBAH), 0x01234567u);
  EXPECT_EQ(nic().ReadBar(0, kTDBAL, 8), 0x0123456789abcde0u);
}

// The high half of a counter clears both: read second, it leaves the low half whole.
TEST_P(AccessSizes, QuadwordsGoLowRegisterFirst) {
  FromQemu();
  nic().StartTransmit();
  nic().Send(MakeFrame(100));
  EXPECT_EQ(nic().ReadBar(0, kTOTL, 8), 100u + kFcs);
  EXPECT_EQ(nic().ReadBar(0, kTOTL, 8), 0u);
}

TEST_P(AccessSizes, QuadwordsMeetGapsAsNothing) {
  FromQemu();
  nic().WriteBar(0, kRDH, 8, 0x0000000500000007);
  EXPECT_EQ(nic().ReadBar(0, kRDH, 8), 7u);
}

// 13.3.2: IOADDR and IODATA reach the registers on the 8254x.
TEST_P(AccessSizes, IoSpaceIsEmpty) {
  FromQemu();
  for (const std::uint8_t size : std::array<std::uint8_t, 3>{1, 2, 4}) {
    nic().WriteBar(1, 0, size, 0xff);
    EXPECT_EQ(nic().ReadBar(1, 0, size), 0u);
    nic().WriteBar(1, 4, size, 0xff);
    EXPECT_EQ(nic().ReadBar(1, 4, size), 0u);
  }
  EXPECT_EQ(nic().Read(kCTRL), 0x00140240u);
}

}  // namespace
}  // namespace nicreplay::e1000
