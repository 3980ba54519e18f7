// SPDX-License-Identifier: MIT
// When frames that waited in the network are offered again.  Every RCTL write holds reception back
// for a second of QEMU's own making; the 8254x has nothing like it.
#include "qtest/suite/e1000/conformance.h"

namespace nicreplay::e1000 {
namespace {

class FlushTimer : public Conformance {
 protected:
  void Rctl(std::uint32_t bits) { nic().Write(kRCTL, rctl::kUPE | bits); }
  std::uint32_t Taken() { return nic().Read(kRDH); }
};
NICREPLAY_CONFORMANCE_INSTANCES(FlushTimer);

TEST_P(FlushTimer, HoldsFramesForASecond) {
  FromQemu();
  nic().StartReceive();
  Rctl(rctl::kEN);
  nic().Receive(MakeFrame(64));
  nic().Wait(kSecond - 1);
  EXPECT_EQ(Taken(), 0u);
  nic().Wait(1);
  EXPECT_EQ(Taken(), 1u);
}

TEST_P(FlushTimer, EndsOnAWholeMillisecond) {
  FromQemu();
  nic().StartReceive();
  nic().Wait(999'999);
  Rctl(rctl::kEN);
  nic().Receive(MakeFrame(64));
  nic().Wait(kSecond - kMillisecond);
  EXPECT_EQ(Taken(), 0u);
  nic().Wait(1);
  EXPECT_EQ(Taken(), 1u);
}

TEST_P(FlushTimer, StartsOverWithEveryWrite) {
  FromQemu();
  nic().StartReceive();
  Rctl(rctl::kEN);
  nic().Receive(MakeFrame(64));
  nic().Wait(kSecond / 2);
  Rctl(rctl::kEN);
  nic().Wait(kSecond / 2);
  EXPECT_EQ(Taken(), 0u);
  nic().Wait(kSecond / 2);
  EXPECT_EQ(Taken(), 1u);
}

TEST_P(FlushTimer, RunsForADisabledReceiverToo) {
  FromQemu();
  nic().StartReceive();
  Rctl(0);
  nic().Wait(kSecond / 2);
  Rctl(rctl::kEN);
  nic().Receive(MakeFrame(64));
  nic().Wait(kSecond / 2);
  EXPECT_EQ(Taken(), 0u);
  nic().Wait(kSecond / 2);
  EXPECT_EQ(Taken(), 1u);
}

// A flush does not ask whether the device can receive: a disabled one loses the frame.
TEST_P(FlushTimer, LosesTheFrameOfADisabledReceiver) {
  FromQemu();
  nic().StartReceive();
  Rctl(0);
  nic().Receive(MakeFrame(64));
  nic().Wait(kSecond);
  Rctl(rctl::kEN);
  nic().Wait(kSecond);
  EXPECT_EQ(Taken(), 0u);
}

// A tail written before the second is over offers the frame, too early: it is kept, and asked for
// again when the timer fires.
TEST_P(FlushTimer, TailInBetweenKeepsTheFrame) {
  FromQemu();
  nic().StartReceive();
  Rctl(rctl::kEN);
  nic().Receive(MakeFrame(64));
  nic().Write(kRDT, 8);
  EXPECT_EQ(Taken(), 0u);
  nic().Wait(kSecond);
  EXPECT_EQ(Taken(), 1u);
}

// Before the first RCTL write a buffer has no size, and a tail makes no room for a byte: the frame
// goes on waiting.  Afterwards it is offered, and lost.
TEST_P(FlushTimer, TailOffersFramesOnlyWhereBuffersHaveASize) {
  FromQemu();
  nic().Write(kRDLEN, 256);
  nic().Receive(MakeFrame(64));
  nic().Write(kRDT, 5);
  nic().StartReceive();
  EXPECT_EQ(Taken(), 1u);

  nic().Write(kRCTL, 0);
  nic().Wait(kSecond);
  nic().Receive(MakeFrame(64));
  nic().Write(kRDT, 5);
  Rctl(rctl::kEN);
  nic().Wait(kSecond);
  EXPECT_EQ(Taken(), 1u);
}

// The flush offers what the ring has no buffers for: the frame overruns and is lost.
TEST_P(FlushTimer, OverrunsAnEmptyRing) {
  FromQemu();
  nic().StartReceive(rctl::kUPE, 0);
  nic().Receive(MakeFrame(64));
  Rctl(rctl::kEN);
  nic().Wait(kSecond);
  EXPECT_EQ(nic().Read(kICR), cause::kRXO);
  EXPECT_EQ(nic().Read(kMPC), 1u);
  nic().Write(kRDT, 8);
  EXPECT_EQ(Taken(), 0u);
}

TEST_P(FlushTimer, LinkThatReturnsOffersFramesTooEarly) {
  FromQemu();
  nic().StartReceive();
  nic().WritePhy(phy::kPCTRL, 0);
  Rctl(rctl::kEN);
  nic().Receive(MakeFrame(64));
  nic().SetLink(LinkState::kDown);
  nic().SetLink(LinkState::kUp);
  EXPECT_EQ(Taken(), 0u);
  nic().Wait(kSecond);
  EXPECT_EQ(Taken(), 1u);
}

}  // namespace
}  // namespace nicreplay::e1000
