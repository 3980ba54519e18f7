// SPDX-License-Identifier: MIT
// Rings that make no sense (virtio 1.2, 2.1.2): the device says that it needs a reset, keeps quiet
// until it gets one, and works again.
#include <gmock/gmock.h>

#include "models/virtio/test_bench.h"

namespace nicreplay::virtio {
namespace {

using Format = DriverRing::Format;

constexpr GuestAddress kIn = Bench::kBuffers + 0x20000;

class HostileRingTest : public testing::TestWithParam<Format> {
 protected:
  HostileRingTest() : bench_(MakeSetup()) { bench_.driver.ReadIsr(); }

  static BenchSetup MakeSetup() {
    BenchSetup setup;
    setup.format = GetParam();
    setup.options = "tx_queue_size=1024";
    return setup;
  }
  static bool IsSplit() { return GetParam() == Format::kSplit; }

  // A descriptor of the ring, by default the transmit ring, made available as it is.
  void Put(std::uint16_t slot, GuestAddress address, std::uint32_t size, std::uint16_t flags,
           std::uint16_t next = 0) {
    const GuestAddress at = bench_.rings[queue_].descriptors() + slot * kDescriptorSize;
    if (IsSplit()) {
      bench_.host.Store(at, SplitDescriptor{address, size, flags, next});
    } else {
      flags |= descriptor::kAvail;
      bench_.host.Store(at, PackedDescriptor{address, size, slot, flags});
    }
  }
  void ShowHead(std::uint16_t head, std::uint16_t count = 1) {
    if (IsSplit()) {
      const GuestAddress driver = bench_.rings[queue_].driver_area();
      bench_.host.Store(driver + kRingEntries, head);
      bench_.host.Store(driver + kRingIndex, count);
    }
    bench_.driver.Notify(queue_);
  }
  void ExpectBroken() {
    EXPECT_TRUE(bench_.NeedsReset());
    EXPECT_EQ(bench_.driver.ReadIsr(), kIsrQueue | kIsrConfig);
    EXPECT_TRUE(bench_.host.sent.empty());
    EXPECT_FALSE(bench_.IsUsed(1, 0));
    const int writes = bench_.host.dma_writes;
    bench_.driver.Notify(1);
    bench_.driver.Notify(2);
    EXPECT_EQ(bench_.host.dma_writes, writes);
    bench_.Start();
    EXPECT_FALSE(bench_.NeedsReset());
    bench_.Send(MakeFrame(64));
    EXPECT_EQ(bench_.host.sent.size(), 1u);
  }

  // A receive ring is looked through for enough buffers before one is taken.
  void ExpectBrokenByAFrame() {
    EXPECT_EQ(bench_.Receive(MakeFrame(1000)), ReceiveResult::kKeep);
    EXPECT_TRUE(bench_.NeedsReset());
    EXPECT_FALSE(bench_.IsUsed(0, 0));
  }

