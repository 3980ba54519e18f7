// SPDX-License-Identifier: MIT
// TCP segmentation.
#include "qtest/suite/e1000/conformance.h"

namespace nicreplay::e1000 {
namespace {

constexpr std::uint8_t kBoth = txd::kPoptsIXSM | txd::kPoptsTXSM;
constexpr std::uint16_t kMss = 400;

class Tso : public Conformance {
 protected:
  // A packet in a context and one data descriptor for the headers, one for the payload.
  Frames Segment(const Packet& packet, std::uint16_t mss, std::uint8_t popts = kBoth) {
    nic().PostContext(ContextOf(packet, mss));
    nic().PostData(packet.header(), txd::kTSE, popts);
    nic().PostData(packet.data(), txd::kTSE | txd::kEOP);
    nic().Ring();
    return nic().Sent();
  }
};
NICREPLAY_CONFORMANCE_INSTANCES(Tso);

Packet TcpPacket(std::size_t payload, Network network = Network::kIpv4) {
  return MakePacket(network, Transport::kTcp, payload, PseudoHeader::kWithoutLength);
}

ByteVector PayloadsOf(const Frames& frames, std::size_t header) {
  ByteVector all;
  for (const ByteVector& frame : frames) {
    all = Joined(std::move(all), Slice(frame, header, frame.size() - header));
  }
  return all;
}

TEST_P(Tso, CutsThePayload) {
  FromManual("3.5");
  nic().StartTransmit();
  const Packet packet = TcpPacket(1000);
  const Frames sent = Segment(packet, kMss);
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(sent[0].size(), packet.payload + 400u);
  EXPECT_EQ(sent[1].size(), packet.payload + 400u);
  EXPECT_EQ(sent[2].size(), packet.payload + 200u);
  EXPECT_EQ(PayloadsOf(sent, packet.payload), packet.data());
}

TEST_P(Tso, Ipv4HeaderOfEachSegment) {
  FromManual("3.5.9");
  nic().StartTransmit();
  const Packet packet = TcpPacket(1000);
  std::uint16_t index = 0;
  for (const ByteVector& frame : Segment(packet, kMss)) {
    EXPECT_EQ(Be16(frame, packet.network + 2u), frame.size() - packet.network);
    EXPECT_EQ(Be16(frame, packet.network + 4u), kFirstIdentification + index++);
    EXPECT_TRUE(NetworkChecksumHolds(frame));
    EXPECT_EQ(Slice(frame, 0, packet.network), Slice(packet.bytes, 0, packet.network));
  }
}

TEST_P(Tso, TcpHeaderOfEachSegment) {
  FromManual("3.5.9");
  nic().StartTransmit();
  const Packet packet = TcpPacket(1500);
  const Frames sent = Segment(packet, kMss);
  ASSERT_EQ(sent.size(), 4u);
  for (std::uint32_t i = 0; i < 4; ++i) {
    EXPECT_EQ(Be32(sent[i], packet.transport + 4u), kFirstSequence + i * kMss);
    const std::uint8_t flags = i == 3 ? kTcpAck | kTcpPsh | kTcpFin : kTcpAck;
    EXPECT_EQ(sent[i][packet.transport + kTcpFlagsAt], flags) << i;
  }
}

TEST_P(Tso, ChecksumOfEachSegment) {
  FromManual("3.5.8");
  nic().StartTransmit();
  for (const Network network : {Network::kIpv4, Network::kIpv6}) {
    for (const std::size_t payload : {801u, 1111u, 1234u}) {
      const Packet packet = TcpPacket(payload, network);
      const std::uint8_t popts = network == Network::kIpv4 ? kBoth : txd::kPoptsTXSM;
      const Frames sent = Segment(packet, kMss, popts);
      EXPECT_EQ(sent.size(), 3u + (payload > 1200 ? 1 : 0));
      for (const ByteVector& frame : sent) EXPECT_TRUE(TransportChecksumHolds(frame)) << payload;
    }
  }
}

// The partial sum and the length together go over 16 bits.
TEST_P(Tso, ChecksumKeepsTheCarry) {
  FromBug("TSO pseudo-header carry lost");
  nic().StartTransmit();
  Packet packet = TcpPacket(600);
  ByteVector& frame = packet.bytes;
  // Addresses whose partial sum is just under 0x10000: what the length adds, carries.
  const std::size_t checksum = packet.transport_checksum();
  const std::uint32_t missing = 0xfff0u - Be16(frame, checksum);
  ASSERT_LT(missing, 0x10000u);
  const std::uint32_t address = Be16(frame, packet.network + 12u) + missing;
  ASSERT_LT(address, 0x10000u);
  frame[packet.network + 12u] = static_cast<std::uint8_t>(address >> 8);
  frame[packet.network + 13u] = static_cast<std::uint8_t>(address);
  frame[checksum] = 0xff;
  frame[checksum + 1] = 0xf0;
  for (const ByteVector& sent : Segment(packet, kMss)) EXPECT_TRUE(TransportChecksumHolds(sent));
}

TEST_P(Tso, Ipv6LengthIsThatFromTheHeaderOn) {
  FromManual("3.5.9.1");
  FromQemu();  // IPv6 wants it without its fixed header of 40 bytes
  nic().StartTransmit();
  const Packet packet = TcpPacket(1000, Network::kIpv6);
  const Frames sent = Segment(packet, kMss, txd::kPoptsTXSM);
  ASSERT_EQ(sent.size(), 3u);
  for (const ByteVector& frame : sent) {
    EXPECT_EQ(Be16(frame, packet.network + 4u), frame.size() - packet.network);
  }
  EXPECT_EQ(PayloadsOf(sent, packet.payload), packet.data());
}

TEST_P(Tso, UdpLengthOfEachSegment) {
  FromManual("3.5.9");
  nic().StartTransmit();
  const Packet packet =
      MakePacket(Network::kIpv4, Transport::kUdp, 1000, PseudoHeader::kWithoutLength);
  const Frames sent = Segment(packet, kMss);
  ASSERT_EQ(sent.size(), 3u);
  for (const ByteVector& frame : sent) {
    EXPECT_EQ(Be16(frame, packet.transport + 4u), frame.size() - packet.transport);
    EXPECT_TRUE(TransportChecksumHolds(frame));
    EXPECT_TRUE(NetworkChecksumHolds(frame));
  }
}

TEST_P(Tso, PayloadThatFitsIsOneFrame) {
  FromManual("3.5");
  nic().StartTransmit();
  const Packet packet = TcpPacket(kMss - 1);
  const Frames sent = Segment(packet, kMss);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_TRUE(TransportChecksumHolds(sent[0]));
  EXPECT_EQ(sent[0][packet.transport + kTcpFlagsAt], kTcpAck | kTcpPsh | kTcpFin);
}

// A payload of whole segments is sent when the last is full; the end of the packet then sends the
// headers once more.
TEST_P(Tso, PayloadOfWholeSegmentsIsFollowedByAnEmptyOne) {
  FromQemu();
  nic().StartTransmit();
  const Packet packet = TcpPacket(2 * kMss);
  const Frames sent = Segment(packet, kMss);
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(sent[1][packet.transport + kTcpFlagsAt], kTcpAck | kTcpPsh | kTcpFin);
  EXPECT_EQ(sent[2].size(), packet.payload);
  EXPECT_EQ(Be32(sent[2], packet.transport + 4u), kFirstSequence + 2 * kMss);
}

TEST_P(Tso, AnyNumberOfDescriptors) {
  FromManual("3.5.6");
  nic().StartTransmit();
  const Packet packet = TcpPacket(1000);
  nic().PostContext(ContextOf(packet, kMss));
  std::size_t at = 0;
  for (const std::size_t size : {14u, 20u, 20u, 1u, 398u, 2u, 500u, 99u}) {
    const bool last = at + size == packet.bytes.size();
    nic().PostData(Slice(packet.bytes, at, size), txd::kTSE | (last ? txd::kEOP : 0),
                   at == 0 ? kBoth : 0);
    at += size;
  }
  nic().Ring();
  const Frames sent = nic().Sent();
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(PayloadsOf(sent, packet.payload), packet.data());
  for (const ByteVector& frame : sent) EXPECT_TRUE(TransportChecksumHolds(frame));
}

TEST_P(Tso, HeadersAndPayloadInOneDescriptor) {
  FromManual("3.5.6");
  nic().StartTransmit();
  const Packet packet = TcpPacket(1000);
  nic().PostContext(ContextOf(packet, kMss));
  nic().PostData(packet.bytes, txd::kTSE | txd::kEOP, kBoth);
  nic().Ring();
  const Frames sent = nic().Sent();
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(PayloadsOf(sent, packet.payload), packet.data());
}

TEST_P(Tso, OneDoorbellADescriptorMakesNoDifference) {
  FromQemu();
  nic().StartTransmit();
  const Packet packet = TcpPacket(1000);
  const Frames at_once = Segment(packet, kMss);
  nic().PostContext(ContextOf(packet, kMss));
  nic().Ring();
  nic().PostData(packet.header(), txd::kTSE, kBoth);
  nic().Ring();
  nic().PostData(packet.data(), txd::kTSE | txd::kEOP);
  nic().Ring();
  EXPECT_EQ(nic().Sent(), at_once);
}

TEST_P(Tso, ContextHoldsForTheNextPacket) {
  FromManual("3.3.5");
  nic().StartTransmit();
  const Packet packet = TcpPacket(1000);
  const Frames first = Segment(packet, kMss);
  nic().PostData(packet.bytes, txd::kTSE | txd::kEOP, kBoth);
  nic().Ring();
  EXPECT_EQ(nic().Sent(), first);
}

TEST_P(Tso, ContextWithoutSegmentationLeavesThatFor) {
  FromBug("one context slot shared by TSO and non-TSO");
  nic().StartTransmit();
  const Packet packet = TcpPacket(1000);
  const Frames first = Segment(packet, kMss);
  ContextDescriptor other;
  other.command = txd::kDEXT;
  nic().PostContext(ContextOf(packet, kMss));
  nic().PostContext(other);
  nic().PostData(packet.bytes, txd::kTSE | txd::kEOP, kBoth);
  nic().Ring();
  EXPECT_EQ(nic().Sent(), first);
}

TEST_P(Tso, ChecksumsOnlyWhereAskedFor) {
  FromManual("3.5.8");
  nic().StartTransmit();
  const Packet packet = TcpPacket(600);
  const Frames sent = Segment(packet, kMss, 0);
  ASSERT_EQ(sent.size(), 2u);
  for (const ByteVector& frame : sent) {
    EXPECT_EQ(Be16(frame, packet.network + 10u), 0);
    EXPECT_EQ(Be16(frame, packet.transport_checksum()),
              Be16(packet.bytes, packet.transport_checksum()));
  }
}

TEST_P(Tso, CountsContextsWithSeveralSegments) {
  FromManual("13.7");
  nic().StartTransmit();
  Segment(TcpPacket(1000), kMss);
  EXPECT_EQ(nic().Read(kTSCTC), 1u);
  Segment(TcpPacket(100), kMss);
  EXPECT_EQ(nic().Read(kTSCTC), 0u) << "one segment only";
  EXPECT_EQ(nic().Read(kTSCTFC), 0u);
}

TEST_P(Tso, CountsEachSegment) {
  FromManual("13.7");
  nic().StartTransmit();
  const Packet packet = TcpPacket(1000);
  Segment(packet, kMss);
  EXPECT_EQ(nic().Read(kTPT), 3u);
  EXPECT_EQ(nic().Read(kGPTC), 3u);
  EXPECT_EQ(nic().Read(kTOTL), 3 * (packet.payload + kFcs) + 1000);
  EXPECT_EQ(nic().Read(kPTC511), 3u);
}

TEST_P(Tso, WritesBackEveryDescriptorThatAsks) {
  FromManual("3.3.6.2, 3.3.7.2");
  nic().StartTransmit();
  const Packet packet = TcpPacket(1000);
  ContextDescriptor context = ContextOf(packet, kMss);
  context.command |= txd::kRS;
  nic().PostContext(context);
  nic().PostData(packet.header(), txd::kTSE | txd::kRS, kBoth);
  nic().PostData(packet.data(), txd::kTSE | txd::kEOP | txd::kRS);
  nic().Ring();
  for (std::uint32_t i = 0; i < 3; ++i) EXPECT_NE(nic().TxAt(i).upper & txd::kStatusDD, 0u) << i;
}

TEST_P(Tso, PacketShorterThanItsHeaderIsLost) {
  FromQemu();
  nic().StartTransmit();
  const Packet packet = TcpPacket(1000);
  nic().PostContext(ContextOf(packet, kMss));
  const std::uint32_t index =
      nic().PostData(Slice(packet.bytes, 0, 40), txd::kTSE | txd::kEOP | txd::kRS, kBoth);
  nic().Ring();
  EXPECT_TRUE(nic().Sent().empty());
  EXPECT_EQ(nic().Read(kTPT), 0u);
  EXPECT_EQ(nic().TxAt(index).upper & 0xff, txd::kStatusDD);
  EXPECT_EQ(Segment(packet, kMss).size(), 3u) << "and leaves nothing behind";
}

// PAYLEN says where the payload ends; past it, what is left is a huge number, and no segment the
// last.
TEST_P(Tso, MorePayloadThanSaid) {
  FromQemu();
  FromBug("an underflow in segmentation");
  nic().StartTransmit();
  const Packet packet = TcpPacket(1500);
  ContextDescriptor context = ContextOf(packet, kMss);
  context.command = (context.command & ~0xfffffu) | 500;
  nic().PostContext(context);
  nic().PostData(packet.bytes, txd::kTSE | txd::kEOP, kBoth);
  nic().Ring();
  const Frames sent = nic().Sent();
  ASSERT_EQ(sent.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    const std::uint8_t flags = i == 1 ? kTcpAck | kTcpPsh | kTcpFin : kTcpAck;
    EXPECT_EQ(sent[i][packet.transport + kTcpFlagsAt], flags) << i;
  }
  EXPECT_EQ(nic().Read(kTSCTC), 1u);
}

TEST_P(Tso, LongestPacket) {
  FromQemu();
  nic().StartTransmit();
  const Packet packet = TcpPacket(0xfff0 - 54);
  const Frames sent = Segment(packet, 1460);
  EXPECT_EQ(sent.size(), 45u);
  EXPECT_EQ(PayloadsOf(sent, packet.payload), packet.data());
  for (const ByteVector& frame : sent) EXPECT_TRUE(TransportChecksumHolds(frame));
}

}  // namespace
}  // namespace nicreplay::e1000
