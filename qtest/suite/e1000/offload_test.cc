// SPDX-License-Identifier: MIT
// Checksums that the device inserts into frames which it does not segment.
#include "qtest/suite/e1000/conformance.h"

namespace nicreplay::e1000 {
namespace {

constexpr std::uint8_t kBoth = txd::kPoptsIXSM | txd::kPoptsTXSM;

class Offload : public Conformance {
 protected:
  // The frame that comes out for one packet and its context.
  ByteVector SendWith(const ContextDescriptor& context, const ByteVector& bytes,
                      std::uint8_t popts) {
    nic().PostContext(context);
    nic().PostData(bytes, txd::kEOP, popts);
    nic().Ring();
    const Frames sent = nic().Sent();
    EXPECT_EQ(sent.size(), 1u);
    return sent.empty() ? ByteVector{} : sent[0];
  }
};
NICREPLAY_CONFORMANCE_INSTANCES(Offload);

Packet TcpPacket(std::size_t payload) {
  return MakePacket(Network::kIpv4, Transport::kTcp, payload, PseudoHeader::kWithLength);
}

// What the device is to sum: bytes `from` to the end.
ContextDescriptor Summing(std::uint8_t from, std::uint8_t to, std::uint16_t last = 0) {
  ContextDescriptor context;
  context.command = txd::kDEXT;
  context.tucss = from;
  context.tucso = to;
  context.tucse = last;
  return context;
}

TEST_P(Offload, TcpOverIpv4) {
  FromManual("3.6");
  nic().StartTransmit();
  const Packet packet = TcpPacket(777);
  const ByteVector sent = SendWith(ContextOf(packet), packet.bytes, kBoth);
  EXPECT_TRUE(NetworkChecksumHolds(sent));
  EXPECT_TRUE(TransportChecksumHolds(sent));
  EXPECT_EQ(Slice(sent, packet.payload, 777), packet.data());
}

TEST_P(Offload, UdpOverIpv4) {
  FromManual("3.6");
  nic().StartTransmit();
  const Packet packet = MakePacket(Network::kIpv4, Transport::kUdp, 500, PseudoHeader::kWithLength);
  const ByteVector sent = SendWith(ContextOf(packet), packet.bytes, kBoth);
  EXPECT_TRUE(NetworkChecksumHolds(sent));
  EXPECT_TRUE(TransportChecksumHolds(sent));
}

TEST_P(Offload, TcpOverIpv6) {
  FromManual("3.6");
  nic().StartTransmit();
  const Packet packet = MakePacket(Network::kIpv6, Transport::kTcp, 501, PseudoHeader::kWithLength);
  EXPECT_TRUE(TransportChecksumHolds(SendWith(ContextOf(packet), packet.bytes, txd::kPoptsTXSM)));
}

TEST_P(Offload, EachChecksumIsAskedForByItself) {
  FromManual("3.3.7.3");
  nic().StartTransmit();
  const Packet packet = TcpPacket(100);
  const ContextDescriptor context = ContextOf(packet);
  EXPECT_EQ(SendWith(context, packet.bytes, 0), packet.bytes);
  const ByteVector ip = SendWith(context, packet.bytes, txd::kPoptsIXSM);
  EXPECT_TRUE(NetworkChecksumHolds(ip));
  EXPECT_FALSE(TransportChecksumHolds(ip));
  const ByteVector tcp = SendWith(context, packet.bytes, txd::kPoptsTXSM);
  EXPECT_FALSE(NetworkChecksumHolds(tcp));
  EXPECT_TRUE(TransportChecksumHolds(tcp));
}

TEST_P(Offload, ContextHoldsForLaterFrames) {
  FromManual("3.3.5");
  nic().StartTransmit();
  const Packet packet = TcpPacket(100);
  nic().PostContext(ContextOf(packet));
  for (int i = 0; i < 3; ++i) nic().PostData(packet.bytes, txd::kEOP, kBoth);
  nic().Ring();
  const Frames sent = nic().Sent();
  ASSERT_EQ(sent.size(), 3u);
  for (const ByteVector& frame : sent) EXPECT_TRUE(TransportChecksumHolds(frame));
}

TEST_P(Offload, LegacyFramesStayAsTheyAre) {
  FromManual("3.3.3");
  nic().StartTransmit();
  const Packet packet = TcpPacket(100);
  SendWith(ContextOf(packet), packet.bytes, kBoth);
  nic().Send(packet.bytes);
  EXPECT_EQ(nic().Sent(), Frames{packet.bytes});
}

TEST_P(Offload, OptionsOfTheFirstDescriptorCount) {
  FromManual("3.3.7.3");
  FromBug("checksum options kept in the context or not taken from the first descriptor only");
  nic().StartTransmit();
  const Packet packet = TcpPacket(100);
  const ByteVector head = Slice(packet.bytes, 0, 60);
  const ByteVector tail = Slice(packet.bytes, 60, packet.bytes.size());
  nic().PostContext(ContextOf(packet));
  nic().PostData(head, 0, kBoth);
  nic().PostData(tail, txd::kEOP, 0);
  nic().PostData(head, 0, 0);
  nic().PostData(tail, txd::kEOP, kBoth);
  nic().Ring();
  const Frames sent = nic().Sent();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_TRUE(TransportChecksumHolds(sent[0]));
  EXPECT_TRUE(NetworkChecksumHolds(sent[0]));
  EXPECT_EQ(sent[1], packet.bytes);
}

TEST_P(Offload, OptionsAreTakenWhileTheFrameIsEmpty) {
  FromQemu();
  nic().StartTransmit();
  const Packet packet = TcpPacket(100);
  nic().PostContext(ContextOf(packet));
  nic().PostData({}, 0, kBoth);
  nic().PostData(packet.bytes, txd::kEOP, 0);
  nic().PostData({}, 0, kBoth);
  nic().PostLegacy(packet.bytes, txd::kEOP);
  nic().Ring();
  const Frames sent = nic().Sent();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[0], packet.bytes) << "a later data descriptor replaces them";
  EXPECT_TRUE(TransportChecksumHolds(sent[1])) << "a legacy descriptor does not";
}

TEST_P(Offload, SumEndsWhereToldTo) {
  FromManual("3.3.6");
  nic().StartTransmit();
  const ByteVector bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 9, 9};
  const ByteVector inside = SendWith(Summing(14, 18, 17), bytes, txd::kPoptsTXSM);
  EXPECT_EQ(inside, bytes) << "there is no room for a checksum before the end";
  const ByteVector whole = SendWith(Summing(14, 18, 19), bytes, txd::kPoptsTXSM);
  EXPECT_EQ(Be16(whole, 18), 0xffff - (0x0102 + 0x0304));
  const ByteVector open = SendWith(Summing(14, 18), bytes, txd::kPoptsTXSM);
  EXPECT_EQ(Be16(open, 18), 0xffff - (0x0102 + 0x0304 + 0x0909));
}

