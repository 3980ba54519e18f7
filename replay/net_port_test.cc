// SPDX-License-Identifier: MIT
#include "replay/net_port.h"

#include <gtest/gtest.h>

#include "models/net/super_frame.h"

namespace nicreplay {
namespace {

// A device that does as it is told and remembers the first byte of every frame that it was given.
class ObedientDevice : public Device {
 public:
  bool ready = true;
  bool unready_after_one = false;
  ReceiveResult answer = ReceiveResult::kConsumed;
  NetPort* flush_on_receive = nullptr;
  OffloadSet offloads = 0;
  std::size_t keep_at = ~std::size_t{0};  // the frame of this number is kept
  std::vector<int> seen;
  std::vector<std::size_t> sizes;

  const DeviceInfo& info() const override { return info_; }
  std::uint64_t Read(const Access&) override { return 0; }
  void Write(const Access&, std::uint64_t) override {}
  std::uint32_t ConfigRead(std::uint8_t, std::uint8_t) override { return 0; }
  void ConfigWrite(std::uint8_t, std::uint8_t, std::uint32_t) override {}
  bool CanReceive() const override { return ready; }
  ReceiveResult Receive(const Frame& frame) override {
    seen.push_back(frame.pieces[0][0]);
    sizes.push_back(frame.size());
    ready = ready && !unready_after_one;
    if (flush_on_receive != nullptr) flush_on_receive->Flush();
    return seen.size() == keep_at ? ReceiveResult::kKeep : answer;
  }
  OffloadSet ReceiveOffloads() const override { return offloads; }
  void SetLink(LinkState) override {}
  void Timer(TimerId) override {}
  void Reset() override {}
  std::size_t StateSize() const override { return 0; }
  void Save(MutableBytes) const override {}
  bool Load(Bytes) override { return true; }

 private:
  DeviceInfo info_;
};

class NetPortTest : public testing::Test {
 protected:
  NetPortTest() { port_.Attach(&device_); }
  void Offer(std::uint8_t id) {
    const std::vector<std::uint8_t> frame(60, id);
    port_.Offer(frame);
  }

