// SPDX-License-Identifier: MIT
// Interrupt moderation: after a rising edge, QEMU opens a window in which the line may fall but not
// rise.
#include "qtest/suite/e1000/conformance.h"

namespace nicreplay::e1000 {
namespace {

constexpr Nanoseconds kUnit = 256;  // of ITR; RADV and TADV count four
constexpr Nanoseconds kShortestWindow = 500 * kUnit;

class Moderation : public Conformance {
 protected:
  // An interrupt just opened a window: the next one comes at its end.
  void ExpectWindow(Nanoseconds length) {
    EXPECT_TRUE(nic().line_high());
    nic().Read(kICR);
    EXPECT_FALSE(nic().line_high()) << "a falling edge is immediate";
    nic().Write(kIMS, cause::kLSC);
    nic().Write(kICS, cause::kLSC);
    EXPECT_FALSE(nic().line_high()) << "a rising edge waits";
    nic().Wait(length - 1);
    EXPECT_FALSE(nic().line_high()) << "it waits to the end";
    nic().Wait(1);
    EXPECT_TRUE(nic().line_high()) << "and no longer";
    nic().Read(kICR);
    nic().Write(kIMC, cause::kLSC);
    nic().Wait(kSecond);
  }

  void RaiseByCause(std::uint32_t causes) {
    nic().Write(kIMS, causes);
    nic().Write(kICS, causes);
  }
};
NICREPLAY_CONFORMANCE_INSTANCES(Moderation);

TEST_P(Moderation, FirstEdgeIsImmediate) {
  FromQemu();
  nic().Write(kITR, 0xffff);
  RaiseByCause(cause::kRXT0);
  EXPECT_TRUE(nic().line_high());
}

TEST_P(Moderation, ShortestWindow) {
  FromManual("13.4.18");
  FromBug("no 500-unit floor of the moderation window");
  RaiseByCause(cause::kLSC);
  ExpectWindow(kShortestWindow);
  nic().Write(kITR, 499);
  RaiseByCause(cause::kLSC);
  ExpectWindow(kShortestWindow);
}

TEST_P(Moderation, ThrottlingRegisterSetsTheWindow) {
  FromManual("13.4.18");
  nic().Write(kITR, 501);
  RaiseByCause(cause::kLSC);
  ExpectWindow(501 * kUnit);
  nic().Write(kITR, 0xffff);
  RaiseByCause(cause::kLSC);
  ExpectWindow(0xffff * kUnit);
}

TEST_P(Moderation, WindowHoldsWhenTheRegisterChanges) {
  FromQemu();
  nic().Write(kITR, 1000);
  RaiseByCause(cause::kLSC);
  nic().Write(kITR, 2000);
  ExpectWindow(1000 * kUnit);
}

TEST_P(Moderation, ReceiveDelay) {
  FromManual("13.4.31");
  nic().Write(kRDTR, 1);
  nic().Write(kRADV, 300);
  RaiseByCause(cause::kRXT0);
  ExpectWindow(4 * 300 * kUnit);
}

TEST_P(Moderation, ReceiveDelayNeedsTheRelativeDelay) {
  FromManual("13.4.31");
  nic().Write(kRADV, 300);
  RaiseByCause(cause::kRXT0);
  ExpectWindow(kShortestWindow);
}

TEST_P(Moderation, ReceiveDelayIsForReceivedFrames) {
  FromQemu();
  nic().Write(kRDTR, 1);
  nic().Write(kRADV, 300);
  RaiseByCause(cause::kRXDMT0);
  ExpectWindow(kShortestWindow);
}

TEST_P(Moderation, ReceiveDelayIgnoresMaskedCauses) {
  FromQemu();
  nic().Write(kRDTR, 1);
  nic().Write(kRADV, 300);
  nic().Write(kICS, cause::kRXT0);
  RaiseByCause(cause::kLSC);
  ExpectWindow(kShortestWindow);
}

TEST_P(Moderation, TransmitDelayWhereADescriptorAsksForIt) {
  FromManual("3.4.3.1, 13.4.44");
  nic().StartTransmit();
  nic().Write(kTADV, 400);
  nic().Write(kIMS, cause::kTXDW);
  nic().Send(MakeFrame(64), txd::kIDE | txd::kRS);
  ExpectWindow(4 * 400 * kUnit);
}

TEST_P(Moderation, TransmitDelayNeedsIde) {
  FromManual("3.4.3.1");
  nic().StartTransmit();
  nic().Write(kTADV, 400);
  nic().Write(kIMS, cause::kTXDW);
  nic().Send(MakeFrame(64), txd::kRS);
  ExpectWindow(kShortestWindow);
}

TEST_P(Moderation, TransmitDelayOfTheQueueRunningEmpty) {
  FromQemu();
  nic().StartTransmit();
  nic().Write(kTADV, 400);
  nic().Write(kIMS, cause::kTXQE);
  nic().Send(MakeFrame(64), txd::kIDE);
  ExpectWindow(4 * 400 * kUnit);
}

TEST_P(Moderation, TransmitDelayOfAContextDescriptor) {
  FromQemu();
  nic().StartTransmit();
  nic().Write(kTADV, 400);
  nic().Write(kIMS, cause::kTXQE);
  ContextDescriptor context;
  context.command = txd::kDEXT | txd::kIDE;
  nic().PostContext(context);
  nic().Ring();
  ExpectWindow(4 * 400 * kUnit);
}

TEST_P(Moderation, TransmitDelayIsUsedUp) {
  FromQemu();
  nic().StartTransmit();
  nic().Write(kTADV, 400);
  nic().Write(kIMS, cause::kTXQE);
  nic().Send(MakeFrame(64), txd::kIDE);
  ExpectWindow(4 * 400 * kUnit);
  nic().Send(MakeFrame(64));
  ExpectWindow(kShortestWindow);
}

TEST_P(Moderation, TransmitDelayWaitsForATransmitCause) {
  FromQemu();
  nic().StartTransmit();
  nic().Write(kTADV, 400);
  nic().Send(MakeFrame(64), txd::kIDE);
  nic().Read(kICR);
  RaiseByCause(cause::kLSC);
  ExpectWindow(kShortestWindow);
}

TEST_P(Moderation, ShortestDelayWins) {
  FromQemu();
  nic().StartTransmit();
  nic().Write(kITR, 3000);
  nic().Write(kRDTR, 1);
  nic().Write(kRADV, 600);
  nic().Write(kTADV, 500);
  nic().Write(kIMS, cause::kTXDW | cause::kRXT0);
  nic().Write(kTCTL, 0);
  nic().PostLegacy(MakeFrame(64), txd::kEOP | txd::kRS | txd::kIDE);
  nic().Ring();
  nic().Write(kTCTL, tctl::kEN);
  ExpectWindow(4 * 500 * kUnit);
  RaiseByCause(cause::kRXT0);
  ExpectWindow(4 * 600 * kUnit);
  nic().Write(kITR, 700);
  RaiseByCause(cause::kRXT0);
  ExpectWindow(700 * kUnit);
}

TEST_P(Moderation, EndOfTheWindowOpensTheNext) {
  FromQemu();
  RaiseByCause(cause::kLSC);
  nic().Read(kICR);
  nic().Write(kICS, cause::kLSC);
  nic().Wait(kShortestWindow);
  ExpectWindow(kShortestWindow);
}

TEST_P(Moderation, EndWithNothingPendingAllowsTheNextAtOnce) {
  FromQemu();
  RaiseByCause(cause::kLSC);
  nic().Read(kICR);
  nic().Wait(kShortestWindow);
  EXPECT_FALSE(nic().line_high());
  nic().Write(kICS, cause::kLSC);
  EXPECT_TRUE(nic().line_high());
}

// The line stays high through the end of the window: no edge, no new window.
TEST_P(Moderation, EndWhileTheLineIsHighOpensNone) {
  FromQemu();
  RaiseByCause(cause::kLSC);
  nic().Wait(kShortestWindow);
  EXPECT_TRUE(nic().line_high());
  nic().Read(kICR);
  nic().Write(kICS, cause::kLSC);
  EXPECT_TRUE(nic().line_high());
}

TEST_P(Moderation, CausesShowDuringTheWindow) {
  FromQemu();
  RaiseByCause(cause::kLSC);
  nic().Read(kICR);
  nic().Write(kICS, cause::kRXT0);
  EXPECT_EQ(nic().Read(kICR), cause::kRXT0);
  nic().Wait(kShortestWindow);
  EXPECT_FALSE(nic().line_high());
}

TEST_P(Moderation, EnablingInTheWindowWaits) {
  FromQemu();
  RaiseByCause(cause::kLSC);
  nic().Read(kICR);
  nic().Write(kICS, cause::kRXT0);
  nic().Write(kIMS, cause::kRXT0);
  EXPECT_FALSE(nic().line_high());
  nic().Wait(kShortestWindow);
  EXPECT_TRUE(nic().line_high());
}

TEST_P(Moderation, WithoutTheFeatureEveryEdgeIsImmediate) {
  FromQemu();
  if (!RestartWithout("mitigation", Behaviour::kMitigationOption)) return;
  for (int i = 0; i < 3; ++i) {
    RaiseByCause(cause::kLSC);
    EXPECT_TRUE(nic().line_high());
    nic().Read(kICR);
    EXPECT_FALSE(nic().line_high());
  }
}

}  // namespace
}  // namespace nicreplay::e1000
