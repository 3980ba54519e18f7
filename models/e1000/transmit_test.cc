// SPDX-License-Identifier: MIT
// Transmission: descriptors, offloads, tags, ring arithmetic, loopback, statistics.
#include "models/e1000/transmit.h"

#include "models/e1000/test_host.h"
#include "models/net/byte_order.h"

namespace nicreplay::e1000 {
namespace {

constexpr std::uint32_t kData = txd::kDEXT | txd::kDTYP_DATA;
constexpr std::uint32_t kIxsm = txd::kPoptsIXSM << 8;
constexpr std::uint32_t kTxsm = txd::kPoptsTXSM << 8;
constexpr std::size_t kIp = 14;
constexpr std::size_t kTcp = 34;
constexpr std::size_t kHeader = 54;

// The sum of big-endian 16-bit words, folded; 0xffff where a checksum among them is right.
std::uint16_t Sum(const std::uint8_t* bytes, std::size_t size, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < size; ++i) sum += i % 2 == 0 ? bytes[i] << 8 : bytes[i];
  while (sum >> 16 != 0) sum = (sum >> 16) + (sum & 0xffff);
  return static_cast<std::uint16_t>(sum);
}

std::uint16_t PseudoHeader(const ByteVector& frame, std::uint32_t length) {
  return Sum(&frame[kIp + 12], 8, 6 + length);
}

// TCP over IPv4, `size` bytes in all.  The pseudo-header's sum is just under 0x10000, so that
// adding a length carries.
ByteVector MakeTcp(std::size_t size) {
  ByteVector frame = MakeFrame(size);
  frame[13] = 0;
  const std::array<std::uint8_t, 20> ip = {0x45, 0, 0,    0,    0x12, 0xff, 0x40, 0, 64, 6,
                                           0,    0, 0xf5, 0xe0, 0,    1,    10,   0, 0,  2};
  std::copy(ip.begin(), ip.end(), frame.begin() + kIp);
  StoreBe16(&frame[kIp + 2], static_cast<std::uint32_t>(size - kIp));
  const std::array<std::uint8_t, 20> tcp = {0, 80, 1,    0,    0xff, 0xff, 0xff, 0xf0, 0, 0,
                                            0, 0,  0x50, 0x19, 0x20, 0,    0,    0,    0, 0};
  std::copy(tcp.begin(), tcp.end(), frame.begin() + kTcp);
  return frame;
}

ContextDescriptor TcpContext() {
  return {.ipcss = kIp,
          .ipcso = kIp + 10,
          .ipcse = kTcp - 1,
          .tucss = kTcp,
          .tucso = kTcp + 16,
          .command = txd::kDEXT | txd::kContextIP | txd::kContextTCP};
}

class TransmitTest : public testing::Test {
 protected:
  TransmitTest() { bench_.StartTransmit(); }

  // Puts descriptors from index 0 on and moves the tail behind them.
  template <typename... Descriptors>
  void Ring(const Descriptors&... descriptors) {
    std::uint32_t index = 0;
    (bench_.PutTx(index++, descriptors), ...);
    bench_.Write(kTDH, 0);
    bench_.Write(kTDT, index);
  }
  TxDescriptor Data(std::uint32_t size, std::uint32_t command, std::uint32_t upper = 0,
                    std::uint32_t offset = 0) {
    return {Bench::kTxData + offset, kData | command | size, upper};
  }
  TxDescriptor Legacy(std::uint32_t size, std::uint32_t command, std::uint32_t offset = 0) {
    return {Bench::kTxData + offset, command | size, 0};
  }
  const std::vector<ByteVector>& sent() const { return bench_.host.sent; }

