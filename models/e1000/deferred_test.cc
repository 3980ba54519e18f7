// SPDX-License-Identifier: MIT
#include "models/e1000/deferred.h"

#include "models/e1000/deferral.h"
#include "models/e1000/test_host.h"

namespace nicreplay::e1000 {
namespace {

class DeferredTest : public testing::Test {
 protected:
  void Start(const std::string& defer) {
    bench_ = std::make_unique<Bench>("defer=" + defer, "e1000-deferred");
    bench_->StartTransmit();
    for (std::uint32_t i = 0; i < 4; ++i) {
      bench_->PutTx(i, TxDescriptor{Bench::kTxData, (60 + i) | txd::kEOP | txd::kRS, 0});
    }
  }
  std::size_t sent() const { return bench_->host.sent.size(); }
  TestHost& host() { return bench_->host; }

  // What the driver and the bus do with a shadowed register.
  void Store(std::uint32_t offset, std::uint32_t value) { Word(offset) = value; }
  std::atomic<std::uint32_t>& Word(std::uint32_t offset) {
    return *bench_->device->shadow()->Find(offset);
  }

  std::unique_ptr<Bench> bench_;
};

TEST_F(DeferredTest, WithoutPartsItIsStock) {
  Start("none");
  bench_->Write(kTDT, 2);
  EXPECT_EQ(sent(), 2u);
  EXPECT_EQ(host().work, TestHost::kNoWork);
  EXPECT_EQ(bench_->device->shadow(), nullptr);
}

TEST_F(DeferredTest, UnknownPartsAreAnError) {
  TestHost other;
  EXPECT_FALSE(CreateModel("e1000-deferred", "defer=rx", other).has_value());
}

TEST_F(DeferredTest, TransmitWaitsForWork) {
  Start("tx");
  host().now = 1000;
  bench_->Write(kTDT, 1);
  host().now = 2000;
  bench_->Write(kTDT, 2);
  EXPECT_EQ(sent(), 0u);
  EXPECT_EQ(host().work, 1000 + kTransmitDeferral);
  bench_->device->Work();
  EXPECT_EQ(sent(), 2u);
  EXPECT_EQ(host().work, TestHost::kNoWork);
  bench_->device->Work();
  EXPECT_EQ(sent(), 2u);
}

TEST_F(DeferredTest, OnlyInterruptRegistersLeaveItPending) {
  Start("tx+doorbell");
  bench_->Write(kTDT, 2);
  bench_->Read(kICR);
  bench_->Write(kIMS, 1);
  bench_->Write(kIMC, 1);
  bench_->Write(kRDT, 1);
  EXPECT_EQ(sent(), 0u);
  EXPECT_EQ(bench_->Read(kTDT), 2u);
  EXPECT_EQ(sent(), 2u);
  bench_->Write(kTDT, 3);
  bench_->device->ConfigRead(4, 2);
  EXPECT_EQ(sent(), 3u);
  bench_->Write(kTDT, 0);
  bench_->device->SetLink(LinkState::kUp);
  EXPECT_EQ(sent(), 4u);
}

TEST_F(DeferredTest, AnAccessOf8BytesIsNotPutOff) {
  Start("doorbell");
  bench_->device->Write({0, 8, kTDT}, 2);
  EXPECT_EQ(sent(), 2u);
}

// Every doorbell counts, not only the last: here TXQE comes from the first.
TEST_F(DeferredTest, DoorbellsAreDoneInOrder) {
  Start("doorbell");
  bench_->Write(kTDT, 2);
  bench_->Write(kRDT, 5);
  bench_->Write(kTDT, 2);
  EXPECT_EQ(sent(), 0u);
  bench_->device->Work();
  EXPECT_EQ(sent(), 2u);
  EXPECT_EQ(bench_->Read(kRDT), 5u);
}

TEST_F(DeferredTest, ARiseWaitsAFallDoesNot) {
  Start("line");
  bench_->Write(kIMS, cause::kTXQE);
  bench_->Write(kTDT, 1);
  EXPECT_EQ(sent(), 1u);
  EXPECT_EQ(host().line, LineLevel::kLow);
  EXPECT_EQ(host().work, kLineDeferral);
  bench_->device->Work();
  EXPECT_EQ(host().line, LineLevel::kHigh);
  bench_->Read(kICR);
  EXPECT_EQ(host().line, LineLevel::kLow);
}

TEST_F(DeferredTest, AFallForgetsTheRise) {
  Start("line");
  bench_->Write(kIMS, cause::kTXQE);
  bench_->Write(kTDT, 1);
  bench_->Read(kICR);
  EXPECT_EQ(host().work, TestHost::kNoWork);
  bench_->device->Work();
  EXPECT_EQ(host().line, LineLevel::kLow);
}

TEST_F(DeferredTest, APollTakesUpAndPublishes) {
  Start("shadow");
  EXPECT_FALSE(bench_->device->shadow()->active());
  bench_->device->Poll();
  EXPECT_TRUE(bench_->device->shadow()->active());
  EXPECT_EQ(Word(kTDLEN), Bench::kRingSize * 16);
  Store(kTDT, 2);
  EXPECT_EQ(sent(), 0u);
  bench_->device->Poll();
  EXPECT_EQ(sent(), 2u);
  EXPECT_EQ(Word(kTDH), 2u);
  // The mask of TDLEN shows at the next poll.
  Store(kTDLEN, 0xff);
  EXPECT_EQ(Word(kTDLEN), 0xffu);
  bench_->device->Poll();
  EXPECT_EQ(Word(kTDLEN), 0x80u);
}

TEST_F(DeferredTest, AnAccessThatCompletesTakesUp) {
  Start("shadow");
  bench_->device->Poll();
  Store(kTDT, 2);
  bench_->Read(kICR);
  EXPECT_EQ(sent(), 0u);
  bench_->Write(kTCTL, 0);
  EXPECT_EQ(sent(), 2u);
  EXPECT_FALSE(bench_->device->shadow()->active());
}

TEST_F(DeferredTest, AResetEndsTheShadow) {
  Start("shadow");
  bench_->device->Poll();
  bench_->device->Reset();
  EXPECT_FALSE(bench_->device->shadow()->active());
  bench_->device->Poll();
  EXPECT_FALSE(bench_->device->shadow()->active());
}

}  // namespace
}  // namespace nicreplay::e1000