  Bench bench_;
  std::uint16_t queue_ = 1;
};

INSTANTIATE_TEST_SUITE_P(Formats, HostileRingTest, testing::Values(Format::kSplit, Format::kPacked),
                         [](const auto& format) {
                           return format.param == Format::kSplit ? "Split" : "Packed";
                         });

TEST_P(HostileRingTest, AChainThatGoesInCircles) {
  for (std::uint16_t i = 0; i < 256; ++i) {
    Put(i, Bench::kBuffers, 64, descriptor::kNext, static_cast<std::uint16_t>(i % 2 == 0 ? 1 : 0));
  }
  ShowHead(0);
  ExpectBroken();
}

TEST_P(HostileRingTest, APieceWithoutBytes) {
  Put(0, Bench::kBuffers, 64, descriptor::kNext, 1);
  Put(1, Bench::kBuffers, 0, 0);
  ShowHead(0);
  ExpectBroken();
}

TEST_P(HostileRingTest, APieceToReadBehindOneToWrite) {
  Put(0, Bench::kBuffers, 64, descriptor::kNext | descriptor::kWrite, 1);
  Put(1, Bench::kBuffers, 64, 0);
  ShowHead(0);
  ExpectBroken();
}

TEST_P(HostileRingTest, APacketWithNothingToRead) {
  Put(0, Bench::kBuffers, 64, descriptor::kWrite);
  ShowHead(0);
  ExpectBroken();
}

TEST_P(HostileRingTest, APacketShorterThanItsHeader) {
  Put(0, Bench::kBuffers, 11, 0);
  ShowHead(0);
  ExpectBroken();
}

TEST_P(HostileRingTest, IndirectTablesOfOddSizes) {
  for (const std::uint32_t size : {0u, 1u, 15u, 17u}) {
    Put(0, Bench::kTable, size, descriptor::kIndirect);
    ShowHead(0);
    ExpectBroken();
    bench_.host.sent.clear();
    bench_.Start();
    bench_.driver.ReadIsr();
  }
}

TEST_P(HostileRingTest, AnIndirectTableThatIsTooLong) {
  // 2^28 descriptors, all in range of each other.
  for (GuestAddress at = 0; at < 0x8000; at += kDescriptorSize) {
    bench_.host.Store(0x40000 + at, SplitDescriptor{Bench::kBuffers, 64, descriptor::kNext, 0});
  }
  Put(0, 0x40000, 0xfffffff0, descriptor::kIndirect);
  ShowHead(0);
  ExpectBroken();
}

TEST_P(HostileRingTest, ASizeThatGrewBehindTheDevice) {
  bench_.host.Write({kModernBar, 2, common::kQueueSelect}, 1);
  bench_.host.Write({kModernBar, 2, common::kQueueSize}, 1024);
  Put(0, Bench::kBuffers, 64, 0);
  ShowHead(0);
  ExpectBroken();
}

TEST_P(HostileRingTest, AWriteOfQueueEnableOtherThanOne) {
  bench_.host.Write({kModernBar, 2, common::kQueueEnable}, 0);
  ExpectBroken();
}

TEST_P(HostileRingTest, ReceiveBuffersWithNothingToWrite) {
  bench_.Give(0, {{kIn, 2000, true}});
  bench_.Give(0, {{kIn, 2000, false}});
  EXPECT_EQ(bench_.Receive(MakeFrame(1000)), ReceiveResult::kConsumed);
  EXPECT_FALSE(bench_.NeedsReset());
  bench_.Give(0, {{kIn, 2000, true}});
  EXPECT_EQ(bench_.Receive(MakeFrame(1000)), ReceiveResult::kDropped);
  EXPECT_TRUE(bench_.NeedsReset());
}

TEST_P(HostileRingTest, AReceiveBufferShorterThanTheHeader) {
  bench_.Give(0, {{kIn, 8, true}});
  bench_.Give(0, {{kIn, 2000, true}});
  EXPECT_EQ(bench_.Receive(MakeFrame(100)), ReceiveResult::kDropped);
  EXPECT_TRUE(bench_.NeedsReset());
  EXPECT_EQ(bench_.Receive(MakeFrame(100)), ReceiveResult::kDropped);
}

TEST_P(HostileRingTest, ReceiveBuffersThatGoInCircles) {
  queue_ = 0;
  for (std::uint16_t i = 0; i < 256; ++i) {
    Put(i, kIn, 1, descriptor::kNext | descriptor::kWrite,
        static_cast<std::uint16_t>(i % 2 == 0 ? 1 : 0));
  }
  ShowHead(0);
  ExpectBrokenByAFrame();
}

TEST_P(HostileRingTest, AReceiveTableOfAnOddSize) {
  queue_ = 0;
  Put(0, Bench::kTable, 17, descriptor::kIndirect);
  ShowHead(0);
  ExpectBrokenByAFrame();
}

TEST_P(HostileRingTest, AReceiveRingThatGrewBehindTheDevice) {
  queue_ = 0;
  bench_.host.Write({kModernBar, 2, common::kQueueSelect}, 0);
  bench_.host.Write({kModernBar, 2, common::kQueueSize}, 1024);
  Put(0, kIn, 2000, descriptor::kWrite);
  ShowHead(0);
  ExpectBrokenByAFrame();
}

TEST_P(HostileRingTest, AHeadOutsideOfTheRingWhileTheLinkIsDown) {
  if (!IsSplit()) return;
  bench_.device->SetLink(LinkState::kDown);
  bench_.driver.ReadIsr();
  ShowHead(256);
  bench_.device->SetLink(LinkState::kUp);
  EXPECT_TRUE(bench_.NeedsReset());
  EXPECT_TRUE(bench_.host.sent.empty());
}

TEST_P(HostileRingTest, ALegacyDriverIsNotTold) {
  BenchSetup setup;
  setup.mode = Driver::Mode::kLegacy;
  Bench bench(setup);
  bench.driver.ReadIsr();
  bench.Give(1, {{Bench::kBuffers, 4, false}});
  EXPECT_FALSE(bench.NeedsReset());
  EXPECT_EQ(bench.driver.ReadIsr(), 0);
  bench.Send(MakeFrame(64));
  EXPECT_TRUE(bench.host.sent.empty());
}

TEST_P(HostileRingTest, AHeadOutsideOfTheRing) {
  if (!IsSplit()) return;
  ShowHead(256);
  ExpectBroken();
}

TEST_P(HostileRingTest, ANextOutsideOfTheRing) {
  if (!IsSplit()) return;
  Put(0, Bench::kBuffers, 64, descriptor::kNext, 256);
  ShowHead(0);
  ExpectBroken();
}

TEST_P(HostileRingTest, MoreBuffersThanTheRingHolds) {
  if (!IsSplit()) return;
  const GuestAddress driver = bench_.rings[0].driver_area();
  bench_.host.Store(bench_.rings[0].descriptors(), SplitDescriptor{kIn, 64, descriptor::kWrite, 0});
  bench_.host.Store(driver + kRingIndex, std::uint16_t{257});
  EXPECT_EQ(bench_.Receive(MakeFrame(5000)), ReceiveResult::kKeep);
  EXPECT_TRUE(bench_.NeedsReset());
}

}  // namespace
}  // namespace nicreplay::virtio
