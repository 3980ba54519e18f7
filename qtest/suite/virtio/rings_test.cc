// SPDX-License-Identifier: MIT
// Buffers on their way through split and packed rings.
#include "qtest/suite/virtio/conformance.h"

namespace nicreplay::virtio {
namespace {

class Rings : public Conformance {
 protected:
  static constexpr std::uint16_t kTx = Nic::kTransmitQueue;
  static constexpr std::uint16_t kRx = Nic::kReceiveQueue;

  // A packet lies at kOut; its size.
  std::uint32_t PutPacket(const ByteVector& frame) {
    const ByteVector packet = Joined(ByteVector(nic().header_size()), frame);
    nic().Poke(Nic::kOut, packet);
    return static_cast<std::uint32_t>(packet.size());
  }
  // The packet, cut at these offsets.
  static std::vector<DriverPiece> Cut(std::uint32_t size, const std::vector<std::uint32_t>& at) {
    std::vector<DriverPiece> pieces;
    std::uint32_t from = 0;
    for (const std::uint32_t to : at) {
      pieces.push_back({Nic::kOut + from, to - from, false});
      from = to;
    }
    pieces.push_back({Nic::kOut + from, size - from, false});
    return pieces;
  }
};
NICREPLAY_VIRTIO_INSTANCES(Rings, kLegacyDriver, kSplitDriver, kPackedDriver);

// A legacy driver takes the device's size (4.1.5.1.3.1).
class ModernRings : public Rings {};
NICREPLAY_VIRTIO_INSTANCES(ModernRings, kSplitDriver, kPackedDriver);

// Links and indices.
class SplitRings : public Rings {};
NICREPLAY_VIRTIO_INSTANCES(SplitRings, kLegacyDriver, kSplitDriver);

// Ids and wrap counters.
class PackedRings : public Rings {};
NICREPLAY_VIRTIO_INSTANCES(PackedRings, kPackedDriver);

TEST_P(Rings, SingleBuffer) {
  FromVirtio("2.7.13, 2.8.21");
  nic().Start();
  const ByteVector frame = MakeFrame(100);
  nic().Send(frame);
  EXPECT_EQ(nic().Sent(), Frames{frame});
  EXPECT_EQ(nic().UsedCount(kTx), 1);
  EXPECT_EQ(nic().Used(kTx, 0).id, nic().SlotOf(kTx, 0));
  EXPECT_EQ(nic().Used(kTx, 0).len, 0u);
}

TEST_P(Rings, ChainOfPieces) {
  FromVirtio("2.7.4.2, 2.8.4");
  nic().Start();
  const ByteVector frame = MakeFrame(200);
  const std::uint32_t size = PutPacket(frame);
  nic().Give(kTx, Cut(size, {12, 30, 31, 100}));
  EXPECT_EQ(nic().Sent(), Frames{frame});
  EXPECT_EQ(nic().UsedCount(kTx), 1);
}

TEST_P(Rings, PiecesCutTheHeaderAnywhere) {
  FromVirtio("2.7.4.1, 5.1.6.2");
  nic().Start();
  const ByteVector frame = MakeFrame(60);
  const std::uint32_t size = PutPacket(frame);
  for (const std::uint32_t at : {1u, 4u, 9u, 10u, 11u, 12u, 13u, 20u}) {
    nic().Give(kTx, Cut(size, {at}));
    EXPECT_EQ(nic().Sent(), Frames{frame}) << at;
  }
}

TEST_P(Rings, ChainAsLongAsTheRing) {
  FromVirtio("2.7.5, 2.8.20");
  nic().Start();
  const std::uint32_t slots = nic().ring(kTx).size();
  const ByteVector frame = MakeFrame(slots - 1);
  PutPacket(frame);
  std::vector<DriverPiece> pieces = {
      {Nic::kOut, static_cast<std::uint32_t>(nic().header_size()), false}};
  for (std::uint32_t i = 0; i + 1 < slots; ++i) {
    pieces.push_back({Nic::kOut + nic().header_size() + i, 1, false});
  }
  for (int lap = 0; lap < 3; ++lap) {
    nic().Give(kTx, pieces);
    EXPECT_EQ(nic().Sent(), Frames{frame}) << lap;
  }
}

TEST_P(Rings, ChainAcrossTheEndOfTheRing) {
  FromVirtio("2.7.5, 2.8.1");
  nic().Start();
  const ByteVector frame = MakeFrame(100);
  const std::uint32_t size = PutPacket(frame);
  const std::uint32_t laps = nic().ring(kTx).size();
  // Chains of three in a ring of 256: each end is passed in another way.
  for (std::uint32_t i = 0; i < laps; ++i) {
    nic().Give(kTx, Cut(size, {12, 50}));
    ASSERT_EQ(nic().Sent(), Frames{frame}) << i;
    ASSERT_TRUE(nic().IsUsed(kTx, static_cast<std::uint16_t>(i))) << i;
  }
}

TEST_P(Rings, IndirectTable) {
  FromVirtio("2.7.5.3, 2.8.7");
  nic().Start();
  const ByteVector frame = MakeFrame(100);
  const std::uint32_t size = PutPacket(frame);
  nic().AddIndirect(kTx, Cut(size, {12, 30, 60}));
  nic().Show(kTx);
  EXPECT_EQ(nic().Sent(), Frames{frame});
  EXPECT_EQ(nic().Used(kTx, 0).id, nic().SlotOf(kTx, 0));
}

TEST_P(Rings, IndirectTableTakesOneSlot) {
  FromVirtio("2.7.5.3, 2.8.7");
  nic().Start();
  const ByteVector frame = MakeFrame(100);
  const std::uint32_t size = PutPacket(frame);
  for (int i = 0; i < 5; ++i) {
    nic().AddIndirect(kTx, Cut(size, {12, 30}));
    nic().Add(kTx, Cut(size, {20}));
  }
  nic().Show(kTx);
  EXPECT_EQ(nic().Sent(), Frames(10, frame));
  EXPECT_EQ(nic().UsedCount(kTx), 10);
}

// A table may be longer than the ring, and hold as many pieces as the ring may.
TEST_P(Rings, LongIndirectTable) {
  FromVirtio("2.7.5.3.1, 2.8.8");
  FromQemu();
  nic().Start();
  const std::uint32_t slots = nic().ring(kTx).size();
  const ByteVector frame = MakeFrame(slots - 1);
  PutPacket(frame);
  std::vector<DriverPiece> pieces = {
      {Nic::kOut, static_cast<std::uint32_t>(nic().header_size()), false}};
  for (std::uint32_t i = 0; i + 1 < slots; ++i) {
    pieces.push_back({Nic::kOut + nic().header_size() + i, 1, false});
  }
  nic().AddIndirect(kTx, pieces);
  nic().Show(kTx);
  EXPECT_EQ(nic().Sent(), Frames{frame});
}

TEST_P(Rings, ReceivesIntoAnIndirectTable) {
  FromVirtio("2.7.5.3, 2.8.7");
  nic().Start();
  const auto header = static_cast<std::uint32_t>(nic().header_size());
  nic().AddIndirect(kRx,
                    {{Nic::In(0), header, true}, {Nic::In(1), 50, true}, {Nic::In(2), 1600, true}});
  nic().Show(kRx);
  const ByteVector frame = MakeFrame(100);
  nic().Receive(frame);
  EXPECT_EQ(nic().Used(kRx, 0).len, header + frame.size());
  EXPECT_EQ(Joined(nic().Peek(Nic::In(1), 50), nic().Peek(Nic::In(2), 50)), frame);
}

TEST_P(Rings, SeveralBuffersAtOnceInTheirOrder) {
  FromVirtio("2.7.13, 2.8.21");
  nic().Start();
  Frames frames;
  for (std::uint32_t i = 0; i < 20; ++i) {
    const ByteVector& frame = frames.emplace_back(MakeFrame(60 + i));
    const ByteVector packet = Joined(ByteVector(nic().header_size()), frame);
    nic().Poke(Nic::kOut + i * 0x200, packet);
    nic().Add(kTx, {{Nic::kOut + i * 0x200, static_cast<std::uint32_t>(packet.size()), false}});
  }
  nic().Show(kTx);
  EXPECT_EQ(nic().Sent(), frames);
  for (std::uint16_t i = 0; i < 20; ++i) EXPECT_EQ(nic().Used(kTx, i).id, nic().SlotOf(kTx, i));
}

TEST_P(Rings, WholeRingAtOnceForSomeLaps) {
  FromVirtio("2.7.13, 2.8.1");
  nic().Start();
  const ByteVector frame = MakeFrame(60);
  const std::uint32_t size = PutPacket(frame);
  const std::uint32_t slots = nic().ring(kTx).size();
  for (int lap = 0; lap < 4; ++lap) {
    for (std::uint32_t i = 0; i < slots; ++i) nic().Add(kTx, Cut(size, {}));
    nic().Show(kTx);
    EXPECT_EQ(nic().Sent(), Frames(slots, frame)) << lap;
    EXPECT_TRUE(nic().IsUsed(kTx, static_cast<std::uint16_t>((lap + 1) * slots - 1))) << lap;
  }
}

TEST_P(Rings, BuffersThatAreNotShownAreNotTaken) {
  FromVirtio("2.7.13.3, 2.8.21.3");
  nic().Start();
  const ByteVector frame = MakeFrame(60);
  const std::uint32_t size = PutPacket(frame);
  nic().Add(kTx, Cut(size, {}));
  nic().driver().Notify(kTx);
  EXPECT_TRUE(nic().Sent().empty());
  nic().Show(kTx);
  EXPECT_EQ(nic().Sent(), Frames{frame});
}

TEST_P(Rings, NotifyingAnEmptyRingDoesNothing) {
  FromVirtio("2.7.13, 2.8.21");
  nic().Start();
  for (std::uint16_t queue = 0; queue < 3; ++queue) nic().driver().Notify(queue);
  EXPECT_FALSE(nic().NeedsReset());
  EXPECT_FALSE(nic().line_high());
}

TEST_P(Rings, NothingIsWorkedBeforeTheDriverIsReady) {
  FromVirtio("2.1.2, 3.1.1");
  nic().Prepare();
  nic().Send(MakeFrame(60));
  EXPECT_TRUE(nic().Sent().empty());
  EXPECT_EQ(nic().UsedCount(kTx), 0);
}

TEST_P(ModernRings, RingOfAnotherSize) {
  FromVirtio("4.1.4.3, 2.7, 2.8.1");
  for (const std::uint16_t slots : Words{8, 64, 128}) {
    nic().SetRingSize(kTx, slots);
    nic().Start();
    const ByteVector frame = MakeFrame(60);
    const std::uint32_t size = PutPacket(frame);
    for (std::uint16_t i = 0; i < 5 * slots; ++i) {
      nic().Give(kTx, Cut(size, {12}));
      ASSERT_EQ(nic().Sent(), Frames{frame}) << slots << ' ' << i;
      ASSERT_TRUE(nic().IsUsed(kTx, i)) << slots << ' ' << i;
    }
  }
}

TEST_P(PackedRings, SizeIsAnyNumber) {
  FromVirtio("2.8.10.1");
  nic().SetRingSize(kTx, 77);
  nic().Start();
  const ByteVector frame = MakeFrame(60);
  const std::uint32_t size = PutPacket(frame);
  for (std::uint16_t i = 0; i < 100; ++i) {
    nic().Give(kTx, Cut(size, {12, 40}));
    ASSERT_EQ(nic().Sent(), Frames{frame}) << i;
    ASSERT_TRUE(nic().IsUsed(kTx, i)) << i;
  }
}

TEST_P(ModernRings, OneSlotIsARing) {
  FromVirtio("2.7, 2.8.1");
  FromQemu();
  nic().SetRingSize(kTx, 1);
  nic().Start();
  const ByteVector frame = MakeFrame(60);
  const std::uint32_t size = PutPacket(frame);
  for (std::uint16_t i = 0; i < 6; ++i) {
    nic().Give(kTx, Cut(size, {}));
    ASSERT_EQ(nic().Sent(), Frames{frame}) << i;
    ASSERT_TRUE(nic().IsUsed(kTx, i)) << i;
  }
}

TEST_P(Rings, LargestReceiveRing) {
  FromVirtio("2.7.13, 2.8.21");
  FromQemu();
  Restart("rx_queue_size=1024");
  nic().Start();
  for (int i = 0; i < 1024; ++i) nic().Add(kRx, {{Nic::In(0), 1600, true}});
  nic().Show(kRx);
  for (std::uint16_t i = 0; i < 1024; ++i) {
    nic().Receive(MakeFrame(60u + i % 8));
    if (i % 100 != 23) continue;
    ASSERT_TRUE(nic().IsUsed(kRx, i)) << i;
    ASSERT_EQ(nic().Used(kRx, i).len, nic().header_size() + 60u + i % 8) << i;
  }
}

// The id is the driver's own.
TEST_P(PackedRings, BuffersKeepTheirIds) {
  FromVirtio("2.8.6, 2.8.22");
  nic().Start();
  const std::uint32_t size = PutPacket(MakeFrame(60));
  const GuestAddress ring = nic().ring(kTx).descriptors();
  nic().bus().Store(ring, PackedDescriptor{Nic::kOut, size, 0xabcd, descriptor::kAvail});
  nic().driver().Notify(kTx);
  const auto used = nic().Load<PackedDescriptor>(ring);
  EXPECT_EQ(used.id, 0xabcd);
  EXPECT_EQ(used.flags & (descriptor::kAvail | descriptor::kUsed),
            descriptor::kAvail | descriptor::kUsed);
}

// Available is what differs from used and equals the wrap counter.
TEST_P(PackedRings, DescriptorsOfTheOtherLapAreNotAvailable) {
  FromVirtio("2.8.1");
  nic().Start();
  const std::uint32_t size = PutPacket(MakeFrame(60));
  const GuestAddress ring = nic().ring(kTx).descriptors();
  for (const std::uint16_t flags :
       Words{0, descriptor::kAvail | descriptor::kUsed, int{descriptor::kUsed}}) {
    nic().bus().Store(ring, PackedDescriptor{Nic::kOut, size, 0, flags});
    nic().driver().Notify(kTx);
    EXPECT_TRUE(nic().Sent().empty()) << flags;
  }
  nic().bus().Store(ring, PackedDescriptor{Nic::kOut, size, 0, descriptor::kAvail});
  nic().driver().Notify(kTx);
  EXPECT_EQ(nic().Sent().size(), 1u);
}

// Heads in any order, and descriptors linked backwards.
TEST_P(SplitRings, ChainsLieAnywhere) {
  FromVirtio("2.7.5, 2.7.6");
  nic().Start();
  const ByteVector frame = MakeFrame(60);
  const std::uint32_t size = PutPacket(frame);
  const DriverRing& ring = nic().ring(kTx);
  const auto put = [&](std::uint16_t slot, const SplitDescriptor& descriptor) {
    nic().bus().Store(ring.descriptors() + slot * kDescriptorSize, descriptor);
  };
  put(200, {Nic::kOut, 20, descriptor::kNext, 7});
  put(7, {Nic::kOut + 20, size - 20, 0, 0});
  put(100, {Nic::kOut, size, 0, 0});
  nic().bus().Store(ring.driver_area() + kRingEntries, std::array<std::uint16_t, 2>{200, 100});
  nic().bus().Store(ring.driver_area() + kRingIndex, std::uint16_t{2});
  nic().driver().Notify(kTx);
  EXPECT_EQ(nic().Sent(), Frames(2, frame));
  EXPECT_EQ(nic().Used(kTx, 0).id, 200u);
  EXPECT_EQ(nic().Used(kTx, 1).id, 100u);
}

TEST_P(SplitRings, IndexGoesPast65535) {
  FromVirtio("2.7.6, 2.7.8");
  nic().Start();
  const std::uint32_t size = PutPacket(MakeFrame(14));
  const std::uint32_t slots = nic().ring(kTx).size();
  for (std::uint32_t i = 0; i < slots; ++i) nic().Add(kTx, Cut(size, {}));
  const GuestAddress index = nic().ring(kTx).driver_area() + kRingIndex;
  for (std::uint32_t shown = slots; shown <= 0x10000; shown += slots) {
    nic().bus().Store(index, static_cast<std::uint16_t>(shown));
    nic().driver().Notify(kTx);
    ASSERT_EQ(nic().Sent().size(), slots) << shown;
  }
  EXPECT_EQ(nic().UsedCount(kTx), 0);
  EXPECT_FALSE(nic().NeedsReset());
}

}  // namespace
}  // namespace nicreplay::virtio