  NetPort port_;
  ObedientDevice device_;
};

TEST_F(NetPortTest, ReadyDeviceGetsFramesAtOnce) {
  Offer(1);
  Offer(2);
  EXPECT_EQ(device_.seen, (std::vector<int>{1, 2}));
}

TEST_F(NetPortTest, FramesWaitUntilAFlush) {
  device_.ready = false;
  Offer(1);
  Offer(2);
  EXPECT_TRUE(device_.seen.empty());
  port_.Flush();  // does not ask CanReceive again
  EXPECT_EQ(device_.seen, (std::vector<int>{1, 2}));
  EXPECT_EQ(port_.queued(), 0u);
}

TEST_F(NetPortTest, KeptFrameBlocksThePortAndIsOfferedAgainFirst) {
  device_.answer = ReceiveResult::kKeep;
  Offer(1);
  device_.answer = ReceiveResult::kConsumed;
  Offer(2);
  EXPECT_EQ(device_.seen, (std::vector<int>{1}));
  port_.Flush();
  EXPECT_EQ(device_.seen, (std::vector<int>{1, 1, 2}));
}

TEST_F(NetPortTest, FlushStopsAtAFrameThatIsKept) {
  device_.ready = false;
  Offer(1);
  Offer(2);
  device_.answer = ReceiveResult::kKeep;
  port_.Flush();
  EXPECT_EQ(device_.seen, (std::vector<int>{1}));
  EXPECT_EQ(port_.queued(), 2u);
}

TEST_F(NetPortTest, DroppedFramesAreForgotten) {
  device_.ready = false;
  Offer(1);
  Offer(2);
  device_.answer = ReceiveResult::kDropped;
  port_.Flush();
  EXPECT_EQ(device_.seen, (std::vector<int>{1, 2}));
  EXPECT_EQ(port_.queued(), 0u);
}

TEST_F(NetPortTest, FreshFrameOvertakesQueuedOnesOfADeviceThatBecameReadyUnasked) {
  device_.ready = false;
  Offer(1);
  device_.ready = true;
  Offer(2);
  EXPECT_EQ(device_.seen, (std::vector<int>{2, 1}));
}

TEST_F(NetPortTest, FlushInsideADeliveryDoesNothing) {
  device_.ready = false;
  Offer(1);
  device_.ready = true;
  device_.flush_on_receive = &port_;
  Offer(2);
  EXPECT_EQ(device_.seen, (std::vector<int>{2, 1}));
}

TEST_F(NetPortTest, LinkDownLosesFramesWithoutTheDevice) {
  port_.SetLink(LinkState::kDown);
  Offer(1);
  EXPECT_TRUE(device_.seen.empty());
  EXPECT_EQ(port_.queued(), 0u);
}

TEST_F(NetPortTest, QueueHoldsTenThousand) {
  device_.ready = false;
  for (std::size_t i = 0; i < NetPort::kMaxQueued + 5; ++i) Offer(1);
  EXPECT_EQ(port_.queued(), NetPort::kMaxQueued);
  EXPECT_EQ(port_.overflowed(), 5u);
}

TEST_F(NetPortTest, ABurstAsksForReadinessOnce) {
  device_.unready_after_one = true;
  const std::uint8_t frame[60] = {};
  for (int i = 0; i < 3; ++i) port_.Gather(frame, {});
  EXPECT_TRUE(device_.seen.empty());
  port_.OfferBurst();
  EXPECT_EQ(device_.seen.size(), 3u);
  EXPECT_FALSE(port_.gathering());
}

TEST_F(NetPortTest, WhatFollowsAKeptFrameOfABurstWaits) {
  device_.keep_at = 2;
  for (std::uint8_t id = 1; id <= 3; ++id) {
    const std::uint8_t frame[60] = {id};
    port_.Gather(frame, {});
  }
  port_.OfferBurst();
  EXPECT_EQ(device_.seen, (std::vector<int>{1, 2}));
  EXPECT_EQ(port_.queued(), 2u);
  port_.Flush();
  EXPECT_EQ(device_.seen, (std::vector<int>{1, 2, 2, 3}));
}

TEST_F(NetPortTest, ABurstThatLiesElsewhereIsCopiedWhereItWaits) {
  device_.keep_at = 2;
  std::vector<std::uint8_t> bytes[3] = {std::vector<std::uint8_t>(60, 1),
                                        std::vector<std::uint8_t>(60, 2),
                                        std::vector<std::uint8_t>(60, 3)};
  const Bytes pieces[3] = {bytes[0], bytes[1], bytes[2]};
  const Frame frames[3] = {{{&pieces[0], 1}, {}}, {{&pieces[1], 1}, {}}, {{&pieces[2], 1}, {}}};
  port_.OfferBurst(frames);
  for (auto& gone : bytes) std::ranges::fill(gone, 9);
  port_.Flush();
  EXPECT_EQ(device_.seen, (std::vector<int>{1, 2, 2, 3}));
}

TEST_F(NetPortTest, SuperFramesAreCutForADeviceThatTakesNone) {
  const SuperFrame super = MakeSuperFrame({.gso_size = 1000, .payload = 2500});
  port_.Offer(super.bytes, super.offload);
  EXPECT_EQ(device_.sizes, (std::vector<std::size_t>{1066, 1066, 566}));
  device_.ready = false;
  port_.Offer(super.bytes, super.offload);
  EXPECT_EQ(port_.queued(), 3u);
}

// Session 455 of the optimized traffic: the two sides of a lockstep offered the same burst at
// different times.
TEST_F(NetPortTest, HowMuchIsGatheredDependsOnTheWireFramesAlone) {
  const SuperFrame super = MakeSuperFrame({.gso_size = 8, .payload = 9000});
  for (const OffloadSet offloads : {OffloadSet{0}, OffloadSet{kOffloadChecksum | kOffloadTcp4}}) {
    device_.seen.clear();
    device_.offloads = offloads;
    port_.Gather(super.bytes, super.offload);
    EXPECT_TRUE(device_.seen.empty());
    port_.Gather(super.bytes, super.offload);
    EXPECT_EQ(device_.seen.size(), offloads == 0 ? 1125u : 1u);
    port_.OfferBurst();
    EXPECT_EQ(device_.seen.size(), offloads == 0 ? 2250u : 2u);
  }
}

TEST_F(NetPortTest, SuperFramesStayWholeForADeviceThatTakesThem) {
  device_.offloads = kOffloadChecksum | kOffloadTcp4;
  SuperFrame super = MakeSuperFrame({.gso_size = 1000, .payload = 2500});
  port_.Offer(super.bytes, super.offload);
  EXPECT_EQ(device_.sizes, (std::vector<std::size_t>{super.bytes.size()}));
  super.offload.gso_type |= Offload::kGsoEcn;  // which it does not take
  port_.Offer(super.bytes, super.offload);
  EXPECT_EQ(device_.sizes.size(), 4u);
  device_.ready = false;
  super.offload.gso_type = Offload::kGsoTcp4;
  port_.Offer(super.bytes, super.offload);
  EXPECT_EQ(port_.queued(), 3u);  // it counts as what it stands for
}

TEST_F(NetPortTest, WhatStandsForNoWireFramesIsLost) {
  SuperFrame super = MakeSuperFrame({});
  super.offload.gso_size = 0;
  device_.offloads = kOffloadAll;
  port_.Offer(super.bytes, super.offload);
  EXPECT_TRUE(device_.seen.empty());
  EXPECT_EQ(port_.queued(), 0u);
}

}  // namespace
}  // namespace nicreplay
