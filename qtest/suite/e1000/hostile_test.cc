// SPDX-License-Identifier: MIT
// What no sane driver does: indices outside rings, addresses of the device itself, contexts that
// contradict their packets.
#include "qtest/suite/e1000/conformance.h"

namespace nicreplay::e1000 {
namespace {

constexpr std::uint8_t kBoth = txd::kPoptsIXSM | txd::kPoptsTXSM;
constexpr std::uint32_t kBuffers256 = 3u << rctl::kBSIZE_SHIFT;

class Hostile : public Conformance {
 protected:
  ContextDescriptor TsoContext(std::uint8_t header, std::uint16_t mss) {
    ContextDescriptor context;
    context.command = txd::kDEXT | txd::kTSE | txd::kContextTCP | txd::kContextIP;
    context.hdrlen = header;
    context.mss = mss;
    return context;
  }

  // The sizes of the frames that come out.
  void ExpectSent(std::initializer_list<std::size_t> sizes) {
    Frames expected;
    for (const std::size_t size : sizes) expected.emplace_back(size);
    expected = Visible(expected);
    const Frames sent = nic().Sent();
    ASSERT_EQ(sent.size(), expected.size());
    for (std::size_t i = 0; i < sent.size(); ++i) EXPECT_EQ(sent[i].size(), expected[i].size());
    EXPECT_EQ(nic().Read(kTPT), sizes.size());
  }
};
NICREPLAY_CONFORMANCE_INSTANCES(Hostile);

TEST_P(Hostile, Cve20161981TransmitHeadPastTheRing) {
  FromBug("CVE-2016-1981: a head outside the ring never comes back to where it was");
  nic().StartTransmit();
  nic().Write(kTDH, Driver::kRingSize + 4);
  nic().Write(kTDT, 3);
  EXPECT_EQ(nic().Read(kTDH), 0u) << "one descriptor is worked";
  EXPECT_EQ(nic().Read(kICR), cause::kTXQE);
  nic().Write(kTDT, 3);
  EXPECT_EQ(nic().Read(kTDH), 3u);
}

TEST_P(Hostile, Cve20161981ReceiveHeadPastTheRing) {
  FromBug("CVE-2016-1981: a head outside the ring never comes back to where it was");
  nic().StartReceive(rctl::kUPE | kBuffers256);
  nic().Write(kRDH, Driver::kRingSize + 4);
  nic().Poke(Driver::kRxRing + kDescriptorSize * (Driver::kRingSize + 4),
             Encode(RxDescriptor{.buffer_address = Driver::RxBuffer(20)}));
  nic().Receive(MakeFrame(600));
  EXPECT_EQ(nic().RxBytes(20, 256), MakeFrame(256)) << "one buffer is filled";
  EXPECT_EQ(nic().Read(kRDH), 0u);
  EXPECT_EQ(nic().Read(kICR), cause::kRXO);
  EXPECT_EQ(nic().Read(kMPC), 1u);
}

TEST_P(Hostile, TransmitTailPastTheRingRunsOneLap) {
  FromQemu();
  nic().StartTransmit();
  for (std::uint32_t i = 0; i < Driver::kRingSize; ++i) {
    nic().PostLegacy(MakeFrame(64), txd::kEOP);
  }
  nic().Write(kTDH, 5);
  nic().Write(kTDT, 0xffff);
  EXPECT_EQ(nic().Sent().size(), Driver::kRingSize);
  EXPECT_EQ(nic().Read(kTDH), 5u);
}

TEST_P(Hostile, TransmitRingWithoutLength) {
  FromQemu();
  nic().StartTransmit();
  nic().PostLegacy(MakeFrame(64), txd::kEOP);
  nic().Write(kTDLEN, 0);
  nic().Write(kTDT, 9);
  EXPECT_EQ(nic().Sent().size(), 1u);
  EXPECT_EQ(nic().Read(kTDH), 0u);
}

TEST_P(Hostile, ReceiveRingWithoutLength) {
  FromQemu();
  nic().StartReceive();
  nic().Write(kRDLEN, 0);
  nic().Receive(MakeFrame(64));
  EXPECT_EQ(nic().RxBytes(0, 64), MakeFrame(64));
  EXPECT_EQ(nic().Read(kRDH), 0u);
  EXPECT_EQ(nic().Read(kICR), cause::kRXO);
}

TEST_P(Hostile, ReceiveRingWithoutBuffersEndsAfterALap) {
  FromQemu();
  nic().StartReceive();
  for (std::uint32_t i = 0; i < Driver::kRingSize; ++i) nic().PutRx(i, {});
  nic().Receive(MakeFrame(64));
  for (std::uint32_t i = 0; i < Driver::kRingSize; ++i) EXPECT_EQ(nic().RxAt(i).status, rxd::kDD);
  EXPECT_EQ(nic().Read(kRDH), 0u);
  EXPECT_EQ(nic().Read(kICR), cause::kRXO);
}

// The number of buffers is negative, and as an unsigned number enough for any frame.
TEST_P(Hostile, ReceiveBufferCountWraps) {
  FromQemu();
  nic().StartReceive(rctl::kUPE | kBuffers256);
  nic().Write(kRDH, 100);
  nic().Write(kRDT, 3);
  nic().Receive(MakeFrame(600));
  EXPECT_EQ(nic().Read(kRDH), 0u) << "not refused, but an overrun after the first";
  EXPECT_EQ(nic().Read(kICR), cause::kRXO);
}

TEST_P(Hostile, ReceiveTailPastTheRing) {
  FromQemu();
  nic().StartReceive(rctl::kUPE, 0xffff);
  for (std::uint32_t i = 0; i < Driver::kRingSize + 2; ++i) nic().Receive(MakeFrame(64));
  EXPECT_EQ(nic().Read(kRDH), 2u) << "the ring never runs empty";
  EXPECT_EQ(nic().Read(kMPC), 0u);
}

TEST_P(Hostile, Cve20120029PacketLongerThanTheBuffer) {
  FromBug("CVE-2012-0029: the length of legacy descriptors is not capped");
  nic().StartTransmit();
  nic().PostLegacy(MakeFrame(65535), 0);
  nic().PostLegacy(MakeFrame(65535), 0);
  nic().PostLegacy(MakeFrame(100), txd::kEOP);
  nic().Ring();
  EXPECT_EQ(nic().Sent(), Frames{MakeFrame(100)}) << "65536 bytes count as none";
}

TEST_P(Hostile, LongestFrameOut) {
  FromQemu();
  nic().StartTransmit();
  nic().Send(MakeFrame(65535));
  EXPECT_EQ(nic().Sent(), Frames{MakeFrame(65535)});
}

TEST_P(Hostile, Cve20126075OversizeFrameIn) {
  FromBug("CVE-2012-6075: longer frames than the guest asked for are delivered");
  nic().StartReceive();
  nic().Receive(MakeFrame(1600));
  EXPECT_EQ(nic().Read(kRDH), 0u);
  EXPECT_EQ(nic().Read(kROC), 1u);
}

TEST_P(Hostile, Cve20156815SegmentsOfNothing) {
  FromBug("CVE-2015-6815: header length and MSS 0 loop for ever");
  nic().StartTransmit();
  nic().PostContext(TsoContext(0, 0));
  nic().PostData(MakeFrame(100), txd::kTSE | txd::kEOP);
  nic().Ring();
  ExpectSent({0});
  EXPECT_EQ(nic().Read(kTDH), 2u);
}

TEST_P(Hostile, SegmentsOfHeadersAlone) {
  FromBug("an endless loop over segments without payload");
  nic().StartTransmit();
  nic().PostContext(TsoContext(54, 0));
  nic().PostData(MakeFrame(300), txd::kTSE | txd::kEOP);
  nic().Ring();
  ExpectSent({54, 54});
}

TEST_P(Hostile, SegmentsWithoutHeaders) {
  FromQemu();
  nic().StartTransmit();
  nic().PostContext(TsoContext(0, 100));
  nic().PostData(MakeFrame(250), txd::kTSE | txd::kEOP);
  nic().Ring();
  ExpectSent({100, 100, 50});
}

TEST_P(Hostile, SegmentsWithoutAContext) {
  FromQemu();
  nic().StartTransmit();
  nic().PostData(MakeFrame(250), txd::kTSE | txd::kEOP);
  nic().Ring();
  ExpectSent({0});
}

TEST_P(Hostile, Cve202120257SegmentationAfterALongFragment) {
  FromBug("CVE-2021-20257: more bytes than a segment has room for, the rest underflows");
  nic().StartTransmit();
  nic().PostContext(TsoContext(54, 100));
  nic().PostLegacy(MakeFrame(1000), 0);
  nic().PostData(MakeFrame(500), txd::kTSE | txd::kEOP);
  nic().Ring();
  ExpectSent({1000});  // what was there is sent, the rest is not read
}

// The header is saved when the packet grows past its length in a segmentation descriptor; one that
// arrived otherwise leaves the last packet's in place.
TEST_P(Hostile, HeaderOfAnEarlierPacketComesBack) {
  FromQemu();
  nic().StartTransmit();
  const Packet packet =
      MakePacket(Network::kIpv4, Transport::kTcp, 200, PseudoHeader::kWithoutLength);
  nic().PostContext(ContextOf(packet, 150));
  nic().PostData(packet.bytes, txd::kTSE | txd::kEOP);
  nic().Ring();
  nic().Sent();
  ContextDescriptor context = ContextOf(packet, 150);
  nic().PostContext(context);
  nic().PostLegacy(ByteVector(60, 0x77), 0);
  nic().PostData(ByteVector(200, 0x88), txd::kTSE | txd::kEOP);
  nic().Ring();
  const Frames sent = nic().Sent();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(Slice(sent[0], 0, 14), ByteVector(14, 0x77));
  EXPECT_EQ(Slice(sent[1], 0, 14), Slice(packet.bytes, 0, 14));
}

TEST_P(Hostile, SegmentLongerThanTheBuffer) {
  FromQemu();
  nic().StartTransmit();
  nic().PostContext(TsoContext(255, 0xffff));
  nic().PostData(MakeFrame(65535), txd::kTSE);
  nic().PostData(MakeFrame(65535), txd::kTSE | txd::kEOP);
  nic().Ring();
  EXPECT_EQ(nic().Read(kTDH), 3u);
  ExpectSent({65534});  // 65536 bytes count as none, and the rest begins anew
}

TEST_P(Hostile, HeaderOffsetsPastThePacket) {
  FromQemu();
  nic().StartTransmit();
  ContextDescriptor context = TsoContext(60, 100);
  context.ipcss = 255;
  context.tucss = 255;
  context.tucso = 255;
  context.ipcso = 255;
  nic().PostContext(context);
  nic().PostData(MakeFrame(100), txd::kTSE | txd::kEOP, kBoth);
  nic().Ring();
  EXPECT_EQ(nic().Sent(), Frames{MakeFrame(100)});
}

TEST_P(Hostile, DescriptorsOutsideMemory) {
  FromQemu();
  nic().StartTransmit();
  nic().Write(kTDBAL, static_cast<std::uint32_t>(Driver::kNoMemory));
  nic().Write(kTDT, 5);
  EXPECT_TRUE(nic().Sent().empty());
  EXPECT_EQ(nic().Read(kTDH), 5u);
  nic().StartReceive();
  nic().Write(kRDBAL, static_cast<std::uint32_t>(Driver::kNoMemory));
  nic().Receive(MakeFrame(64));
  EXPECT_EQ(nic().Read(kICR), cause::kTXQE | cause::kRXO);
}

TEST_P(Hostile, RingAtTheEndOfTheAddressSpace) {
  FromQemu();
  nic().StartTransmit();
  nic().Write(kTDBAL, 0xfffffff0);
  nic().Write(kTDBAH, 0xffffffff);
  nic().Write(kTDT, 5);
  EXPECT_EQ(nic().Read(kTDH), 5u);
}

TEST_P(Hostile, RingsThatOverlap) {
  FromQemu();
  nic().StartReceive();
  nic().StartTransmit();
  nic().Write(kTDBAL, static_cast<std::uint32_t>(Driver::kRxRing));
  nic().Receive(MakeFrame(64));
  nic().Write(kTDT, 1);
  EXPECT_EQ(nic().Read(kTDH), 1u);
  EXPECT_EQ(nic().Read(kRDH), 1u);
}

// The frame lands on its own descriptor, which is written after it.
TEST_P(Hostile, BufferOverItsOwnDescriptor) {
  FromManual("3.2.5");
  nic().StartReceive();
  nic().PutRx(0, {.buffer_address = Driver::kRxRing});
  nic().Receive(MakeFrame(64));
  EXPECT_EQ(nic().RxAt(0).buffer_address, Driver::kRxRing);
  EXPECT_EQ(nic().RxAt(0).length, 64 + kFcs);
  EXPECT_EQ(nic().RxAt(0).status, rxd::kDD | rxd::kEOP | rxd::kIXSM);
  EXPECT_EQ(nic().Peek(Driver::kRxRing + 16, 48), Slice(MakeFrame(64), 16, 48));
}

// A descriptor is read when its turn comes: a frame may overwrite the next one.
TEST_P(Hostile, BufferOverTheNextDescriptor) {
  FromQemu();
  nic().StartReceive(rctl::kUPE | kBuffers256);
  nic().PutRx(0, {.buffer_address = Driver::kRxRing + kDescriptorSize});
  ByteVector frame = MakeFrame(400);
  const RawDescriptor planted = Encode(RxDescriptor{.buffer_address = Driver::kScratch});
  std::copy(planted.begin(), planted.end(), frame.begin());
  nic().Receive(frame);
  EXPECT_EQ(nic().Peek(Driver::kScratch, 144), Slice(frame, 256, 144));
}

}  // namespace
}  // namespace nicreplay::e1000
