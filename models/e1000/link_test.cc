// SPDX-License-Identifier: MIT
#include "models/e1000/link.h"

#include "models/e1000/test_host.h"

namespace nicreplay::e1000 {
namespace {

constexpr std::uint32_t kPhy1 = 1u << mdic::kPHYADD_SHIFT;
constexpr std::uint16_t kAutonegAndRestart = phy::kCtrlAutonegEnable | phy::kCtrlRestartAutoneg;

std::uint32_t Mdic(Bench& bench, std::uint32_t command) {
  bench.Write(kMDIC, command);
  return bench.Read(kMDIC);
}
// With data bits set in the command, which the answer replaces.
std::uint16_t ReadPhy(Bench& bench, std::uint32_t address) {
  const std::uint32_t value = Mdic(bench, kPhy1 | mdic::kOP_READ | address << 16 | mdic::kDATA);
  EXPECT_EQ(value & (mdic::kE | mdic::kR), mdic::kR) << address;
  return static_cast<std::uint16_t>(value);
}
void WritePhy(Bench& bench, std::uint32_t address, std::uint16_t value) {
  bench.Write(kMDIC, kPhy1 | mdic::kOP_WRITE | address << 16 | value);
}

TEST(Phy, HasItsIdentityAndDefaults) {
  Bench bench;
  EXPECT_EQ(ReadPhy(bench, phy::kPCTRL), 0x1140);
  EXPECT_EQ(ReadPhy(bench, phy::kPSTATUS), 0x794d);
  EXPECT_EQ(ReadPhy(bench, phy::kPID1), 0x0141);
  EXPECT_EQ(ReadPhy(bench, phy::kPID2), 0x0c20);
  EXPECT_EQ(ReadPhy(bench, phy::kGSTATUS), 0x3c00);
  Bench other("device=82544gc");
  EXPECT_EQ(ReadPhy(other, phy::kPID2), 0x0c30);
}

TEST(Phy, WritesWhatIsWritable) {
  Bench bench;
  WritePhy(bench, phy::kANA, 0x1234);
  EXPECT_EQ(ReadPhy(bench, phy::kANA), 0x1234);
  EXPECT_EQ(Mdic(bench, kPhy1 | mdic::kOP_WRITE | phy::kPID1 << 16 | 7) & mdic::kE, mdic::kE);
  EXPECT_EQ(ReadPhy(bench, phy::kPID1), 0x0141);
  EXPECT_EQ(Mdic(bench, kPhy1 | mdic::kOP_READ | 7u << 16) & mdic::kE, mdic::kE);
}

TEST(Phy, ControlKeepsNeitherReservedNorSelfClearingBits) {
  Bench bench("autonegotiation=off");
  WritePhy(bench, phy::kPCTRL, 0xffff);
  EXPECT_EQ(ReadPhy(bench, phy::kPCTRL), 0x7dc0);
}

TEST(Phy, AnotherAddressKeepsTheRegisterAndFlagsAnError) {
  Bench bench;
  const std::uint32_t before = Mdic(bench, kPhy1 | mdic::kOP_READ | phy::kPID1 << 16);
  EXPECT_EQ(Mdic(bench, 2u << mdic::kPHYADD_SHIFT | mdic::kOP_READ | 0xabc), before | mdic::kE);
}

TEST(Phy, RaisesMdacOnlyWhenAsked) {
  Bench bench;
  bench.Write(kMDIC, kPhy1 | mdic::kOP_READ | phy::kPID1 << 16);
  EXPECT_EQ(bench.Read(kICR), 0u);
  bench.Write(kMDIC, kPhy1 | mdic::kOP_READ | phy::kPID1 << 16 | mdic::kI);
  EXPECT_EQ(bench.Read(kICR), cause::kMDAC);
}

TEST(Link, NegotiationTakesHalfASecondInWholeMilliseconds) {
  Bench bench;
  bench.host.now = 3'700'000;
  WritePhy(bench, phy::kPCTRL, kAutonegAndRestart);
  EXPECT_EQ(bench.Read(kSTATUS) & status::kLU, 0u);
  EXPECT_EQ(ReadPhy(bench, phy::kPSTATUS), 0x7949);
  EXPECT_EQ(bench.Read(kICR), 0u) << "a driver's own restart is no link change";
  EXPECT_EQ(bench.host.timers.at(kAutonegotiationTimer), 503'000'000u);

  bench.FireTimer(kAutonegotiationTimer);
  EXPECT_NE(bench.Read(kSTATUS) & status::kLU, 0u);
  EXPECT_EQ(ReadPhy(bench, phy::kPSTATUS), 0x796d);
  EXPECT_EQ(ReadPhy(bench, phy::kPLPA), 0x41e0);
  EXPECT_EQ(bench.Read(kICR), cause::kLSC);
  EXPECT_EQ(bench.host.flushes, 1);
}

TEST(Link, NoRestartWithoutNegotiation) {
  Bench off("autonegotiation=off");
  WritePhy(off, phy::kPCTRL, kAutonegAndRestart);
  EXPECT_NE(off.Read(kSTATUS) & status::kLU, 0u);
  Bench disabled;
  WritePhy(disabled, phy::kPCTRL, phy::kCtrlRestartAutoneg);
  EXPECT_NE(disabled.Read(kSTATUS) & status::kLU, 0u);
}

TEST(Link, DownDropsStatusAndNegotiation) {
  Bench bench;
  bench.device->SetLink(LinkState::kDown);
  EXPECT_EQ(bench.Read(kSTATUS) & status::kLU, 0u);
  EXPECT_EQ(bench.Read(kICR), cause::kLSC);
  bench.device->SetLink(LinkState::kDown);
  EXPECT_EQ(bench.Read(kICR), 0u) << "nothing changed";
}

TEST(Link, UpBeforeNegotiationIsCompleteStartsIt) {
  Bench bench;
  bench.device->SetLink(LinkState::kUp);
  EXPECT_EQ(bench.Read(kSTATUS) & status::kLU, 0u);
  EXPECT_EQ(bench.Read(kICR), cause::kLSC);
  bench.FireTimer(kAutonegotiationTimer);
  bench.Read(kICR);
  bench.device->SetLink(LinkState::kUp);
  EXPECT_NE(bench.Read(kSTATUS) & status::kLU, 0u);
  EXPECT_EQ(bench.Read(kICR), 0u);
  EXPECT_EQ(bench.host.flushes, 2);
}

TEST(Link, NegotiationEndsInNothingWithoutACable) {
  Bench bench;
  WritePhy(bench, phy::kPCTRL, kAutonegAndRestart);
  bench.device->SetLink(LinkState::kDown);
  bench.FireTimer(kAutonegotiationTimer);
  EXPECT_EQ(bench.Read(kSTATUS) & status::kLU, 0u);
  EXPECT_EQ(bench.Read(kICR), 0u);
}

TEST(Link, WithoutNegotiationItComesUpAtOnce) {
  Bench bench("autonegotiation=off");
  bench.device->SetLink(LinkState::kDown);
  bench.device->SetLink(LinkState::kUp);
  EXPECT_NE(bench.Read(kSTATUS) & status::kLU, 0u);
  EXPECT_EQ(bench.Read(kICR), cause::kLSC);
  EXPECT_EQ(bench.host.flushes, 1);
}

TEST(Link, SurvivesAReset) {
  Bench bench;
  bench.device->SetLink(LinkState::kDown);
  bench.device->Reset();
  EXPECT_EQ(bench.Read(kSTATUS), 0x80080781u);
}

}  // namespace
}  // namespace nicreplay::e1000
