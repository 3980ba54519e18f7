// SPDX-License-Identifier: MIT
// What the deferred and polled contracts ask is checked against e1000-deferred in fuzz/; here are
// the rules one by one.
#include "models/e1000/opt/deferring_device.h"

#include <algorithm>

#include "models/e1000/deferral.h"
#include "models/e1000/test_host.h"

namespace nicreplay::e1000 {
namespace {

class DeferringTest : public testing::Test {
 protected:
  static std::unique_ptr<Bench> Make(const std::string& switches) {
    auto bench = std::make_unique<Bench>("opt=" + switches, "e1000-opt");
    bench->host.mappable = TestHost::kMemorySize;
    bench->StartTransmit();
    bench->host.now = 1000;
    return bench;
  }
  static void Work(Bench& bench) {
    bench.host.work = TestHost::kNoWork;
    bench.device->Work();
  }
  static void RaiseLine(Bench& bench) { bench.Write(kICS, cause::kLSC); }
};

TEST_F(DeferringTest, AsynctxSendsWhenWorkRuns) {
  const auto bench = Make("asynctx");
  bench->PutTx(0, TxDescriptor{Bench::kTxData, 60 | txd::kEOP | txd::kRS, 0});
  bench->Write(kTDT, 1);
  EXPECT_TRUE(bench->host.sent.empty());
  EXPECT_EQ(bench->host.work, 1000 + kTransmitDeferral);
  bench->host.now += 10;
  bench->Write(kTDT, 1);
  EXPECT_EQ(bench->host.work, 1000 + kTransmitDeferral) << "the first write decides";
  Work(*bench);
  EXPECT_EQ(bench->host.sent.size(), 1u);
  EXPECT_EQ(bench->host.work, TestHost::kNoWork);
}

TEST_F(DeferringTest, OnlyInterruptRegistersDoNotWait) {
  for (const char* switches : {"asynctx", "doorbell"}) {
    for (const std::uint32_t offset : {kICR, kIMS, kIMC}) {
      const auto bench = Make(switches);
      bench->Write(kTDT, 1);
      bench->Read(offset);
      bench->Write(offset, 0);
      EXPECT_NE(bench->host.work, TestHost::kNoWork) << offset;
    }
    for (const std::uint32_t offset : {kICS, kTDT, kRDT, kTDH, kSTATUS}) {
      const auto bench = Make(switches);
      bench->Write(kTDT, 1);
      bench->Read(offset);
      EXPECT_EQ(bench->host.work, TestHost::kNoWork) << offset;
      EXPECT_EQ(bench->host.sent.size(), 0u);
    }
  }
}

TEST_F(DeferringTest, WideAndOtherAccessesWait) {
  const auto pending = [](const auto& access) {
    const auto bench = Make("asynctx");
    bench->Write(kTDT, 1);
    access(*bench->device);
    return bench->host.work != TestHost::kNoWork;
  };
  EXPECT_TRUE(pending([](Device& device) { device.Write({0, 2, kTDT}, 1); }));
  EXPECT_FALSE(pending([](Device& device) { device.Write({0, 8, kTDT}, 1); }));
  EXPECT_FALSE(pending([](Device& device) { device.Read({0, 8, kICR}); }));
  EXPECT_FALSE(pending([](Device& device) { device.Read({1, 4, 0}); }));
  EXPECT_FALSE(pending([](Device& device) { device.Write({0, 4, kTADV}, 0); }));
  EXPECT_FALSE(pending([](Device& device) { device.ConfigRead(0, 4); }));
  EXPECT_FALSE(pending([](Device& device) { device.ConfigWrite(4, 2, 7); }));
  EXPECT_FALSE(pending([](Device& device) { device.SetLink(LinkState::kUp); }));
  EXPECT_FALSE(pending([](Device& device) { device.Reset(); }));
  EXPECT_TRUE(pending([](Device& device) { device.Timer(kMitigationTimer); }));
}

TEST_F(DeferringTest, DoorbellsKeepTheirOrder) {
  const auto bench = Make("doorbell");
  bench->StartReceive();
  bench->Read(kSTATUS);
  bench->host.flushes = 0;
  bench->Write(kRDT, 3);
  bench->Write(kTDT, 2);
  bench->Write(kRDT, 5);
  EXPECT_EQ(bench->host.flushes, 0);
  Work(*bench);
  EXPECT_EQ(bench->host.flushes, 2);
  EXPECT_EQ(bench->Read(kRDT), 5u);
  EXPECT_EQ(bench->Read(kTDH), 2u);
}

TEST_F(DeferringTest, AFullQueueOfDoorbellsIsWorked) {
  const auto bench = Make("doorbell+asynctx");
  for (int i = 0; i < 65; ++i) bench->Write(kTDT, 1);
  EXPECT_EQ(bench->host.sent.size() + bench->GetTx(0).upper, 0u);
  EXPECT_NE(bench->host.work, TestHost::kNoWork);
  EXPECT_EQ(bench->Read(kTDH), 1u);
}

TEST_F(DeferringTest, InterruptsAreSpacedOutInTraffic) {
  const auto bench = Make("irqmod");
  bench->Write(kIMS, cause::kLSC);
  const auto rise = [&] {
    bench->Read(kICR);
    bench->host.timers.clear();
    bench->device->Timer(kMitigationTimer);
    RaiseLine(*bench);
    return bench->host.line == LineLevel::kHigh;
  };
  bench->host.now = 10'000'000;
  EXPECT_TRUE(rise()) << "after a pause";
  bench->host.now += 1000;
  EXPECT_TRUE(rise()) << "the second, too";
  bench->host.now += 1000;
  EXPECT_FALSE(rise());
  EXPECT_EQ(bench->host.work, bench->host.now - 1000 + kLineDeferral);
  Work(*bench);
  EXPECT_EQ(bench->host.line, LineLevel::kHigh);
  bench->host.now += 1000;
  EXPECT_FALSE(rise());
  bench->Read(kICR);
  EXPECT_EQ(bench->host.work, TestHost::kNoWork) << "a falling edge forgets the rise";
  EXPECT_EQ(bench->host.line, LineLevel::kLow);
}

TEST_F(DeferringTest, AnyOtherAccessLetsTheRiseThrough) {
  const auto bench = Make("irqmod");
  bench->Write(kIMS, cause::kLSC);
  for (int i = 0; i < 3; ++i) {
    bench->Read(kICR);
    bench->device->Timer(kMitigationTimer);
    RaiseLine(*bench);
  }
  EXPECT_EQ(bench->host.line, LineLevel::kLow);
  bench->Read(kSTATUS);
  EXPECT_EQ(bench->host.line, LineLevel::kHigh);
}

TEST_F(DeferringTest, ShadowedRegistersAreTakenUpAndPublished) {
  const auto bench = Make("sidecore");
  ShadowPages* shadow = bench->device->shadow();
  ASSERT_NE(shadow, nullptr);
  EXPECT_FALSE(shadow->active());
  bench->device->Poll();
  ASSERT_TRUE(shadow->active());
  bench->PutTx(0, TxDescriptor{Bench::kTxData, 60 | txd::kEOP | txd::kRS, 0});
  *shadow->Find(kTDT) = 0x10001;
  *shadow->Find(kTDBAL + 0x500) = 77;  // no register
  EXPECT_TRUE(bench->host.sent.empty());
  bench->device->Poll();
  EXPECT_EQ(bench->host.sent.size(), 1u);
  EXPECT_EQ(*shadow->Find(kTDH), 1u);
  EXPECT_EQ(*shadow->Find(kTDT), 1u) << "as a read of it would say";
  EXPECT_EQ(*shadow->Find(kTDBAL + 0x500), 0u);
}

TEST_F(DeferringTest, ATrappedAccessTakesUpFirst) {
  const auto bench = Make("sidecore");
  bench->device->Poll();
  bench->PutTx(0, TxDescriptor{Bench::kTxData, 60 | txd::kEOP | txd::kRS, 0});
  *bench->device->shadow()->Find(kTDT) = 1;
  EXPECT_EQ(bench->Read(kTPT), 1u);
}

TEST_F(DeferringTest, ADisabledDeviceLeavesThePages) {
  const auto bench = Make("sidecore");
  ShadowPages* shadow = bench->device->shadow();
  bench->device->Poll();
  bench->Write(kTCTL, 0);
  EXPECT_FALSE(shadow->active());
  bench->device->Poll();
  EXPECT_FALSE(shadow->active());
  bench->Write(kTCTL, tctl::kEN);
  bench->device->Poll();
  EXPECT_TRUE(shadow->active());
  bench->device->ConfigWrite(4, 2, 3);
  EXPECT_FALSE(shadow->active());
  bench->device->ConfigWrite(4, 2, 7);
  bench->device->Poll();
  bench->device->Reset();
  EXPECT_FALSE(shadow->active());
  EXPECT_EQ(Make("asynctx")->device->shadow(), nullptr);
  Make("asynctx")->device->Poll();
}

TEST_F(DeferringTest, PowerCycleForgetsWhatWasPutOff) {
  const std::string switches = "asynctx+doorbell+irqmod+sidecore";
  TestHost host;
  const auto fresh = CreateModel("e1000-opt", "opt=" + switches, host).value();
  ByteVector before(fresh->StateSize());
  fresh->Save(before);
  const auto bench = Make(switches);
  bench->device->Poll();
  bench->Write(kIMS, cause::kLSC);
  for (int i = 0; i < 3; ++i) {
    bench->Read(kICR);
    bench->device->Timer(kMitigationTimer);
    RaiseLine(*bench);
  }
  bench->Write(kTDT, 1);
  EXPECT_NE(bench->host.work, TestHost::kNoWork);
  bench->host.work = TestHost::kNoWork;
  ASSERT_TRUE(bench->device->PowerCycle());
  ByteVector after(before.size());
  bench->device->Save(after);
  const auto at = std::ranges::mismatch(before, after).in1 - before.begin();
  EXPECT_EQ(at, static_cast<std::ptrdiff_t>(before.size()));
  EXPECT_FALSE(bench->device->shadow()->active());
  EXPECT_EQ(bench->host.work, TestHost::kNoWork);
  bench->Write(kTDT, 1);
  EXPECT_NE(bench->host.work, TestHost::kNoWork) << "it asks again";
}

TEST_F(DeferringTest, SavedStateHoldsWhatWasPutOff) {
  const auto bench = Make("asynctx+doorbell+irqmod+sidecore");
  bench->PutTx(0, TxDescriptor{Bench::kTxData, 60 | txd::kEOP | txd::kRS, 0});
  bench->Write(kTDT, 1);
  ByteVector state(bench->device->StateSize());
  bench->device->Save(state);

  const auto other = Make("asynctx+doorbell+irqmod+sidecore");
  other->PutTx(0, TxDescriptor{Bench::kTxData, 60 | txd::kEOP | txd::kRS, 0});
  other->host.work = TestHost::kNoWork;
  ASSERT_TRUE(other->device->Load(state));
  EXPECT_NE(other->host.work, TestHost::kNoWork);
  Work(*other);
  EXPECT_EQ(other->host.sent.size(), 1u);

  state.back() = 2;  // no flag
  EXPECT_FALSE(other->device->Load(state));
  state.pop_back();
  EXPECT_FALSE(other->device->Load(state));
}

TEST_F(DeferringTest, SavedStateHoldsAWithheldRise) {
  const auto bench = Make("irqmod");
  bench->Write(kIMS, cause::kLSC);
  for (int i = 0; i < 3; ++i) {
    bench->Read(kICR);
    bench->device->Timer(kMitigationTimer);
    RaiseLine(*bench);
  }
  ByteVector state(bench->device->StateSize());
  bench->device->Save(state);
  const auto other = Make("irqmod");
  ASSERT_TRUE(other->device->Load(state));
  EXPECT_EQ(other->host.line, LineLevel::kLow);
  Work(*other);
  EXPECT_EQ(other->host.line, LineLevel::kHigh);
}

}  // namespace
}  // namespace nicreplay::e1000
