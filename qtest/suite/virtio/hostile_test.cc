// SPDX-License-Identifier: MIT
// Rings that make no sense: the device says that it needs a reset, keeps quiet until it gets one,
// and works again.  What brings QEMU 7.2 down is left out (qtest/live/virtio-net.md).
#include "qtest/suite/virtio/conformance.h"

namespace nicreplay::virtio {
namespace {

class HostileRings : public Conformance {
 protected:
  static constexpr std::uint16_t kTx = Nic::kTransmitQueue;
  static constexpr std::uint16_t kRx = Nic::kReceiveQueue;

  void SetUp() override {
    Conformance::SetUp();
    nic().Start();
  }

  // A descriptor of the ring, available as it is.
  void Put(std::uint16_t queue, std::uint16_t slot, GuestAddress address, std::uint32_t size,
           std::uint16_t flags, std::uint16_t next = 0) {
    const GuestAddress at = nic().ring(queue).descriptors() + slot * kDescriptorSize;
    if (nic().IsPacked()) {
      const auto shown = static_cast<std::uint16_t>(flags | descriptor::kAvail);
      nic().bus().Store(at, PackedDescriptor{address, size, slot, shown});
    } else {
      nic().bus().Store(at, SplitDescriptor{address, size, flags, next});
    }
  }
  void Show(std::uint16_t queue, std::uint16_t head, std::uint16_t count = 1) {
    if (!nic().IsPacked()) {
      const GuestAddress driver = nic().ring(queue).driver_area();
      nic().bus().Store(driver + kRingEntries, head);
      nic().bus().Store(driver + kRingIndex, count);
    }
    nic().driver().Notify(queue);
  }
  void ExpectQuietUntilReset() {
    EXPECT_TRUE(nic().NeedsReset());
    EXPECT_EQ(nic().ReadIsr() & kIsrConfig, kIsrConfig);
    EXPECT_TRUE(nic().Sent().empty());
    const ByteVector rings = nic().Peek(Nic::kRings, 3 * Nic::kRingStride);
    nic().driver().Notify(kTx);
    nic().driver().Notify(nic().control_queue());
    EXPECT_FALSE(nic().line_high());
    EXPECT_EQ(nic().Peek(Nic::kRings, rings.size()), rings);
    nic().Start();
    EXPECT_FALSE(nic().NeedsReset());
    const ByteVector frame = MakeFrame(64);
    nic().Send(frame);
    EXPECT_EQ(nic().Sent(), Frames{frame});
  }
  // What begins behind the descriptors, the available ring, looks like one: 100 bytes to read.
  void PutBehindTheRing() {
    constexpr std::uint32_t kLengthAt = 8;
    nic().bus().Store(nic().ring(kTx).driver_area() + kLengthAt, std::uint32_t{100});
  }
  // Slots 0 to 255 are a chain without end.
  void PutCircle(std::uint16_t queue, std::uint16_t flags) {
    for (std::uint16_t i = 0; i < 256; ++i) {
      Put(queue, i, Nic::kScratch, 1, static_cast<std::uint16_t>(descriptor::kNext | flags),
          static_cast<std::uint16_t>(i % 2 == 0 ? 1 : 0));
    }
  }
};
NICREPLAY_VIRTIO_INSTANCES(HostileRings, kSplitDriver, kPackedDriver);

// What packed rings do not have, or QEMU 7.2 does not survive there.
class HostileSplitRings : public HostileRings {};
NICREPLAY_VIRTIO_INSTANCES(HostileSplitRings, kSplitDriver);

TEST_P(HostileRings, ChainThatGoesInCircles) {
  FromVirtio("2.1.2, 2.7.5.2");
  FromBug("unbounded chain");
  PutCircle(kTx, 0);
  Show(kTx, 0);
  ExpectQuietUntilReset();
}

TEST_P(HostileRings, PieceWithoutBytes) {
  FromVirtio("2.1.2");
  FromBug("zero-length descriptor loop");
  Put(kTx, 0, Nic::kOut, 64, descriptor::kNext, 1);
  Put(kTx, 1, Nic::kOut, 0, 0);
  Show(kTx, 0);
  ExpectQuietUntilReset();
}

TEST_P(HostileRings, PieceToReadBehindOneToWrite) {
  FromVirtio("2.7.4.2, 2.8.17");
  Put(kTx, 0, Nic::kIn, 64, descriptor::kNext | descriptor::kWrite, 1);
  Put(kTx, 1, Nic::kOut, 64, 0);
  Show(kTx, 0);
  ExpectQuietUntilReset();
}

TEST_P(HostileRings, PacketWithNothingToRead) {
  FromVirtio("5.1.6.2");
  FromQemu();
  Put(kTx, 0, Nic::kIn, 64, descriptor::kWrite);
  Show(kTx, 0);
  ExpectQuietUntilReset();
}

TEST_P(HostileRings, IndirectTablesOfOddSizes) {
  FromVirtio("2.7.5.3, 2.8.8");
  FromBug("indirect table of a part of a descriptor");
  for (const std::uint32_t size : {1u, 15u, 17u}) {
    Put(kTx, 0, Nic::kTable, size, descriptor::kIndirect);
    Show(kTx, 0);
    ExpectQuietUntilReset();
    nic().Start();
    nic().ReadIsr();
  }
}

TEST_P(HostileSplitRings, IndirectTableWithoutEntries) {
  FromVirtio("2.7.5.3");
  FromBug("zero-length indirect table");
  Put(kTx, 0, Nic::kTable, 0, descriptor::kIndirect);
  Show(kTx, 0);
  ExpectQuietUntilReset();
}

TEST_P(HostileRings, TableInATableIsAPiece) {
  FromVirtio("2.7.5.3.1, 2.8.8");
  FromQemu();
  // The flag means nothing there: the inner table is a piece of the packet.
  const ByteVector packet = Joined(ByteVector(kHeader), MakeFrame(64));
  nic().Poke(Nic::kOut, packet);
  const auto size = static_cast<std::uint32_t>(packet.size());
  if (nic().IsPacked()) {
    nic().bus().Store(Nic::kTable, PackedDescriptor{Nic::kOut, size, 0, descriptor::kIndirect});
  } else {
    nic().bus().Store(Nic::kTable, SplitDescriptor{Nic::kOut, size, descriptor::kIndirect, 0});
  }
  Put(kTx, 0, Nic::kTable, kDescriptorSize, descriptor::kIndirect);
  Show(kTx, 0);
  EXPECT_EQ(nic().Sent(), Frames{MakeFrame(64)});
}

TEST_P(HostileSplitRings, ChainInATableGoesInCircles) {
  FromVirtio("2.7.5.3.1");
  FromBug("unbounded indirect table");
  for (std::uint16_t i = 0; i < 4; ++i) {
    nic().bus().Store(
        Nic::kTable + i * kDescriptorSize,
        SplitDescriptor{Nic::kOut, 64, descriptor::kNext, static_cast<std::uint16_t>((i + 1) % 4)});
  }
  Put(kTx, 0, Nic::kTable, 4 * kDescriptorSize, descriptor::kIndirect);
  Show(kTx, 0);
  ExpectQuietUntilReset();
}

TEST_P(HostileSplitRings, LinkOutOfATable) {
  FromVirtio("2.7.5.3.1");
  // What a device finds there looks like a descriptor.
  nic().bus().Store(Nic::kTable + 2 * kDescriptorSize, SplitDescriptor{Nic::kOut, 64, 0, 0});
  for (const std::uint16_t next : Words{2, 3, 0xffff}) {
    nic().bus().Store(Nic::kTable, SplitDescriptor{Nic::kOut, 64, descriptor::kNext, next});
    Put(kTx, 0, Nic::kTable, 2 * kDescriptorSize, descriptor::kIndirect);
    Show(kTx, 0);
    ExpectQuietUntilReset();
    nic().Start();
    nic().ReadIsr();
  }
}

TEST_P(HostileSplitRings, HeadOutsideOfTheRing) {
  FromVirtio("2.1.2, 2.7.6");
  for (const std::uint16_t head : Words{256, 257, 0xffff}) {
    PutBehindTheRing();
    Show(kTx, head);
    ExpectQuietUntilReset();
    nic().Start();
    nic().ReadIsr();
  }
}

TEST_P(HostileSplitRings, NextOutsideOfTheRing) {
  FromVirtio("2.1.2, 2.7.5");
  for (const std::uint16_t next : Words{256, 257, 0xffff}) {
    PutBehindTheRing();
    Put(kTx, 0, Nic::kOut, 64, descriptor::kNext, next);
    Show(kTx, 0);
    ExpectQuietUntilReset();
    nic().Start();
    nic().ReadIsr();
  }
}

TEST_P(HostileSplitRings, MoreBuffersThanTheRingHolds) {
  FromVirtio("2.1.2, 2.7.13");
  FromBug("more requests than the ring holds");
  Put(kRx, 0, Nic::kIn, 64, descriptor::kWrite);
  Show(kRx, 0, 257);
  nic().Receive(MakeFrame(5000));
  EXPECT_TRUE(nic().NeedsReset());
}

TEST_P(HostileRings, CommandThatGoesInCircles) {
  FromVirtio("2.1.2");
  const std::uint16_t queue = nic().control_queue();
  for (std::uint16_t i = 0; i < 64; ++i) {
    Put(queue, i, Nic::kOut, 1, descriptor::kNext, static_cast<std::uint16_t>((i + 1) % 64));
  }
  Show(queue, 0);
  ExpectQuietUntilReset();
}

TEST_P(HostileRings, ReceiveBuffersThatGoInCircles) {
  FromVirtio("2.1.2");
  FromBug("unbounded chain");
  PutCircle(kRx, descriptor::kWrite);
  Show(kRx, 0);
  nic().Receive(MakeFrame(1000));
  ExpectQuietUntilReset();
}

TEST_P(HostileRings, ReceiveTableOfAnOddSize) {
  FromVirtio("2.7.5.3, 2.8.8");
  Put(kRx, 0, Nic::kTable, 17, descriptor::kIndirect);
  Show(kRx, 0);
  nic().Receive(MakeFrame(1000));
  ExpectQuietUntilReset();
}

TEST_P(HostileRings, ReceiveBufferWithNothingToWrite) {
  FromVirtio("2.1.2, 5.1.6.3.1");
  FromBug("element not detached on error");
  nic().Give(kRx, {{Nic::In(0), 2000, false}});
  nic().Give(kRx, {{Nic::In(1), 2000, true}});
  nic().Receive(MakeFrame(1000));
  ExpectQuietUntilReset();
}

TEST_P(HostileRings, FramesAreLostWhileItIsBroken) {
  FromVirtio("2.1.2");
  FromBug("a disabled device goes on working its queues");
  nic().GiveReceive(0, 2000);
  PutCircle(kTx, 0);
  Show(kTx, 0);
  EXPECT_TRUE(nic().NeedsReset());
  nic().Receive(MakeFrame(64));
  EXPECT_EQ(nic().UsedCount(kRx), 0);
}

TEST_P(HostileRings, CommandsAreNotDoneWhileItIsBroken) {
  FromVirtio("2.1.2");
  FromBug("a disabled device goes on working its queues");
  PutCircle(kTx, 0);
  Show(kTx, 0);
  EXPECT_EQ(nic().Command(control::kRx, control::kRxPromisc, {1}), Nic::kNoAck);
}

TEST_P(HostileRings, ConfigurationInterruptTells) {
  FromVirtio("2.1.2, 4.1.5.4");
  const std::uint32_t generation = nic().Common(common::kConfigGeneration, 1);
  PutCircle(kTx, 0);
  Show(kTx, 0);
  EXPECT_TRUE(nic().line_high());
  EXPECT_EQ(nic().ReadIsr(), kIsrQueue | kIsrConfig);
  EXPECT_NE(nic().Common(common::kConfigGeneration, 1), generation);
}

TEST_P(HostileRings, WritingTheStatusDoesNotMend) {
  FromVirtio("2.1.1, 2.1.2");
  FromQemu();
  PutCircle(kTx, 0);
  Show(kTx, 0);
  nic().driver().Start();
  nic().driver().Notify(kTx);
  EXPECT_TRUE(nic().Sent().empty());
  nic().Receive(MakeFrame(64));
  EXPECT_EQ(nic().UsedCount(kRx), 0);
}

TEST_P(HostileRings, BuffersOutsideOfMemoryDoNoHarm) {
  FromQemu();
  constexpr GuestAddress kNoMemory = 0x70000000;
  nic().Give(kRx, {{kNoMemory, 2000, true}});
  nic().Receive(MakeFrame(64));
  EXPECT_EQ(nic().UsedCount(kRx), 1);
  EXPECT_FALSE(nic().NeedsReset());
}

}  // namespace
}  // namespace nicreplay::virtio
