// SPDX-License-Identifier: MIT
// What comes from the network.
#include "qtest/suite/virtio/conformance.h"

namespace nicreplay::virtio {
namespace {

class VirtioReceive : public Conformance {
 protected:
  static constexpr std::uint16_t kRx = Nic::kReceiveQueue;
  static constexpr Features kUnmerged = Features::Of(feature::kMac, feature::kIndirectDesc);

  std::uint32_t header() { return static_cast<std::uint32_t>(nic().header_size()); }
  // What lies behind the header of receive buffer `place`.
  ByteVector FrameAt(std::uint32_t place, std::size_t size) {
    return nic().Peek(Nic::In(place) + nic().header_size(), size);
  }
  std::uint16_t NumBuffersAt(GuestAddress buffer) {
    return nic().Load<std::uint16_t>(buffer + kNumBuffersAt);
  }
};
NICREPLAY_VIRTIO_INSTANCES(VirtioReceive, kLegacyDriver, kSplitDriver, kPackedDriver);

// The short header of legacy drivers has no num_buffers.
class ModernReceive : public VirtioReceive {};
NICREPLAY_VIRTIO_INSTANCES(ModernReceive, kSplitDriver, kPackedDriver);

TEST_P(VirtioReceive, FrameLiesBehindAHeader) {
  FromVirtio("5.1.6.4");
  nic().Start();
  nic().GiveReceive(0, 2000);
  const ByteVector frame = MakeFrame(100);
  nic().Receive(frame);
  EXPECT_EQ(nic().UsedCount(kRx), 1);
  EXPECT_EQ(FrameAt(0, frame.size()), frame);
  EXPECT_EQ(nic().Used(kRx, 0).id, nic().SlotOf(kRx, 0));
  EXPECT_EQ(nic().Used(kRx, 0).len, frame.size() + header());
}

TEST_P(VirtioReceive, HeaderIsZeroButForTheNumberOfBuffers) {
  FromVirtio("5.1.6.4.1");
  nic().Start();
  nic().Poke(Nic::In(0), ByteVector(64, 0xcc));
  nic().GiveReceive(0, 2000);
  nic().Receive(MakeFrame(64));
  ByteVector expected(header());
  expected[kNumBuffersAt] = 1;
  EXPECT_EQ(nic().Peek(Nic::In(0), header()), expected);
}

TEST_P(VirtioReceive, NothingBehindTheFrameIsWritten) {
  FromVirtio("2.7.8.2, 2.8.22");
  nic().Start();
  nic().Poke(Nic::In(0), ByteVector(512, 0xcc));
  nic().GiveReceive(0, 512);
  nic().Receive(MakeFrame(100));
  EXPECT_EQ(nic().Peek(Nic::In(0) + header() + 100, 100), ByteVector(100, 0xcc));
}

TEST_P(VirtioReceive, FrameOfEachSize) {
  FromVirtio("5.1.6.3.1");
  FromQemu();
  nic().Start();
  std::uint16_t number = 0;
  for (const std::size_t size : {14u, 59u, 60u, 61u, 1514u, 1518u, 3000u}) {
    nic().GiveReceive(number, 4000);
    const ByteVector frame = MakeFrame(size);
    nic().Receive(frame);
    EXPECT_EQ(nic().Used(kRx, number).len, size + header());
    EXPECT_EQ(FrameAt(number, size), frame) << size;
    ++number;
  }
}

TEST_P(VirtioReceive, FramesOfLessThanAnEthernetHeaderPassWhilePromiscuous) {
  FromQemu();
  nic().Start();
  nic().GiveReceive(0, 2000);
  nic().Receive({1, 2, 3});
  EXPECT_EQ(nic().UsedCount(kRx), 1);
  EXPECT_EQ(nic().Used(kRx, 0).len, 3u + header());
}

TEST_P(VirtioReceive, LongestFrame) {
  FromQemu();
  nic().Start();
  nic().Give(kRx, {{Nic::kIn, 0x20000, true}});
  const ByteVector frame = MakeFrame(kMaxFrame);
  nic().Receive(frame);
  EXPECT_EQ(nic().Used(kRx, 0).len, frame.size() + header());
  EXPECT_EQ(nic().Peek(Nic::kIn + header(), frame.size()), frame);
}

TEST_P(VirtioReceive, FrameIsSplitOverBuffers) {
  FromVirtio("5.1.6.4.1, 5.1.6.3.2");
  nic().Start();
  for (std::uint32_t i = 0; i < 4; ++i) nic().GiveReceive(i, 100);
  const ByteVector frame = MakeFrame(250);
  nic().Receive(frame);
  EXPECT_EQ(NumBuffersAt(Nic::In(0)), 3);
  EXPECT_EQ(nic().UsedCount(kRx), 3);
  ByteVector received = FrameAt(0, 100 - header());
  received = Joined(received, nic().Peek(Nic::In(1), 100));
  received = Joined(received, nic().Peek(Nic::In(2), 62));
  EXPECT_EQ(received, frame);
  EXPECT_EQ(nic().Used(kRx, 0).len, 100u);
  EXPECT_EQ(nic().Used(kRx, 1).len, 100u);
  EXPECT_EQ(nic().Used(kRx, 2).len, 62u);
}

TEST_P(VirtioReceive, FrameThatJustFits) {
  FromVirtio("5.1.6.4.1");
  nic().Start();
  nic().GiveReceive(0, 100 + header());
  nic().GiveReceive(1, 99 + header());
  nic().GiveReceive(2, 50);
  nic().Receive(MakeFrame(100));
  EXPECT_EQ(nic().UsedCount(kRx), 1);
  EXPECT_EQ(NumBuffersAt(Nic::In(0)), 1);
  nic().Receive(MakeFrame(100));
  EXPECT_EQ(nic().UsedCount(kRx), 3);
  EXPECT_EQ(NumBuffersAt(Nic::In(1)), 2);
  EXPECT_EQ(nic().Used(kRx, 2).len, 1u);
}

TEST_P(VirtioReceive, FrameOverManyBuffers) {
  FromVirtio("5.1.6.4.1");
  nic().Start();
  constexpr std::uint16_t kBuffers = 100;
  for (std::uint32_t i = 0; i < kBuffers; ++i) nic().Add(kRx, {{Nic::kIn + i * 64, 64, true}});
  nic().Show(kRx);
  const ByteVector frame = MakeFrame(64 * kBuffers - header());
  nic().Receive(frame);
  EXPECT_EQ(nic().UsedCount(kRx), kBuffers);
  EXPECT_EQ(NumBuffersAt(Nic::kIn), kBuffers);
  EXPECT_EQ(nic().Peek(Nic::kIn + header(), frame.size()), frame);
}

TEST_P(VirtioReceive, NumberOfBuffersWhereverTheHeaderLies) {
  FromVirtio("5.1.6.4.1, 2.7.4.1");
  nic().Start();
  nic().Give(kRx, {{Nic::In(0), 4, true}, {Nic::In(1), 7, true}, {Nic::In(2), 50, true}});
  nic().GiveReceive(3, 1000);
  nic().Receive(MakeFrame(200));
  // The field's bytes are the last of the second piece and the first of the third.
  EXPECT_EQ(nic().Peek(Nic::In(1) + 6, 1), ByteVector{2});
  EXPECT_EQ(nic().Peek(Nic::In(2), 1), ByteVector{0});
  EXPECT_EQ(nic().Peek(Nic::In(2) + 1, 49), Slice(MakeFrame(200), 0, 49));
}

TEST_P(VirtioReceive, FramesWaitForBuffers) {
  FromVirtio("5.1.6.3");
  FromQemu();
  nic().Start();
  const Frames frames = {MakeFrame(60), MakeFrame(61), MakeFrame(62)};
  for (const ByteVector& frame : frames) nic().Receive(frame);
  std::uint16_t place = 0;
  for (const ByteVector& frame : frames) {
    nic().GiveReceive(place, 2000);
    EXPECT_EQ(nic().UsedCount(kRx), place + 1);
    EXPECT_EQ(FrameAt(place, frame.size()), frame);
    ++place;
  }
}

TEST_P(VirtioReceive, FrameWaitsForAsManyBuffersAsItNeeds) {
  FromVirtio("5.1.6.4.1");
  FromQemu();
  nic().Start();
  nic().GiveReceive(0, 100);
  const ByteVector frame = MakeFrame(250);
  nic().Receive(frame);
  EXPECT_EQ(nic().UsedCount(kRx), 0);
  nic().GiveReceive(1, 100);
  EXPECT_EQ(nic().UsedCount(kRx), 0);
  nic().GiveReceive(2, 100);
  EXPECT_EQ(nic().UsedCount(kRx), 3);
  EXPECT_EQ(FrameAt(0, 100 - header()), Slice(frame, 0, 100 - header()));
}

TEST_P(VirtioReceive, BuffersAreTakenInTheirOrder) {
  FromVirtio("2.7.13, 2.8.21");
  nic().Start();
  for (std::uint32_t i = 0; i < 8; ++i) nic().GiveReceive(i, 2000);
  for (std::uint32_t i = 0; i < 8; ++i) nic().Receive(MakeFrame(60 + i));
  for (std::uint16_t i = 0; i < 8; ++i) {
    EXPECT_EQ(nic().Used(kRx, i).id, nic().SlotOf(kRx, i));
    EXPECT_EQ(nic().Used(kRx, i).len, 60u + i + header());
    EXPECT_EQ(FrameAt(i, 60u + i), MakeFrame(60u + i));
  }
}

TEST_P(VirtioReceive, ManyLaps) {
  FromVirtio("2.7.13, 2.8.1");
  nic().Start();
  for (std::uint16_t i = 0; i < 600; ++i) {
    nic().Give(kRx, {{Nic::In(0), 30, true}, {Nic::In(1), 2000, true}});
    const ByteVector frame = MakeFrame(60u + i % 50);
    nic().Receive(frame);
    ASSERT_TRUE(nic().IsUsed(kRx, i)) << i;
    ASSERT_EQ(nic().Used(kRx, i).len, frame.size() + header()) << i;
    ASSERT_EQ(nic().Peek(Nic::In(1), 20), Slice(frame, 30 - header(), 20)) << i;
  }
}

TEST_P(VirtioReceive, PiecesToReadAreNotWritten) {
  FromQemu();
  nic().Start();
  nic().Give(kRx, {{Nic::kScratch, 64, false}, {Nic::In(0), 2000, true}});
  const ByteVector frame = MakeFrame(100);
  nic().Receive(frame);
  EXPECT_EQ(nic().Used(kRx, 0).len, frame.size() + header());
  EXPECT_EQ(FrameAt(0, frame.size()), frame);
  EXPECT_EQ(nic().Peek(Nic::kScratch, 64), ByteVector(64));
}

TEST_P(VirtioReceive, WithoutMergingTheHeaderIsShortForLegacyDrivers) {
  FromVirtio("5.1.6.1, 5.1.6.4");
  nic().Start(kUnmerged);
  EXPECT_EQ(header(), nic().IsLegacy() ? kShortHeader : kHeader);
  nic().GiveReceive(0, 2000);
  const ByteVector frame = MakeFrame(100);
  nic().Receive(frame);
  EXPECT_EQ(FrameAt(0, frame.size()), frame);
  EXPECT_EQ(nic().Used(kRx, 0).len, frame.size() + header());
}

TEST_P(ModernReceive, NumberOfBuffersWithoutMerging) {
  FromVirtio("5.1.6.4.1");
  nic().Start(kUnmerged);
  nic().GiveReceive(0, 2000);
  nic().Receive(MakeFrame(100));
  EXPECT_EQ(NumBuffersAt(Nic::In(0)), Expected(Deviation::kNumBuffersUnmerged));
}

TEST_P(VirtioReceive, WithoutMergingAFrameThatDoesNotFitIsLost) {
  FromVirtio("5.1.6.3.1");
  FromQemu();
  nic().Start(kUnmerged);
  nic().GiveReceive(0, 100);
  nic().GiveReceive(1, 2000);
  nic().Receive(MakeFrame(200));
  EXPECT_EQ(nic().UsedCount(kRx), 0);
  const ByteVector frame = MakeFrame(64);
  nic().Receive(frame);
  EXPECT_EQ(nic().UsedCount(kRx), 1);
  EXPECT_EQ(nic().Used(kRx, 0).id, nic().SlotOf(kRx, 0)) << "its buffer is not lost";
  EXPECT_EQ(FrameAt(0, 64), frame);
}

TEST_P(VirtioReceive, WithoutMergingOneBufferIsEnough) {
  FromVirtio("5.1.6.3.1");
  nic().Start(kUnmerged);
  nic().GiveReceive(0, 2000);
  nic().GiveReceive(1, 2000);
  nic().Receive(MakeFrame(1514));
  EXPECT_EQ(nic().UsedCount(kRx), 1);
  EXPECT_EQ(nic().Used(kRx, 0).len, 1514u + header());
}

TEST_P(VirtioReceive, NothingComesBeforeTheDriverIsReady) {
  FromVirtio("2.1.2, 3.1.1");
  nic().Prepare();
  nic().GiveReceive(0, 2000);
  nic().Receive(MakeFrame(64));
  EXPECT_EQ(nic().UsedCount(kRx), 0);
}

TEST_P(VirtioReceive, FramesThatWaitedAreNotForTheNextDriver) {
  FromVirtio("2.4.1");
  FromQemu();
  nic().Start();
  nic().Receive(MakeFrame(64));
  nic().Start();
  nic().GiveReceive(0, 2000);
  const ByteVector frame = MakeFrame(99);
  nic().Receive(frame);
  EXPECT_EQ(nic().Used(kRx, nic().UsedCount(kRx) - 1).len, frame.size() + header());
}

TEST_P(VirtioReceive, GroupAddressesComeWhilePromiscuous) {
  FromVirtio("5.1.6.5.1");
  FromQemu();
  nic().Start();
  std::uint16_t number = 0;
  for (const EtherAddress& to : {kBroadcast, kMulticast, kOther, kStation}) {
    nic().GiveReceive(number, 2000);
    nic().Receive(MakeFrame(64, to));
    EXPECT_EQ(nic().UsedCount(kRx), ++number) << "promiscuous after a reset";
  }
}

TEST_P(VirtioReceive, TaggedFrameStaysTagged) {
  FromVirtio("5.1.6.4");
  nic().Start();
  nic().GiveReceive(0, 2000);
  const ByteVector frame = Tagged(MakeFrame(64), 0x6123);
  nic().Receive(frame);
  EXPECT_EQ(FrameAt(0, frame.size()), frame);
}

TEST_P(VirtioReceive, InterruptsOnceAFrame) {
  FromVirtio("2.7.7, 2.8.10");
  nic().Start();
  for (std::uint32_t i = 0; i < 4; ++i) nic().GiveReceive(i, 100);
  nic().ReadIsr();
  nic().Receive(MakeFrame(250));
  EXPECT_EQ(nic().ReadIsr(), kIsrQueue);
  EXPECT_EQ(nic().ReadIsr(), 0);
}

}  // namespace
}  // namespace nicreplay::virtio