TEST_P(Offload, SumTakesAnOddLastByteAsHigh) {
  FromManual("3.6");
  nic().StartTransmit();
  ByteVector bytes(21);
  bytes[20] = 0x12;
  const ByteVector sent = SendWith(Summing(14, 18), bytes, txd::kPoptsTXSM);
  EXPECT_EQ(Be16(sent, 18), 0xffff - 0x1200);
}

TEST_P(Offload, EndPastTheFrameIsItsEnd) {
  FromQemu();
  nic().StartTransmit();
  ByteVector bytes(20);
  bytes[14] = 1;
  const ByteVector sent = SendWith(Summing(14, 16, 500), bytes, txd::kPoptsTXSM);
  EXPECT_EQ(Be16(sent, 16), 0xffff - 0x0100);
}

TEST_P(Offload, ChecksumOfZeroIsSentAsOnes) {
  FromBug("UDP checksum 0 sent as 0");
  FromManual("3.6");
  nic().StartTransmit();
  ByteVector bytes(30);
  bytes[14] = bytes[15] = 0xff;
  const ByteVector sent = SendWith(Summing(14, 20), bytes, txd::kPoptsTXSM);
  EXPECT_EQ(Be16(sent, 20), 0xffff);
}

TEST_P(Offload, SumOfNothingIsOnes) {
  FromQemu();
  nic().StartTransmit();
  const ByteVector sent = SendWith(Summing(30, 16), ByteVector(30), txd::kPoptsTXSM);
  EXPECT_EQ(Be16(sent, 16), 0xffff);
}

TEST_P(Offload, StartPastTheFrameSumsNothing) {
  FromBug("an underflow of the length to sum");
  nic().StartTransmit();
  const ByteVector sent = SendWith(Summing(255, 16), ByteVector(30), txd::kPoptsTXSM);
  EXPECT_EQ(Be16(sent, 16), 0xffff);
  EXPECT_EQ(sent.size(), 30u);
}

TEST_P(Offload, ChecksumMustFitTheFrame) {
  FromBug("a checksum offset past the header");
  nic().StartTransmit();
  const ByteVector bytes = MakeFrame(30);
  for (const std::uint8_t to : std::array<std::uint8_t, 4>{29, 30, 31, 255}) {
    EXPECT_EQ(SendWith(Summing(14, to), bytes, txd::kPoptsTXSM), bytes) << int{to};
  }
  EXPECT_NE(SendWith(Summing(14, 28), bytes, txd::kPoptsTXSM), bytes);
}

// The IP checksum comes after the transport's and covers it where the ranges say so.
TEST_P(Offload, TransportChecksumComesFirst) {
  FromQemu();
  nic().StartTransmit();
  ContextDescriptor context = Summing(14, 16, 19);
  context.ipcss = 14;
  context.ipcso = 20;
  context.ipcse = 0;
  ByteVector bytes(24);
  bytes[14] = 0x11;
  const ByteVector sent = SendWith(context, bytes, kBoth);
  EXPECT_EQ(Be16(sent, 16), 0xffff - 0x1100);
  EXPECT_EQ(Be16(sent, 20), 0xffff);
}

// "Segmentation" contexts have a place of their own.
TEST_P(Offload, ContextsForSegmentationAreKeptApart) {
  FromManual("3.3.5");
  FromBug("one context slot shared by TSO and non-TSO");
  nic().StartTransmit();
  const Packet packet = TcpPacket(100);
  nic().PostContext(ContextOf(packet));
  ContextDescriptor other = Summing(0, 0);
  other.command |= txd::kTSE;
  nic().PostContext(other);
  nic().PostData(packet.bytes, txd::kEOP, kBoth);
  nic().Ring();
  const Frames sent = nic().Sent();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_TRUE(TransportChecksumHolds(sent[0]));
}

}  // namespace
}  // namespace nicreplay::e1000
