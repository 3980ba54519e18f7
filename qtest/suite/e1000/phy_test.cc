// SPDX-License-Identifier: MIT
// PHY registers through MDIC.
#include "qtest/suite/e1000/conformance.h"

namespace nicreplay::e1000 {
namespace {

NICREPLAY_CONFORMANCE(Phy);

constexpr std::uint32_t kAtPhy = phy::kAddress << mdic::kPHYADD_SHIFT;

constexpr std::array<std::uint8_t, 8> kMissing = {7, 8, 11, 15, 18, 19, 22, 31};

constexpr std::uint32_t At(std::uint32_t address) {
  return kAtPhy | address << mdic::kREGADD_SHIFT;
}

TEST_P(Phy, ValuesAfterPowerOn) {
  FromManual("13.4.7.1");
  FromQemu();
  for (const auto& [address, value] : {std::pair{phy::kPCTRL, 0x1140},
                                       {phy::kPSTATUS, 0x794d},
                                       {phy::kPID1, 0x0141},
                                       {phy::kPID2, 0x0c20},
                                       {phy::kANA, 0x0de1},
                                       {phy::kPLPA, 0x01e0},
                                       {phy::kANE, 0x0000},
                                       {phy::kGCON, 0x0e00},
                                       {phy::kGSTATUS, 0x3c00},
                                       {phy::kPSCON, 0x0360},
                                       {phy::kPSSTAT, 0xac00},
                                       {phy::kEPSCON, 0x0d60},
                                       {phy::kREC, 0x0000}}) {
    const std::uint32_t expected =
        mdic::kOP_READ | mdic::kR | At(address) | static_cast<std::uint32_t>(value);
    EXPECT_EQ(nic().ReadPhy(address), expected) << int{address};
  }
}

TEST_P(Phy, IdentifierDependsOnTheChip) {
  FromManual("13.4.7.1");
  for (const auto& [device, id] : {std::pair{"82544gc", 0x0c30u}, {"82545em", 0x0c20u}}) {
    Restart(std::string("device=") + device);
    EXPECT_EQ(nic().ReadPhy(phy::kPID2) & mdic::kDATA, id) << device;
  }
}

TEST_P(Phy, WritableRegistersKeepTheirData) {
  FromManual("13.4.7.1");
  for (const std::uint8_t address : {phy::kANA, phy::kGCON, phy::kPSCON, phy::kEPSCON}) {
    EXPECT_EQ(nic().WritePhy(address, 0xa5c3), mdic::kOP_WRITE | mdic::kR | At(address) | 0xa5c3);
    EXPECT_EQ(nic().ReadPhy(address) & mdic::kDATA, 0xa5c3u) << int{address};
  }
}

TEST_P(Phy, WritesToReadOnlyRegistersAreErrors) {
  FromQemu();
  for (const std::uint8_t address : {phy::kPSTATUS, phy::kPID1, phy::kPID2, phy::kPLPA, phy::kANE,
                                     phy::kGSTATUS, phy::kPSSTAT, phy::kREC}) {
    const std::uint32_t before = nic().ReadPhy(address);
    EXPECT_EQ(nic().WritePhy(address, 0x1234),
              mdic::kOP_WRITE | mdic::kR | mdic::kE | At(address) | 0x1234)
        << int{address};
    EXPECT_EQ(nic().ReadPhy(address), before) << int{address};
  }
}

TEST_P(Phy, MissingRegistersAreErrors) {
  FromQemu();
  for (const std::uint8_t address : kMissing) {
    EXPECT_EQ(nic().ReadPhy(address), mdic::kOP_READ | mdic::kR | mdic::kE | At(address));
    EXPECT_NE(nic().WritePhy(address, 0xffff) & mdic::kE, 0u);
  }
}

TEST_P(Phy, ReadsLeaveTheDataOfTheWriteOut) {
  FromManual("13.4.7");
  nic().Write(kMDIC, mdic::kOP_READ | At(phy::kPID1) | 0xffff);
  EXPECT_EQ(nic().Read(kMDIC) & mdic::kDATA, 0x0141u);
}

TEST_P(Phy, ReadGoesBeforeWrite) {
  FromQemu();
  nic().Write(kMDIC, mdic::kOP_READ | mdic::kOP_WRITE | At(phy::kANA) | 0x1111);
  EXPECT_EQ(nic().Read(kMDIC) & mdic::kDATA, 0x0de1u);
  EXPECT_EQ(nic().ReadPhy(phy::kANA) & mdic::kDATA, 0x0de1u);
}

TEST_P(Phy, WithoutAnOperationNothingHappens) {
  FromQemu();
  nic().Write(kMDIC, At(phy::kANA) | 0x1111);
  EXPECT_EQ(nic().Read(kMDIC), At(phy::kANA) | mdic::kR | 0x1111);
  EXPECT_EQ(nic().ReadPhy(phy::kANA) & mdic::kDATA, 0x0de1u);
}

// Nobody answers: the register keeps what it had, with E and R.
TEST_P(Phy, OtherAddressesAreErrors) {
  FromQemu();
  const std::uint32_t before = nic().ReadPhy(phy::kPID1);
  for (const std::uint32_t phy_address : {0u, 2u, 31u}) {
    nic().Write(kMDIC, mdic::kOP_WRITE | phy_address << mdic::kPHYADD_SHIFT |
                           phy::kANA << mdic::kREGADD_SHIFT | 0x1111);
    EXPECT_EQ(nic().Read(kMDIC), before | mdic::kE) << phy_address;
  }
  EXPECT_EQ(nic().ReadPhy(phy::kANA) & mdic::kDATA, 0x0de1u);
}

TEST_P(Phy, InterruptOnlyWhereAskedFor) {
  FromManual("13.4.7");
  FromBug("MDIC interrupt ignoring its enable bit");
  nic().ReadPhy(phy::kPID1);
  EXPECT_EQ(nic().Read(kICR), 0u);
  nic().Write(kMDIC, mdic::kI | mdic::kOP_READ | At(phy::kPID1));
  EXPECT_EQ(nic().Read(kICR), cause::kMDAC);
  nic().Write(kMDIC, mdic::kI | mdic::kOP_WRITE | At(phy::kANA));
  EXPECT_EQ(nic().Read(kICR), cause::kMDAC);
}

TEST_P(Phy, ControlClearsReservedAndSelfClearingBits) {
  FromManual("13.4.7.1");
  const auto clears = [this] {
    nic().WritePhy(phy::kPCTRL, 0xffff);
    EXPECT_EQ(nic().ReadPhy(phy::kPCTRL) & mdic::kDATA,
              0xffffu & ~(phy::kCtrlReserved | phy::kCtrlReset | phy::kCtrlRestartAutoneg));
  };
  clears();
  if (RestartWithout("autonegotiation", Behaviour::kAutonegotiationOption)) clears();
}

TEST_P(Phy, ResetBitResetsNothing) {
  FromQemu();
  nic().WritePhy(phy::kANA, 0x1111);
  nic().WritePhy(phy::kPCTRL, phy::kCtrlReset);
  EXPECT_EQ(nic().ReadPhy(phy::kANA) & mdic::kDATA, 0x1111u);
  EXPECT_EQ(nic().ReadPhy(phy::kPCTRL) & mdic::kDATA, 0u);
}

}  // namespace
}  // namespace nicreplay::e1000
