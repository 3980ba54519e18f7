// SPDX-License-Identifier: MIT
#include "models/e1000/interrupts.h"

#include "models/e1000/test_host.h"

namespace nicreplay::e1000 {
namespace {

constexpr Nanoseconds kShortest = 500 * 256;

class InterruptsTest : public testing::Test {
 protected:
  Nanoseconds Window() const { return bench_.host.timers.at(kMitigationTimer) - bench_.host.now; }
  LineLevel line() const { return bench_.host.line; }
  void CloseWindow() { bench_.FireTimer(kMitigationTimer); }

  Bench bench_;
};

TEST_F(InterruptsTest, CausesAreSetAndClearedByWritingOnes) {
  bench_.Write(kICS, cause::kRXT0 | cause::kLSC);
  bench_.Write(kICR, cause::kLSC);
  EXPECT_EQ(bench_.Read(kICS), cause::kRXT0) << "ICS reads as ICR does, without clearing";
  EXPECT_EQ(bench_.Read(kICR), cause::kRXT0);
  EXPECT_EQ(bench_.Read(kICR), 0u);
  EXPECT_EQ(bench_.Read(kICS), 0u);
}

TEST_F(InterruptsTest, MaskIsSetAndClearedBitByBit) {
  bench_.Write(kIMS, 0x0f);
  bench_.Write(kIMS, 0x90);
  bench_.Write(kIMC, 0x05);
  EXPECT_EQ(bench_.Read(kIMS), 0x9au);
  EXPECT_EQ(bench_.Read(kIMC), 0u);
}

TEST_F(InterruptsTest, LineFollowsCausesAndMask) {
  bench_.Write(kICS, cause::kLSC);
  EXPECT_EQ(line(), LineLevel::kLow);
  bench_.Write(kIMS, cause::kLSC);
  EXPECT_EQ(line(), LineLevel::kHigh);
  bench_.Write(kIMC, cause::kLSC);
  EXPECT_EQ(line(), LineLevel::kLow);
  CloseWindow();
  bench_.Write(kIMS, cause::kLSC);
  EXPECT_EQ(line(), LineLevel::kHigh);
  bench_.Read(kICR);
  EXPECT_EQ(line(), LineLevel::kLow);
}

TEST_F(InterruptsTest, RisingEdgeWaitsForTheWindow) {
  bench_.Write(kIMS, cause::kLSC);
  bench_.Write(kICS, cause::kLSC);
  bench_.Read(kICR);
  EXPECT_EQ(line(), LineLevel::kLow) << "a falling edge does not wait";
  bench_.Write(kICS, cause::kLSC);
  EXPECT_EQ(line(), LineLevel::kLow);
  CloseWindow();
  EXPECT_EQ(line(), LineLevel::kHigh);
  EXPECT_EQ(Window(), kShortest) << "the edge opened the next window";
}

TEST_F(InterruptsTest, WindowThatEndsQuietlyStaysClosed) {
  bench_.Write(kIMS, cause::kLSC);
  bench_.Write(kICS, cause::kLSC);
  bench_.Read(kICR);
  CloseWindow();
  EXPECT_EQ(line(), LineLevel::kLow);
  EXPECT_TRUE(bench_.host.timers.empty());
}

TEST_F(InterruptsTest, WindowIsNeverShorterThanTheChipsRate) {
  bench_.Write(kITR, 499);
  bench_.Write(kIMS, cause::kLSC);
  bench_.Write(kICS, cause::kLSC);
  EXPECT_EQ(Window(), kShortest);
}

TEST_F(InterruptsTest, WindowIsTheLeastOfTheDelaysThatApply) {
  bench_.Write(kITR, 4000);
  bench_.Write(kRADV, 600);
  bench_.Write(kIMS, cause::kRXT0 | cause::kTXQE);
  bench_.Write(kICS, cause::kRXT0);
  EXPECT_EQ(Window(), 4000 * 256u) << "RADV counts with RDTR alone";
  bench_.Read(kICR);
  CloseWindow();
  bench_.Write(kRDTR, 1);
  bench_.Write(kICS, cause::kRXT0);
  EXPECT_EQ(Window(), 600 * 1024u);
  bench_.Read(kICR);
  CloseWindow();
  bench_.Write(kICS, cause::kTXQE);
  EXPECT_EQ(Window(), 4000 * 256u) << "and for RXT0 alone";
}

TEST_F(InterruptsTest, TransmitDelayNeedsIdeOnceAWindow) {
  bench_.StartTransmit();
  bench_.Write(kTADV, 300);
  bench_.Write(kIMS, cause::kTXQE);
  bench_.Send(MakeFrame(60), txd::kIDE);
  EXPECT_EQ(Window(), 300 * 1024u);
  bench_.Read(kICR);
  CloseWindow();
  bench_.Send(MakeFrame(60));
  EXPECT_EQ(Window(), kShortest);
}

TEST(Interrupts, WithoutMitigationEveryEdgeIsImmediate) {
  Bench bench("mitigation=off");
  bench.Write(kIMS, cause::kLSC);
  for (int i = 0; i < 3; ++i) {
    bench.Write(kICS, cause::kLSC);
    EXPECT_EQ(bench.host.line, LineLevel::kHigh);
    bench.Read(kICR);
    EXPECT_EQ(bench.host.line, LineLevel::kLow);
  }
  EXPECT_TRUE(bench.host.timers.empty());
}

TEST(Interrupts, ResetClosesTheWindowAndLowersTheLine) {
  Bench bench;
  bench.Write(kIMS, cause::kLSC);
  bench.Write(kICS, cause::kLSC);
  bench.device->Reset();
  EXPECT_EQ(bench.host.line, LineLevel::kLow);
  EXPECT_TRUE(bench.host.timers.empty());
}

}  // namespace
}  // namespace nicreplay::e1000
