// SPDX-License-Identifier: MIT
// Interrupt causes, masks and the line.  Moderation is in moderation_test.cc; here all is well
// apart in time.
#include "qtest/suite/e1000/conformance.h"

namespace nicreplay::e1000 {
namespace {

class Interrupts : public Conformance {
 protected:
  // Lets any moderation window pass.
  void Settle() { nic().Wait(kSecond); }
};
NICREPLAY_CONFORMANCE_INSTANCES(Interrupts);

TEST_P(Interrupts, CauseSetRaisesEnabledCauses) {
  FromManual("13.4.19, 13.4.20");
  nic().Write(kIMS, cause::kLSC);
  EXPECT_FALSE(nic().line_high());
  nic().Write(kICS, cause::kRXT0);
  EXPECT_FALSE(nic().line_high());
  nic().Write(kICS, cause::kLSC);
  EXPECT_TRUE(nic().line_high());
  EXPECT_EQ(nic().Read(kICR), cause::kLSC | cause::kRXT0);
}

TEST_P(Interrupts, ReadingTheCausesClearsThemAndTheLine) {
  FromManual("13.4.17");
  nic().Write(kIMS, cause::kLSC);
  nic().Write(kICS, cause::kLSC);
  EXPECT_EQ(nic().Read(kICR), cause::kLSC);
  EXPECT_FALSE(nic().line_high());
  EXPECT_EQ(nic().Read(kICR), 0u);
}

// The manual's chip keeps them where no bit of IMS is set.
TEST_P(Interrupts, ReadingClearsMaskedCausesToo) {
  FromQemu();
  nic().Write(kICS, 0xffff);
  EXPECT_EQ(nic().Read(kICR), 0xffffu);
  EXPECT_EQ(nic().Read(kICR), 0u);
}

TEST_P(Interrupts, WritingOnesClearsTheirCauses) {
  FromManual("13.4.17");
  nic().Write(kIMS, cause::kLSC | cause::kRXT0);
  nic().Write(kICS, cause::kLSC | cause::kRXT0 | cause::kTXDW);
  nic().Write(kICR, cause::kLSC);
  EXPECT_TRUE(nic().line_high());
  EXPECT_EQ(nic().Read(kICS), cause::kRXT0 | cause::kTXDW);
  nic().Write(kICR, cause::kRXT0);
  EXPECT_FALSE(nic().line_high());
  EXPECT_EQ(nic().Read(kICR), cause::kTXDW);
}

TEST_P(Interrupts, CauseSetReadsAsTheCausesWithoutClearing) {
  FromQemu();  // write-only in the manual (13.4.19)
  nic().Write(kICS, 0x1234);
  EXPECT_EQ(nic().Read(kICS), 0x1234u);
  EXPECT_EQ(nic().Read(kICS), 0x1234u);
  EXPECT_EQ(nic().Read(kICR), 0x1234u);
  EXPECT_EQ(nic().Read(kICS), 0u);
}

TEST_P(Interrupts, CausesAddUp) {
  FromManual("13.4.19");
  nic().Write(kICS, 0x1);
  nic().Write(kICS, 0x80);
  EXPECT_EQ(nic().Read(kICR), 0x81u);
}

TEST_P(Interrupts, AllBitsCanBeSet) {
  FromQemu();
  nic().Write(kICS, 0xffffffff);
  EXPECT_EQ(nic().Read(kICR), 0xffffffffu);
}

TEST_P(Interrupts, AssertedBitIsNotImplemented) {
  FromQemu();  // bit 31 tells of the line on later chips
  nic().Write(kIMS, cause::kLSC);
  nic().Write(kICS, cause::kLSC);
  EXPECT_TRUE(nic().line_high());
  EXPECT_EQ(nic().Read(kICR), cause::kLSC);
}

TEST_P(Interrupts, MaskAddsUpAndClears) {
  FromManual("13.4.20, 13.4.21");
  nic().Write(kIMS, 0x0f);
  nic().Write(kIMS, 0xf0);
  EXPECT_EQ(nic().Read(kIMS), 0xffu);
  nic().Write(kIMC, 0x3c);
  EXPECT_EQ(nic().Read(kIMS), 0xc3u);
}

TEST_P(Interrupts, EnablingAPendingCauseRaisesTheLine) {
  FromManual("13.4.20");
  nic().Write(kICS, cause::kRXT0);
  EXPECT_FALSE(nic().line_high());
  nic().Write(kIMS, cause::kRXT0);
  EXPECT_TRUE(nic().line_high());
}

TEST_P(Interrupts, DisablingTheLastCauseLowersTheLine) {
  FromManual("13.4.21");
  nic().Write(kIMS, cause::kRXT0 | cause::kTXDW);
  nic().Write(kICS, cause::kRXT0 | cause::kTXDW);
  nic().Write(kIMC, cause::kRXT0);
  EXPECT_TRUE(nic().line_high());
  nic().Write(kIMC, cause::kTXDW);
  EXPECT_FALSE(nic().line_high());
  EXPECT_EQ(nic().Read(kICR), cause::kRXT0 | cause::kTXDW);
}

TEST_P(Interrupts, TransmitQueueEmpty) {
  FromManual("3.4.3");
  nic().StartTransmit();
  nic().Send(MakeFrame(64));
  EXPECT_EQ(nic().Read(kICR), cause::kTXQE);
}

TEST_P(Interrupts, TransmitQueueEmptyOnAnyDoorbell) {
  FromQemu();
  nic().StartTransmit();
  nic().Write(kTDT, 0);
  EXPECT_EQ(nic().Read(kICR), cause::kTXQE);
  nic().Write(kTCTL, tctl::kEN);
  EXPECT_EQ(nic().Read(kICR), cause::kTXQE);
  nic().Write(kTCTL, 0);
  EXPECT_EQ(nic().Read(kICR), 0u);
}

TEST_P(Interrupts, TransmitDescriptorWrittenBack) {
  FromManual("3.4.3");
  nic().StartTransmit();
  nic().Send(MakeFrame(64), txd::kRS);
  EXPECT_EQ(nic().Read(kICR), cause::kTXDW | cause::kTXQE);
}

TEST_P(Interrupts, ReceiveTimer) {
  FromManual("3.2.7.1");
  nic().StartReceive();
  nic().Receive(MakeFrame(64));
  EXPECT_EQ(nic().Read(kICR), cause::kRXT0);
}

// RDMTS: half, a quarter, an eighth of the ring; the reserved value is QEMU's sixteenth.
TEST_P(Interrupts, ReceiveThreshold) {
  FromManual("3.2.7.3, 13.4.22");
  FromBug("RXDMT0 on every frame");
  for (std::uint32_t rdmts = 0; rdmts < 4; ++rdmts) {
    nic().StartReceive(rctl::kUPE | rdmts << rctl::kRDMTS_SHIFT);
    const std::uint32_t threshold = Driver::kRingSize >> (rdmts + 1);
    for (std::uint32_t left = Driver::kRingSize - 2; left > threshold; --left) {
      nic().Receive(MakeFrame(64));
      EXPECT_EQ(nic().Read(kICR), cause::kRXT0) << rdmts << ", left " << left;
    }
    nic().Receive(MakeFrame(64));
    EXPECT_EQ(nic().Read(kICR), cause::kRXT0 | cause::kRXDMT0) << rdmts;
  }
}

TEST_P(Interrupts, ReceiverOverrun) {
  FromManual("3.2.7.4");
  nic().StartReceive(rctl::kUPE | rctl::kLPE, 1);
  nic().Receive(MakeFrame(2045));
  EXPECT_EQ(nic().Read(kICR), cause::kRXO);
}

TEST_P(Interrupts, ReceivedFrameRaisesTheLine) {
  FromManual("13.4.20");
  nic().StartReceive();
  nic().Write(kIMS, cause::kRXT0);
  Settle();
  nic().Receive(MakeFrame(64));
  EXPECT_TRUE(nic().line_high());
}

TEST_P(Interrupts, FilteredFrameRaisesNothing) {
  FromQemu();
  nic().StartReceive(0);
  nic().Receive(MakeFrame(64, kOther));
  EXPECT_EQ(nic().Read(kICR), 0u);
}

}  // namespace
}  // namespace nicreplay::e1000
