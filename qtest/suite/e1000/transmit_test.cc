// SPDX-License-Identifier: MIT
// The transmit ring and legacy descriptors.
#include "qtest/suite/e1000/conformance.h"

namespace nicreplay::e1000 {
namespace {

NICREPLAY_CONFORMANCE(Transmit);

TEST_P(Transmit, LegacyFrame) {
  FromManual("3.3.3");
  nic().StartTransmit();
  const ByteVector frame = MakeFrame(1514, kOther);
  nic().Send(frame);
  EXPECT_EQ(nic().Sent(), Frames{frame});
  EXPECT_EQ(nic().Read(kTDH), 1u);
}

TEST_P(Transmit, FrameOfSeveralDescriptors) {
  FromManual("3.3.3.1");
  nic().StartTransmit();
  const ByteVector frame = MakeFrame(300);
  nic().PostLegacy(Slice(frame, 0, 1), 0);
  nic().PostLegacy(Slice(frame, 1, 100), 0);
  nic().PostLegacy(Slice(frame, 101, 199), txd::kEOP);
  nic().Ring();
  EXPECT_EQ(nic().Sent(), Frames{frame});
}

TEST_P(Transmit, FrameWaitsForItsLastDescriptor) {
  FromManual("3.3.3.1");
  nic().StartTransmit();
  const ByteVector frame = MakeFrame(200);
  nic().PostLegacy(Slice(frame, 0, 90), 0);
  nic().Ring();
  EXPECT_TRUE(nic().Sent().empty());
  EXPECT_EQ(nic().Read(kTDH), 1u);
  nic().PostLegacy(Slice(frame, 90, 110), txd::kEOP);
  nic().Ring();
  EXPECT_EQ(nic().Sent(), Frames{frame});
}

TEST_P(Transmit, FramesOfOneDoorbellKeepTheirOrder) {
  FromManual("3.4");
  nic().StartTransmit();
  Frames frames;
  for (std::size_t i = 0; i < 10; ++i) {
    frames.push_back(MakeFrame(60 + 31 * i));
    nic().PostLegacy(frames.back(), txd::kEOP);
  }
  nic().Ring();
  EXPECT_EQ(nic().Sent(), frames);
  EXPECT_EQ(nic().Read(kTDH), 10u);
}

TEST_P(Transmit, RingWraps) {
  FromManual("3.4");
  nic().StartTransmit();
  Frames frames;
  for (std::size_t i = 0; i < 2 * Driver::kRingSize + 3; ++i) {
    frames.push_back(MakeFrame(60 + i));
    nic().Send(frames.back());
  }
  EXPECT_EQ(nic().Sent(), frames);
  EXPECT_EQ(nic().Read(kTDH), 3u);
}

TEST_P(Transmit, ShortFramesAreNotPadded) {
  FromQemu();  // the manual pads with TCTL.PSP (13.4.33)
  nic().StartTransmit();
  nic().Write(kTCTL, tctl::kEN | 1u << 3);
  nic().Send(MakeFrame(14));
  EXPECT_EQ(nic().Sent(), Frames{MakeFrame(14)});
}

TEST_P(Transmit, EmptyFramesAreSent) {
  FromQemu();
  nic().StartTransmit();
  nic().Send({}, txd::kRS);
  EXPECT_EQ(nic().Sent(), Visible(Frames(1)));
  EXPECT_EQ(nic().Read(kTPT), 1u);
}

TEST_P(Transmit, StatusIsWrittenBackOnlyOnRequest) {
  FromManual("3.3.3.2, 3.4.2");
  nic().StartTransmit();
  const std::uint32_t silent = nic().Send(MakeFrame(64));
  const std::uint32_t reported = nic().Send(MakeFrame(64), txd::kRS);
  EXPECT_EQ(nic().TxAt(silent).upper, 0u);
  EXPECT_EQ(nic().TxAt(reported).upper, txd::kStatusDD);
}

TEST_P(Transmit, ReportPacketSentReportsAtOnce) {
  FromManual("3.3.3.1");
  nic().StartTransmit();
  const std::uint32_t index = nic().Send(MakeFrame(64), txd::kRPS);
  EXPECT_EQ(nic().TxAt(index).upper, txd::kStatusDD);
  EXPECT_NE(nic().Read(kICR) & cause::kTXDW, 0u);
}

TEST_P(Transmit, DescriptorsWithoutEopReportToo) {
  FromManual("3.3.3.1");
  nic().StartTransmit();
  const std::uint32_t first = nic().PostLegacy(MakeFrame(64), txd::kRS);
  nic().Ring();
  EXPECT_EQ(nic().TxAt(first).upper, txd::kStatusDD);
}

// Four bytes go back; the rest of the descriptor is the driver's, which may have moved on.
TEST_P(Transmit, WritebackKeepsSpecialAndClearsErrors) {
  FromManual("3.3.3.2");
  nic().StartTransmit();
  const std::uint32_t stale =
      txd::kStatusEC | txd::kStatusLC | txd::kStatusTU | 0xf0 | 0x5a << 8 | 0x1234u << 16;
  const GuestAddress data = nic().Store(MakeFrame(64));
  const std::uint32_t lower = 64 | txd::kEOP | txd::kRS;
  const std::uint32_t index = nic().Post(Encode(TxDescriptor{data, lower, stale}));
  nic().Ring();
  const TxDescriptor after = nic().TxAt(index);
  EXPECT_EQ(after.buffer_address, data);
  EXPECT_EQ(after.lower, lower);
  EXPECT_EQ(after.upper, 0x12345af0u | txd::kStatusDD);
}

TEST_P(Transmit, NothingHappensWhileDisabled) {
  FromManual("13.4.33");
  nic().StartTransmit();
  nic().Write(kTCTL, 0);
  nic().Send(MakeFrame(64));
  EXPECT_TRUE(nic().Sent().empty());
  EXPECT_EQ(nic().Read(kTDH), 0u);
  EXPECT_EQ(nic().Read(kICR), 0u);
}

TEST_P(Transmit, EnablingWorksTheRing) {
  FromManual("13.4.33");
  nic().StartTransmit();
  nic().Write(kTCTL, 0);
  nic().Send(MakeFrame(64));
  nic().Write(kTCTL, tctl::kEN);
  EXPECT_EQ(nic().Sent().size(), 1u);
  EXPECT_EQ(nic().Read(kTDH), 1u);
}

// 16 bytes aligned: the low four bits of TDBAL do not count.
TEST_P(Transmit, RingBaseIgnoresItsLowBits) {
  FromManual("13.4.36");
  nic().StartTransmit();
  nic().Write(kTDBAL, Driver::kTxRing | 0xf);
  nic().Send(MakeFrame(64));
  EXPECT_EQ(nic().Sent().size(), 1u);
}

TEST_P(Transmit, RingBaseHas64Bits) {
  FromManual("13.4.37");
  nic().StartTransmit();
  nic().Write(kTDBAH, 1);
  nic().Send(MakeFrame(64));
  // Above 4 GiB there is no memory: a descriptor of zeros, without EOP.
  EXPECT_TRUE(nic().Sent().empty());
  EXPECT_EQ(nic().Read(kTDH), 1u);
}

TEST_P(Transmit, RingBaseAndLengthAreLookedUpAtEachDoorbell) {
  FromBug("a cached ring base is not refreshed on TDBAL, TDBAH and TDLEN writes");
  nic().StartTransmit();
  nic().Send(MakeFrame(64));
  const ByteVector frame = MakeFrame(99);
  const TxDescriptor descriptor{nic().Store(frame), 99 | txd::kEOP, 0};
  nic().Poke(Driver::kScratch + kDescriptorSize, Encode(descriptor));
  nic().Write(kTDBAL, Driver::kScratch);
  nic().Write(kTDT, 2);
  EXPECT_EQ(nic().Sent(), (Frames{MakeFrame(64), frame}));
  nic().Poke(Driver::kScratch + 2 * kDescriptorSize, Encode(descriptor));
  nic().Write(kTDLEN, 128);
  nic().Write(kTDT, 7);
  nic().Write(kTDT, 0);
  EXPECT_EQ(nic().Read(kTDH), 0u);
}

TEST_P(Transmit, DescriptorBufferOutsideMemoryReadsZero) {
  FromQemu();
  nic().StartTransmit();
  nic().Post(Encode(TxDescriptor{Driver::kNoMemory, 64 | txd::kEOP, 0}));
  nic().Ring();
  EXPECT_EQ(nic().Sent(), Frames{ByteVector(64)});
}

TEST_P(Transmit, LegacyChecksumInsertionIsNotImplemented) {
  FromQemu();  // the manual sums from CSS and stores at CSO (3.3.3)
  nic().StartTransmit();
  const ByteVector frame = MakeFrame(100);
  const std::uint32_t lower = 100 | 50u << 16 | txd::kEOP | txd::kIC;
  nic().Post(Encode(TxDescriptor{nic().Store(frame), lower, 14u << 8}));
  nic().Ring();
  EXPECT_EQ(nic().Sent(), Frames{frame});
}

TEST_P(Transmit, LinkDownLosesFramesButCountsThem) {
  FromQemu();
  nic().StartTransmit();
  nic().SetLink(LinkState::kDown);
  const std::uint32_t index = nic().Send(MakeFrame(100), txd::kRS);
  EXPECT_TRUE(nic().Sent().empty());
  EXPECT_EQ(nic().TxAt(index).upper, txd::kStatusDD);
  EXPECT_EQ(nic().Read(kTPT), 1u);
  EXPECT_EQ(nic().Read(kPTC127), 1u);
  EXPECT_EQ(nic().Read(kTOTL), 100u + kFcs);
}

// A frame that its driver gave up becomes the beginning of the next.
TEST_P(Transmit, BytesWithoutEopPrecedeTheNextFrame) {
  FromQemu();
  nic().StartTransmit();
  const ByteVector lost = MakeFrame(70);
  nic().PostLegacy(lost, 0);
  nic().Ring();
  nic().Write(kTCTL, 0);
  nic().Write(kTDH, 0);
  nic().StartTransmit();
  nic().Send(MakeFrame(64));
  EXPECT_EQ(nic().Sent(), Frames{Joined(lost, MakeFrame(64))});
}

}  // namespace
}  // namespace nicreplay::e1000
