// SPDX-License-Identifier: MIT
// Link state and autonegotiation.
#include "qtest/suite/e1000/conformance.h"

namespace nicreplay::e1000 {
namespace {

constexpr Nanoseconds kNegotiation = 500 * kMillisecond;

class Link : public Conformance {
 protected:
  bool Up() { return (nic().Read(kSTATUS) & status::kLU) != 0; }
  std::uint32_t PhyStatus() { return nic().ReadPhy(phy::kPSTATUS) & mdic::kDATA; }
  std::uint32_t Partner() { return nic().ReadPhy(phy::kPLPA) & mdic::kDATA; }
  void RestartNegotiation() {
    nic().WritePhy(phy::kPCTRL, phy::kCtrlAutonegEnable | phy::kCtrlRestartAutoneg);
  }
  void Negotiate() {
    RestartNegotiation();
    nic().Wait(kNegotiation);
    nic().Read(kICR);
  }
};
NICREPLAY_CONFORMANCE_INSTANCES(Link);

TEST_P(Link, IsUpAfterPowerOn) {
  FromQemu();
  EXPECT_TRUE(Up());
  EXPECT_EQ(PhyStatus() & phy::kStatusLink, phy::kStatusLink);
  EXPECT_EQ(PhyStatus() & phy::kStatusAutonegDone, 0);
}

TEST_P(Link, LossIsReported) {
  FromManual("13.4.2, 13.4.17");
  nic().SetLink(LinkState::kDown);
  EXPECT_FALSE(Up());
  EXPECT_EQ(PhyStatus() & phy::kStatusLink, 0);
  EXPECT_EQ(nic().Read(kICR), cause::kLSC);
}

TEST_P(Link, SecondLossIsNot) {
  FromQemu();
  nic().SetLink(LinkState::kDown);
  nic().Read(kICR);
  nic().SetLink(LinkState::kDown);
  EXPECT_EQ(nic().Read(kICR), 0u);
}

TEST_P(Link, NegotiationDropsTheLinkForHalfASecond) {
  FromQemu();
  RestartNegotiation();
  EXPECT_FALSE(Up());
  EXPECT_EQ(PhyStatus() & (phy::kStatusLink | phy::kStatusAutonegDone), 0);
  EXPECT_EQ(nic().Read(kICR), 0u) << "LSC only when it is over";
  nic().Wait(kNegotiation - 1);
  EXPECT_FALSE(Up());
  nic().Wait(1);
  EXPECT_TRUE(Up());
  EXPECT_EQ(PhyStatus() & (phy::kStatusLink | phy::kStatusAutonegDone),
            phy::kStatusLink | phy::kStatusAutonegDone);
  EXPECT_EQ(Partner(), 0x01e0u | phy::kPartnerAcknowledge);
  EXPECT_EQ(nic().Read(kICR), cause::kLSC);
}

// The deadline counts from the last whole millisecond.
TEST_P(Link, NegotiationEndsOnAWholeMillisecond) {
  FromQemu();
  nic().Wait(999 * kMicrosecond);
  RestartNegotiation();
  nic().Wait(kNegotiation - kMillisecond);
  EXPECT_FALSE(Up());
  nic().Wait(kMicrosecond);
  EXPECT_TRUE(Up());
}

TEST_P(Link, NegotiationStartsOver) {
  FromQemu();
  RestartNegotiation();
  nic().Wait(400 * kMillisecond);
  RestartNegotiation();
  nic().Wait(400 * kMillisecond);
  EXPECT_FALSE(Up());
  nic().Wait(100 * kMillisecond);
  EXPECT_TRUE(Up());
}

TEST_P(Link, NegotiationNeedsItsEnableBit) {
  FromManual("13.4.7.1");
  nic().WritePhy(phy::kPCTRL, phy::kCtrlRestartAutoneg);
  EXPECT_TRUE(Up());
}

TEST_P(Link, NegotiationWhileTheCableIsOutLeavesTheLinkDown) {
  FromQemu();
  nic().SetLink(LinkState::kDown);
  nic().Read(kICR);
  RestartNegotiation();
  nic().Wait(2 * kNegotiation);
  EXPECT_FALSE(Up());
  EXPECT_EQ(nic().Read(kICR), 0u);
}

TEST_P(Link, ReturnAfterNegotiationIsImmediate) {
  FromQemu();
  Negotiate();
  nic().SetLink(LinkState::kDown);
  EXPECT_EQ(PhyStatus() & phy::kStatusAutonegDone, 0);
  EXPECT_EQ(Partner(), 0x01e0u);
  EXPECT_EQ(nic().Read(kICR), cause::kLSC);
}

// The cable comes back: the partners negotiate, and LSC tells of the end.
TEST_P(Link, ReturnNegotiates) {
  FromQemu();
  nic().SetLink(LinkState::kDown);
  nic().Read(kICR);
  nic().SetLink(LinkState::kUp);
  EXPECT_FALSE(Up());
  EXPECT_EQ(nic().Read(kICR), 0u);
  nic().Wait(kNegotiation);
  EXPECT_TRUE(Up());
  EXPECT_EQ(nic().Read(kICR), cause::kLSC);
}

// The link was up, but never negotiated: "up" again drops it, with LSC.
TEST_P(Link, UpBeforeNegotiationDropsTheLink) {
  FromQemu();
  nic().SetLink(LinkState::kUp);
  EXPECT_FALSE(Up());
  EXPECT_EQ(nic().Read(kICR), cause::kLSC);
  nic().Wait(kNegotiation);
  EXPECT_TRUE(Up());
  EXPECT_EQ(nic().Read(kICR), cause::kLSC);
}

TEST_P(Link, UpAfterNegotiationChangesNothing) {
  FromQemu();
  Negotiate();
  nic().SetLink(LinkState::kUp);
  EXPECT_TRUE(Up());
  EXPECT_EQ(nic().Read(kICR), 0u);
}

TEST_P(Link, ReturnWithoutNegotiationIsImmediate) {
  FromQemu();
  const auto returns = [this] {
    nic().WritePhy(phy::kPCTRL, 0);
    nic().SetLink(LinkState::kDown);
    nic().Read(kICR);
    nic().SetLink(LinkState::kUp);
    EXPECT_TRUE(Up());
    EXPECT_EQ(nic().Read(kICR), cause::kLSC);
  };
  returns();
  if (RestartWithout("autonegotiation", Behaviour::kAutonegotiationOption)) returns();
}

TEST_P(Link, WithoutTheFeatureThereIsNoNegotiation) {
  FromQemu();
  if (!RestartWithout("autonegotiation", Behaviour::kAutonegotiationOption)) return;
  RestartNegotiation();
  EXPECT_TRUE(Up());
  nic().SetLink(LinkState::kDown);
  nic().SetLink(LinkState::kUp);
  EXPECT_TRUE(Up());
}

TEST_P(Link, LossDuringNegotiationKeepsTheLinkDown) {
  FromQemu();
  RestartNegotiation();
  nic().Wait(100 * kMillisecond);
  nic().SetLink(LinkState::kDown);
  EXPECT_EQ(nic().Read(kICR), 0u) << "STATUS did not change";
  nic().Wait(kNegotiation);
  EXPECT_FALSE(Up());
  EXPECT_EQ(nic().Read(kICR), 0u);
}

TEST_P(Link, FrameOfferedDuringNegotiationIsLost) {
  FromQemu();
  nic().StartReceive();
  RestartNegotiation();
  nic().Receive(MakeFrame(64));
  nic().Write(kRDT, 8);
  nic().Wait(kNegotiation);
  EXPECT_EQ(nic().Read(kRDH), 0u);
}

TEST_P(Link, FramesWaitForTheEndOfNegotiation) {
  FromQemu();
  nic().StartReceive();
  RestartNegotiation();
  nic().Receive(MakeFrame(64));
  EXPECT_EQ(nic().Read(kRDH), 0u);
  nic().Wait(kNegotiation);
  EXPECT_EQ(nic().Read(kRDH), 1u);
}

// The network keeps what the device is not ready for, whatever the reason.
TEST_P(Link, FramesWaitForTheCable) {
  FromQemu();
  nic().StartReceive();
  nic().WritePhy(phy::kPCTRL, 0);
  nic().SetLink(LinkState::kDown);
  nic().Receive(MakeFrame(64));
  EXPECT_EQ(nic().Read(kRDH), 0u);
  nic().SetLink(LinkState::kUp);
  EXPECT_EQ(nic().Read(kRDH), 1u);
}

}  // namespace
}  // namespace nicreplay::e1000
