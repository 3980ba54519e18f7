// SPDX-License-Identifier: MIT
// What leaves the device.
#include "qtest/suite/virtio/conformance.h"

namespace nicreplay::virtio {
namespace {

class VirtioTransmit : public Conformance {
 protected:
  static constexpr std::uint16_t kTx = Nic::kTransmitQueue;
  static constexpr std::size_t kLongest = kMaxFrame;

  // In pieces that are one and the same memory, `size` bytes each.
  void SendRepeated(std::uint32_t size, std::uint32_t count) {
    nic().Poke(Nic::kOut, ByteVector(nic().header_size()));
    nic().Poke(Nic::kOut + 0x1000, MakeFrame(size));
    std::vector<DriverPiece> pieces(count + 1, {Nic::kOut + 0x1000, size, false});
    pieces[0] = {Nic::kOut, static_cast<std::uint32_t>(nic().header_size()), false};
    nic().Give(kTx, pieces);
  }
};
NICREPLAY_VIRTIO_INSTANCES(VirtioTransmit, kLegacyDriver, kSplitDriver, kPackedDriver);

// A legacy driver is not told (2.1.2).
class ModernTransmit : public VirtioTransmit {};
NICREPLAY_VIRTIO_INSTANCES(ModernTransmit, kSplitDriver, kPackedDriver);

TEST_P(VirtioTransmit, FrameOfEachSize) {
  FromVirtio("5.1.6.2");
  FromQemu();
  nic().Start();
  for (const std::size_t size : {1u, 13u, 14u, 59u, 60u, 61u, 1514u, 1518u, 4096u, 9000u}) {
    const ByteVector frame = MakeFrame(size);
    nic().Send(frame);
    EXPECT_EQ(nic().Sent(), Frames{frame}) << size << ": as it is, without padding";
  }
}

TEST_P(VirtioTransmit, LongestFrame) {
  FromQemu();
  nic().Start();
  SendRepeated(1024, 68);
  const Frames frames = nic().Sent();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].size(), kLongest);
}

TEST_P(VirtioTransmit, LongerOnesGetLostAndComeBack) {
  FromQemu();
  nic().Start();
  SendRepeated(1025, 68);
  EXPECT_TRUE(nic().Sent().empty());
  EXPECT_EQ(nic().UsedCount(kTx), 1);
  EXPECT_FALSE(nic().NeedsReset());
  const ByteVector frame = MakeFrame(64);
  nic().Send(frame);
  EXPECT_EQ(nic().Sent(), Frames{frame});
}

TEST_P(VirtioTransmit, TaggedFrameStaysTagged) {
  FromVirtio("5.1.6.2");
  nic().Start();
  const ByteVector frame = Tagged(MakeFrame(64), 0x6123);
  nic().Send(frame);
  EXPECT_EQ(nic().Sent(), Frames{frame});
}

TEST_P(VirtioTransmit, GroupAddressesLeave) {
  FromVirtio("5.1.6.2");
  nic().Start();
  const Frames frames = {MakeFrame(64, kBroadcast), MakeFrame(64, kMulticast),
                         MakeFrame(64, kOther), MakeFrame(64, kStation)};
  for (const ByteVector& frame : frames) nic().Send(frame);
  EXPECT_EQ(nic().Sent(), frames);
}

// Without the features nobody reads the header: what it asks for is not done.
TEST_P(VirtioTransmit, HeaderWithoutOffloadsIsIgnored) {
  FromVirtio("5.1.6.2.2");
  FromQemu();
  nic().Start();
  const ByteVector frame = MakeFrame(200);
  struct Row {
    std::uint8_t flags;
    std::uint8_t gso;
  };
  for (const Row row : {Row{Offload::kNeedsChecksum, 0}, Row{0, Offload::kGsoTcp4},
                        Row{Offload::kNeedsChecksum, 4}, Row{0xff, 0xff}}) {
    ByteVector header(nic().header_size(), 0x11);
    header[0] = row.flags;
    header[1] = row.gso;
    nic().SendWith(header, frame);
    EXPECT_EQ(nic().Sent(), Frames{frame}) << int{row.flags} << ' ' << int{row.gso};
  }
}

TEST_P(VirtioTransmit, HeaderHasTheLengthOfItsFeatures) {
  FromVirtio("5.1.6, 5.1.6.1");
  const ByteVector frame = MakeFrame(64);
  for (const Features features : {Nic::kUsual, Features::Of(feature::kMac)}) {
    nic().Start(features);
    EXPECT_EQ(nic().header_size(),
              nic().IsLegacy() && !features.Has(feature::kMrgRxbuf) ? kShortHeader : kHeader);
    nic().Send(frame);
    EXPECT_EQ(nic().Sent(), Frames{frame});
  }
}

TEST_P(VirtioTransmit, MoreThanABurst) {
  FromQemu();
  nic().Start();
  const auto size = static_cast<std::uint32_t>(nic().header_size()) + 60;
  nic().Poke(Nic::kOut, ByteVector(size));
  for (std::uint32_t i = 0; i < 256; ++i) nic().Add(kTx, {{Nic::kOut, size, false}});
  nic().Show(kTx);
  EXPECT_EQ(nic().Sent().size(), 256u);
  EXPECT_TRUE(nic().IsUsed(kTx, 255));
  nic().Send(MakeFrame(64));
  EXPECT_EQ(nic().Sent().size(), 1u);
}

TEST_P(VirtioTransmit, UsedLengthIsZero) {
  FromVirtio("2.7.8.2, 2.8.22");
  nic().Start();
  nic().Send(MakeFrame(64));
  EXPECT_EQ(nic().Used(kTx, 0).len, 0u) << "the device wrote nothing";
}

TEST_P(VirtioTransmit, BufferIsLeftAlone) {
  FromVirtio("2.7.5.1, 2.8.5");
  nic().Start();
  const ByteVector header(nic().header_size(), 0);
  const ByteVector frame = MakeFrame(64);
  nic().Send(frame);
  EXPECT_EQ(nic().Peek(Nic::kOut, header.size() + frame.size()), Joined(header, frame));
}

// Room to write in a packet's buffer is no part of the packet.
TEST_P(VirtioTransmit, PiecesToWriteAreNotSent) {
  FromQemu();
  nic().Start();
  const ByteVector frame = MakeFrame(64);
  const ByteVector packet = Joined(ByteVector(nic().header_size()), frame);
  nic().Poke(Nic::kOut, packet);
  nic().Give(
      kTx, {{Nic::kOut, static_cast<std::uint32_t>(packet.size()), false}, {Nic::In(0), 64, true}});
  EXPECT_EQ(nic().Sent(), Frames{frame});
  EXPECT_EQ(nic().Peek(Nic::In(0), 64), ByteVector(64));
}

TEST_P(ModernTransmit, OffloadsMakeAHeaderAloneAnEmptyPacket) {
  FromQemu();
  if (!RestartModel("vnet_hdr=on")) GTEST_SKIP() << "QEMU needs a network with offloads";
  nic().Start();
  nic().Send({});
  EXPECT_FALSE(nic().NeedsReset());
  EXPECT_EQ(nic().UsedCount(kTx), 1);
}

TEST_P(ModernTransmit, PacketThatIsAHeaderAloneBreaksTheDevice) {
  FromQemu();
  nic().Start();
  nic().Send({});
  EXPECT_TRUE(nic().NeedsReset());
}

}  // namespace
}  // namespace nicreplay::virtio
