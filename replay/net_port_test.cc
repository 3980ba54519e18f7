// SPDX-License-Identifier: MIT
#include "replay/net_port.h"

#include <gtest/gtest.h>

namespace nicreplay {
namespace {

// A device that does as it is told and remembers the first byte of every frame that it was given.
class ObedientDevice : public Device {
 public:
  bool ready = true;
  ReceiveResult answer = ReceiveResult::kConsumed;
  NetPort* flush_on_receive = nullptr;
  std::vector<int> seen;

  const DeviceInfo& info() const override { return info_; }
  std::uint64_t Read(const Access&) override { return 0; }
  void Write(const Access&, std::uint64_t) override {}
  std::uint32_t ConfigRead(std::uint8_t, std::uint8_t) override { return 0; }
  void ConfigWrite(std::uint8_t, std::uint8_t, std::uint32_t) override {}
  bool CanReceive() const override { return ready; }
  ReceiveResult Receive(const Frame& frame) override {
    seen.push_back(frame.pieces[0][0]);
    if (flush_on_receive != nullptr) flush_on_receive->Flush();
    return answer;
  }
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

}  // namespace
}  // namespace nicreplay