  Bench bench_;
};

TEST_F(TransmitTest, NothingHappensWhileDisabled) {
  bench_.Write(kTCTL, 0);
  bench_.Send(MakeFrame(60));
  EXPECT_TRUE(sent().empty());
  EXPECT_EQ(bench_.Read(kTDH), 0u);
  EXPECT_EQ(bench_.Read(kICR), 0u);
  bench_.Write(kTCTL, tctl::kEN);
  EXPECT_EQ(sent().size(), 1u) << "TCTL works the ring, too";
}

TEST_F(TransmitTest, EveryDoorbellSaysQueueEmpty) {
  bench_.Write(kTDT, bench_.Read(kTDH));
  EXPECT_EQ(bench_.Read(kICR), cause::kTXQE);
}

TEST_F(TransmitTest, PacketOfSeveralDescriptors) {
  const ByteVector frame = MakeFrame(100);
  bench_.PutTxData(frame);
  Ring(Legacy(10, 0), Legacy(0, 0), Legacy(90, txd::kEOP, 10));
  ASSERT_EQ(sent().size(), 1u);
  EXPECT_EQ(sent()[0], frame);
}

TEST_F(TransmitTest, ShortAndEmptyPacketsGoOutAsTheyAre) {
  bench_.PutTxData({1, 2, 3});
  Ring(Legacy(3, txd::kEOP), Legacy(0, txd::kEOP));
  ASSERT_EQ(sent().size(), 2u);
  EXPECT_EQ(sent()[0], (ByteVector{1, 2, 3}));
  EXPECT_TRUE(sent()[1].empty());
  EXPECT_EQ(bench_.Read(kTOTL), 3u + 4 + 4);
}

TEST_F(TransmitTest, PacketOf64KiBCountsAsEmpty) {
  Ring(Legacy(0x8000, 0), Legacy(0x8000, 0), Legacy(7, txd::kEOP));
  ASSERT_EQ(sent().size(), 1u);
  EXPECT_EQ(sent()[0].size(), 7u);
}

TEST_F(TransmitTest, StatusIsWrittenBackOnlyWhenAsked) {
  TxDescriptor with_errors = Legacy(60, txd::kEOP | txd::kRS);
  with_errors.upper = 0xabcd120e;
  Ring(with_errors, Legacy(60, txd::kEOP), Legacy(60, txd::kRPS));
  EXPECT_EQ(bench_.GetTx(0).upper, 0xabcd1201u) << "EC, LC and TU are cleared";
  EXPECT_EQ(bench_.GetTx(1).upper, 0u);
  EXPECT_EQ(bench_.GetTx(2).upper, txd::kStatusDD);
  ASSERT_EQ(bench_.host.writes.size(), 2u);
  EXPECT_EQ(bench_.host.writes[0].address, Bench::kTxRing + 12);
  EXPECT_EQ(bench_.host.writes[0].bytes.size(), 4u);
}

TEST_F(TransmitTest, ContextDescriptorsAreWrittenBackToo) {
  ContextDescriptor context = TcpContext();
  context.command |= txd::kRS;
  Ring(context);
  EXPECT_EQ(bench_.GetTx(0).upper, txd::kStatusDD);
  EXPECT_EQ(bench_.Read(kICR), cause::kTXDW | cause::kTXQE);
}

TEST_F(TransmitTest, TailOutsideTheRingRunsOneLap) {
  for (std::uint32_t i = 0; i < Bench::kRingSize; ++i) bench_.PutTx(i, Legacy(60, txd::kEOP));
  bench_.Write(kTDT, 1000);
  EXPECT_EQ(sent().size(), Bench::kRingSize);
  EXPECT_EQ(bench_.Read(kTDH), 0u);
}

TEST_F(TransmitTest, HeadOutsideTheRingTakesOneDescriptor) {
  for (const std::uint32_t head : {Bench::kRingSize, 100u}) {
    bench_.host.sent.clear();
    bench_.Write(kTDH, head);
    bench_.PutTx(head, Legacy(60, txd::kEOP));
    bench_.Write(kTDT, 3);
    EXPECT_EQ(sent().size(), 1u);
    EXPECT_EQ(bench_.Read(kTDH), 0u);
  }
}

TEST_F(TransmitTest, WithoutBusMasterZerosAreTransmitted) {
  bench_.device->ConfigWrite(4, 2, 3);
  const int reads = bench_.host.dma_reads;
  bench_.Send(MakeFrame(60), txd::kRS);
  EXPECT_TRUE(sent().empty());
  EXPECT_EQ(bench_.Read(kTDH), 1u) << "the ring advances";
  EXPECT_EQ(bench_.host.dma_reads, reads);
  EXPECT_TRUE(bench_.host.writes.empty());
}

TEST_F(TransmitTest, LinkDownDiscardsAndCounts) {
  bench_.device->SetLink(LinkState::kDown);
  bench_.Send(MakeFrame(60, kBroadcast));
  EXPECT_TRUE(sent().empty());
  EXPECT_EQ(bench_.Read(kTPT), 1u);
  EXPECT_EQ(bench_.Read(kBPTC), 1u);
}

TEST_F(TransmitTest, CountsDestinationsAndSizes) {
  bench_.Send(MakeFrame(60, kBroadcast));
  bench_.Send(MakeFrame(61, {1, 0, 0, 0, 0, 0}));
  bench_.Send(MakeFrame(1020));
  EXPECT_EQ(bench_.Read(kBPTC), 1u);
  EXPECT_EQ(bench_.Read(kMPTC), 1u);
  EXPECT_EQ(bench_.Read(kPTC64), 1u);
  EXPECT_EQ(bench_.Read(kPTC127), 1u);
  EXPECT_EQ(bench_.Read(kPTC1522), 1u);
  EXPECT_EQ(bench_.Read(kTPT), 3u);
  EXPECT_EQ(bench_.Read(kGPTC), 3u);
  EXPECT_EQ(bench_.Read(kGOTCL), 60u + 61 + 1020 + 12);
}

TEST_F(TransmitTest, InsertsBothChecksums) {
  ByteVector frame = MakeTcp(101);
  StoreBe16(&frame[kTcp + 16], PseudoHeader(frame, 101 - kTcp));
  bench_.PutTxData(frame);
  Ring(TcpContext(), Data(101, txd::kEOP, kIxsm | kTxsm));
  ASSERT_EQ(sent().size(), 1u);
  EXPECT_EQ(Sum(&sent()[0][kIp], 20), 0xffff);
  EXPECT_EQ(Sum(&sent()[0][kTcp], 101 - kTcp, PseudoHeader(frame, 101 - kTcp)), 0xffff);
}

TEST_F(TransmitTest, OptionsComeFromTheFirstDataDescriptor) {
  const ByteVector frame = MakeTcp(101);
  bench_.PutTxData(frame);
  Ring(TcpContext(), Data(20, 0, kIxsm), Data(81, txd::kEOP, kTxsm, 20));
  ASSERT_EQ(sent().size(), 1u);
  EXPECT_EQ(Sum(&sent()[0][kIp], 20), 0xffff);
  EXPECT_EQ(LoadBe16(&sent()[0][kTcp + 16]), 0);
}

TEST_F(TransmitTest, AChecksumOfZeroIsSentAsAllOnes) {
  ByteVector frame(60);
  StoreBe16(&frame[40], 0xffff);
  bench_.PutTxData(frame);
  Ring(ContextDescriptor{.ipcss = 30, .ipcso = 32, .command = txd::kDEXT},
       Data(60, txd::kEOP, kIxsm));
  EXPECT_EQ(LoadBe16(&sent().at(0)[32]), 0xffff);
}

TEST_F(TransmitTest, ChecksumWithoutRoomIsLeftOut) {
  const ByteVector frame(60, 0x11);
  bench_.PutTxData(frame);
  Ring(ContextDescriptor{.ipcss = 0, .ipcso = 59, .command = txd::kDEXT},
       Data(60, txd::kEOP, kIxsm));
  EXPECT_EQ(sent().at(0), frame);
}

TEST_F(TransmitTest, ChecksumThatEndsAtThePacketsSizeEndsWithIt) {
  const ByteVector frame(60, 0x11);
  bench_.PutTxData(frame);
  Ring(ContextDescriptor{.ipcso = 59, .ipcse = 60, .command = txd::kDEXT},
       Data(60, txd::kEOP, kIxsm));
  EXPECT_EQ(sent().at(0), frame);
}

TEST_F(TransmitTest, ChecksumThatStartsBehindTheEndSumsNothing) {
  bench_.PutTxData(ByteVector(60, 0x11));
  Ring(ContextDescriptor{.ipcss = 200, .ipcso = 10, .command = txd::kDEXT},
       Data(60, txd::kEOP, kIxsm));
  EXPECT_EQ(LoadBe16(&sent().at(0)[10]), 0xffff);
}

TEST_F(TransmitTest, EmptyPacketsTakeAChecksumIntoTheBuffer) {
  bench_.Write(kCTRL, ctrl::kVME);
  Ring(ContextDescriptor{.ipcso = 1, .command = txd::kDEXT}, Data(0, txd::kEOP, kIxsm),
       Legacy(0, txd::kEOP | txd::kVLE));
  ASSERT_EQ(sent().size(), 2u);
  EXPECT_TRUE(sent()[0].empty());
  EXPECT_EQ(sent()[1], (ByteVector{0, 0xff, 0xff, 0})) << "a tag moves the buffer's old bytes";
}

TEST_F(TransmitTest, LegacyDescriptorsInsertNoChecksum) {
  const ByteVector frame(60, 0x11);
  bench_.PutTxData(frame);
  TxDescriptor descriptor = Legacy(60, txd::kEOP | txd::kIC);
  descriptor.lower |= 20u << 16;  // CSO
  Ring(descriptor);
  EXPECT_EQ(sent().at(0), frame);
}

TEST_F(TransmitTest, TagGoesBehindTheAddresses) {
  bench_.Write(kCTRL, ctrl::kVME);
  bench_.PutTxData(MakeFrame(60));
  TxDescriptor descriptor = Legacy(60, txd::kEOP | txd::kVLE);
  descriptor.upper = 0x01230000;
  Ring(descriptor);
  EXPECT_EQ(sent().at(0), Tagged(MakeFrame(60), 0x0123));
  EXPECT_EQ(bench_.Read(kTOTL), 64u) << "without the tag";
  EXPECT_EQ(bench_.Read(kPTC127), 1u) << "with the tag";
}

TEST_F(TransmitTest, TagNeedsVmeAndTheLastDescriptor) {
  bench_.PutTxData(MakeFrame(60));
  Ring(Legacy(60, txd::kEOP | txd::kVLE));
  EXPECT_EQ(sent().at(0).size(), 60u);
  bench_.Write(kCTRL, ctrl::kVME);
  Ring(Legacy(30, txd::kVLE), Legacy(30, txd::kEOP, 30));
  EXPECT_EQ(sent().at(1).size(), 60u);
}

TEST_F(TransmitTest, TagOnLessThanItsPlace) {
  bench_.Write(kCTRL, ctrl::kVME);
  bench_.PutTxData({1, 2, 3, 4, 5, 6});
  Ring(Legacy(6, txd::kEOP | txd::kVLE));
  EXPECT_EQ(sent().at(0), (ByteVector{1, 2, 3, 4, 5, 6, 0, 0, 0, 0}));
}

class SegmentationTest : public TransmitTest {
 protected:
  static ContextDescriptor TsoContext(std::uint32_t payload, std::uint16_t mss) {
    ContextDescriptor context = TcpContext();
    context.command |= txd::kTSE | payload;
    context.hdrlen = kHeader;
    context.mss = mss;
    return context;
  }
  // As a driver prepares it: the pseudo-header's sum has no length.
  static ByteVector Packet(std::size_t payload) {
    ByteVector packet = MakeTcp(kHeader + payload);
    StoreBe16(&packet[kTcp + 16], PseudoHeader(packet, 0));
    return packet;
  }
};

TEST_F(SegmentationTest, CutsHeadersSequenceFlagsAndChecksums) {
  const ByteVector packet = Packet(2500);
  bench_.PutTxData(packet);
  Ring(TsoContext(2500, 1000), Data(kHeader, txd::kTSE, kIxsm | kTxsm),
       Data(2500, txd::kTSE | txd::kEOP, 0, kHeader));
  ASSERT_EQ(sent().size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    const ByteVector& segment = sent()[i];
    const std::size_t payload = i == 2 ? 500 : 1000;
    ASSERT_EQ(segment.size(), kHeader + payload);
    EXPECT_EQ(LoadBe16(&segment[kIp + 2]), kHeader - kIp + payload);
    EXPECT_EQ(LoadBe16(&segment[kIp + 4]), 0x12ff + i);
    EXPECT_EQ(LoadBe32(&segment[kTcp + 4]), static_cast<std::uint32_t>(0xfffffff0 + 1000 * i));
    EXPECT_EQ(segment[kTcp + 13], i == 2 ? 0x19 : 0x10) << "PSH and FIN in the last only";
    EXPECT_EQ(Sum(&segment[kIp], 20), 0xffff);
    const std::size_t length = segment.size() - kTcp;
    EXPECT_EQ(
        Sum(&segment[kTcp], length, PseudoHeader(segment, static_cast<std::uint32_t>(length))),
        0xffff);
    EXPECT_TRUE(std::equal(segment.begin() + kHeader, segment.end(),
                           packet.begin() + static_cast<long>(kHeader + 1000 * i)));
  }
  EXPECT_EQ(bench_.Read(kTSCTC), 1u);
  EXPECT_EQ(bench_.Read(kTPT), 3u);
}

TEST_F(SegmentationTest, SingleSegmentIsNoSegmentation) {
  bench_.PutTxData(Packet(100));
  Ring(TsoContext(100, 1000), Data(kHeader + 100, txd::kTSE | txd::kEOP, kIxsm | kTxsm));
  ASSERT_EQ(sent().size(), 1u);
  EXPECT_EQ(bench_.Read(kTSCTC), 0u);
}

TEST_F(SegmentationTest, PayloadThatEndsWithASegmentLeavesABareHeader) {
  bench_.PutTxData(Packet(2000));
  Ring(TsoContext(2000, 1000), Data(kHeader + 2000, txd::kTSE | txd::kEOP, 0));
  ASSERT_EQ(sent().size(), 3u);
  EXPECT_EQ(sent()[1][kTcp + 13], 0x19) << "the payload's last segment";
  EXPECT_EQ(sent()[2].size(), kHeader);
  EXPECT_EQ(bench_.Read(kTSCTC), 2u);
}

TEST_F(SegmentationTest, ANewContextStartsToCountAnew) {
  bench_.PutTxData(Packet(3000));
  Ring(TsoContext(3000, 1000), Data(kHeader + 2000, txd::kTSE, 0), TsoContext(3000, 1000),
       Data(1000, txd::kTSE, 0, kHeader + 2000));
  ASSERT_EQ(sent().size(), 3u);
  EXPECT_EQ(LoadBe16(&sent()[1][kIp + 4]), 0x1300);
  EXPECT_EQ(LoadBe16(&sent()[2][kIp + 4]), 0x12ff);
}

TEST_F(SegmentationTest, UdpAndIpv6GetTheirLengths) {
  bench_.PutTxData(ByteVector(300, 0x22));
  ContextDescriptor context = TsoContext(240, 1000);
  context.command &= ~(txd::kContextIP | txd::kContextTCP);
  Ring(context, Data(300, txd::kTSE | txd::kEOP, 0));
  EXPECT_EQ(LoadBe16(&sent().at(0)[kIp + 4]), 300 - kIp) << "not reduced by the fixed header";
  EXPECT_EQ(LoadBe16(&sent().at(0)[kTcp + 4]), 300 - kTcp);
}

TEST_F(SegmentationTest, PacketThatEndsInItsHeaderIsLost) {
  bench_.PutTxData(Packet(0));
  Ring(TsoContext(0, 1000), Data(kHeader - 1, txd::kTSE | txd::kEOP, 0));
  EXPECT_TRUE(sent().empty());
  EXPECT_EQ(bench_.Read(kTPT), 0u);
}

TEST_F(SegmentationTest, MssOfZeroEnds) {
  bench_.PutTxData(Packet(500));
  Ring(TsoContext(500, 0), Data(kHeader + 500, txd::kTSE | txd::kEOP, 0));
  ASSERT_EQ(sent().size(), 2u);
  EXPECT_EQ(sent()[0].size(), kHeader);
}

TEST_F(SegmentationTest, WithoutAnyContextNothingFits) {
  Ring(Data(500, txd::kTSE | txd::kEOP, 0));
  ASSERT_EQ(sent().size(), 1u);
  EXPECT_TRUE(sent()[0].empty());
}

TEST_F(SegmentationTest, SegmentOf64KiBIsSentEmpty) {
  ContextDescriptor context = TsoContext(65536 - kHeader, 0);
  context.mss = static_cast<std::uint16_t>(65536 - kHeader);
  Ring(context, Data(0x8000, txd::kTSE, 0), Data(0x8000, txd::kTSE, 0, 0x8000));
  ASSERT_EQ(sent().size(), 1u);
  EXPECT_TRUE(sent()[0].empty());
}

TEST_F(SegmentationTest, ContextsOfBothKindsAreKeptApart) {
  bench_.PutTxData(Packet(100));
  ContextDescriptor other = TcpContext();
  other.ipcso = 60;
  Ring(TsoContext(100, 1000), other, Data(kHeader + 100, txd::kTSE | txd::kEOP, kIxsm),
       Data(kHeader + 100, txd::kEOP, kIxsm));
  ASSERT_EQ(sent().size(), 2u);
  EXPECT_NE(LoadBe16(&sent()[0][kIp + 10]), 0);
  EXPECT_EQ(LoadBe16(&sent()[1][kIp + 10]), 0);
}

class LoopbackTest : public TransmitTest {
 protected:
  LoopbackTest() {
    bench_.StartReceive();
    bench_.Write(kMDIC, 1u << mdic::kPHYADD_SHIFT | mdic::kOP_WRITE | phy::kCtrlLoopback);
  }
};

TEST_F(LoopbackTest, FramesComeBackPadded) {
  for (const std::uint32_t size : {0u, 59u, 60u}) bench_.Send(MakeFrame(size));
  EXPECT_TRUE(sent().empty());
  // The empty frame has an address of zeros, which UPE lets in.
  for (std::uint32_t i = 0; i < 3; ++i) EXPECT_EQ(bench_.GetRx(i).length, 64);
  EXPECT_EQ(bench_.Read(kTPT), 3u);
  EXPECT_EQ(bench_.Read(kTPR), 3u);
}

TEST_F(LoopbackTest, DropsSilentlyWhenItCannotReceive) {
  bench_.Write(kRDT, 0);
  bench_.Send(MakeFrame(60));
  EXPECT_EQ(bench_.Read(kTPT), 1u);
  EXPECT_EQ(bench_.Read(kMPC), 0u);
}

TEST_F(LoopbackTest, StrippingShiftsTheTransmitBuffer) {
  bench_.StartReceive(rctl::kMPE);
  bench_.Write(kCTRL, ctrl::kVME);
  constexpr std::array<std::uint8_t, 6> kAlmostBroadcast = {255, 255, 255, 255, 0x12, 0x34};
  bench_.Send(Tagged(MakeFrame(80, kAlmostBroadcast), 7));
  EXPECT_EQ(bench_.GetRx(0).special, 7);
  EXPECT_EQ(bench_.Memory(Bench::kRxData, 80), MakeFrame(80, kAlmostBroadcast));
  EXPECT_EQ(bench_.Read(kBPTC), 1u) << "bytes 4 and 5 were overwritten by bytes 0 and 1";
  EXPECT_EQ(bench_.Read(kMPTC), 0u);

  bench_.Send(Tagged(MakeFrame(30, kAlmostBroadcast), 7));
  EXPECT_EQ(bench_.Read(kBPTC), 0u) << "a short frame was padded in a copy";
  EXPECT_EQ(bench_.Read(kMPTC), 1u);
}

TEST_F(LoopbackTest, ANetworkThatIsDownHearsNothing) {
  bench_.device->SetLink(LinkState::kDown);
  bench_.Send(MakeFrame(60));
  EXPECT_EQ(bench_.Read(kTPT), 1u);
  EXPECT_EQ(bench_.Read(kTPR), 0u);
}

}  // namespace
}  // namespace nicreplay::e1000
