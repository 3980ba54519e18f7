// SPDX-License-Identifier: MIT
// The link goes down and comes back.
#include "qtest/suite/virtio/conformance.h"

namespace nicreplay::virtio {
namespace {

class VirtioLink : public Conformance {
 protected:
  static constexpr std::uint16_t kTx = Nic::kTransmitQueue;
  static constexpr std::uint16_t kRx = Nic::kReceiveQueue;

  bool Up() { return (nic().DeviceConfig(6, 2) & net_status::kLinkUp) != 0; }
};
NICREPLAY_VIRTIO_INSTANCES(VirtioLink, kLegacyDriver, kSplitDriver, kPackedDriver);

// QEMU's device believes that a packed ring is full after the first packet that it drops.
class SplitLink : public VirtioLink {};
NICREPLAY_VIRTIO_INSTANCES(SplitLink, kLegacyDriver, kSplitDriver);

TEST_P(VirtioLink, StatusFollowsTheLink) {
  FromVirtio("5.1.4");
  nic().Start();
  EXPECT_TRUE(Up());
  nic().SetLink(LinkState::kDown);
  EXPECT_FALSE(Up());
  nic().SetLink(LinkState::kUp);
  EXPECT_TRUE(Up());
}

TEST_P(VirtioLink, StatusFollowsWithoutADriver) {
  FromVirtio("5.1.4");
  nic().SetLink(LinkState::kDown);
  EXPECT_FALSE(Up());
}

TEST_P(VirtioLink, StatusSurvivesAReset) {
  FromVirtio("2.4.1");
  FromQemu();
  nic().Start();
  nic().SetLink(LinkState::kDown);
  nic().driver().SetStatus(0);
  EXPECT_FALSE(Up());
}

TEST_P(VirtioLink, EachChangeIsReported) {
  FromVirtio("4.1.5.4, 5.1.4");
  nic().Start();
  for (const LinkState state : {LinkState::kDown, LinkState::kUp, LinkState::kDown}) {
    nic().SetLink(state);
    EXPECT_EQ(nic().ReadIsr() & kIsrConfig, kIsrConfig);
  }
}

TEST_P(VirtioLink, WhatIsNoChangeIsNotReported) {
  FromQemu();
  nic().Start();
  nic().SetLink(LinkState::kUp);
  EXPECT_EQ(nic().ReadIsr(), 0);
  nic().SetLink(LinkState::kDown);
  nic().ReadIsr();
  nic().SetLink(LinkState::kDown);
  EXPECT_EQ(nic().ReadIsr(), 0);
  EXPECT_FALSE(nic().line_high());
}

TEST_P(VirtioLink, NothingLeavesWhileItIsDown) {
  FromQemu();
  nic().Start();
  nic().SetLink(LinkState::kDown);
  nic().ReadIsr();
  nic().Send(MakeFrame(64));
  EXPECT_TRUE(nic().Sent().empty());
  EXPECT_EQ(nic().UsedCount(kTx), 1) << "the buffer comes back all the same";
  EXPECT_EQ(nic().ReadIsr(), kIsrQueue);
}

TEST_P(SplitLink, AllPacketsComeBackWhileItIsDown) {
  FromQemu();
  nic().Start();
  nic().SetLink(LinkState::kDown);
  const auto size = static_cast<std::uint32_t>(nic().header_size()) + 60;
  nic().Poke(Nic::kOut, ByteVector(size));
  for (int i = 0; i < 10; ++i) nic().Add(kTx, {{Nic::kOut, size, false}});
  nic().Show(kTx);
  EXPECT_TRUE(nic().Sent().empty());
  EXPECT_EQ(nic().UsedCount(kTx), 10);
}

TEST_P(VirtioLink, TransmitWorksOnceItIsBack) {
  FromQemu();
  nic().Start();
  nic().SetLink(LinkState::kDown);
  nic().Send(MakeFrame(64));
  nic().SetLink(LinkState::kUp);
  if (nic().IsPacked()) nic().Start();
  const ByteVector frame = MakeFrame(80);
  nic().Send(frame);
  EXPECT_EQ(nic().Sent(), Frames{frame});
}

TEST_P(VirtioLink, FramesThatComeMeanwhileAreLost) {
  FromQemu();
  nic().Start();
  nic().SetLink(LinkState::kDown);
  nic().GiveReceive(0, 2000);
  nic().Receive(MakeFrame(64));
  EXPECT_EQ(nic().UsedCount(kRx), 0);
  nic().SetLink(LinkState::kUp);
  EXPECT_EQ(nic().UsedCount(kRx), 0);
}

TEST_P(VirtioLink, FramesThatWaitForBuffersAreOfferedOnceItIsBack) {
  FromQemu();
  nic().Start();
  nic().Receive(MakeFrame(64));
  nic().SetLink(LinkState::kDown);
  nic().Add(kRx, {{Nic::In(0), 2000, true}});
  nic().ring(kRx).Publish(nic().bus());
  nic().SetLink(LinkState::kUp);
  EXPECT_EQ(nic().UsedCount(kRx), 1);
}

TEST_P(VirtioLink, ReceiveWorksOnceItIsBack) {
  FromQemu();
  nic().Start();
  nic().GiveReceive(0, 2000);
  nic().GiveReceive(1, 2000);
  nic().SetLink(LinkState::kDown);
  nic().SetLink(LinkState::kUp);
  nic().Receive(MakeFrame(64));
  EXPECT_EQ(nic().UsedCount(kRx), 1);
}

TEST_P(VirtioLink, CommandsWorkWhileItIsDown) {
  FromVirtio("5.1.6.5");
  nic().Start();
  nic().SetLink(LinkState::kDown);
  EXPECT_EQ(nic().Command(control::kRx, control::kRxPromisc, {0}), control::kOk);
}

TEST_P(VirtioLink, WithoutTheFieldNobodyKnows) {
  FromQemu();
  Restart("status=off");
  nic().Start();
  nic().SetLink(LinkState::kDown);
  EXPECT_EQ(nic().DeviceConfig(6, 1), 0xffu);
  nic().Send(MakeFrame(64));
  EXPECT_TRUE(nic().Sent().empty());
}

}  // namespace
}  // namespace nicreplay::virtio
