// SPDX-License-Identifier: MIT
// 802.1q: tags inserted, stripped and filtered.
#include "qtest/suite/e1000/conformance.h"

namespace nicreplay::e1000 {
namespace {

constexpr std::uint16_t kTag = 0x6123;  // priority 3, VLAN 0x123

class Vlan : public Conformance {
 protected:
  std::uint32_t Post(const ByteVector& frame, std::uint32_t command) {
    const std::uint32_t lower = static_cast<std::uint32_t>(frame.size()) | command;
    return nic().Post(Encode(TxDescriptor{nic().Store(frame), lower, std::uint32_t{kTag} << 16}));
  }
};
NICREPLAY_CONFORMANCE_INSTANCES(Vlan);

TEST_P(Vlan, TagIsInserted) {
  FromManual("9.2.1");
  nic().StartTransmit();
  nic().SetBits(kCTRL, ctrl::kVME);
  Post(MakeFrame(100), txd::kEOP | txd::kVLE);
  nic().Ring();
  EXPECT_EQ(nic().Sent(), Frames{Tagged(MakeFrame(100), kTag)});
}

TEST_P(Vlan, TagNeedsModeAndDescriptor) {
  FromManual("9.2.1");
  nic().StartTransmit();
  Post(MakeFrame(100), txd::kEOP | txd::kVLE);
  nic().Ring();
  nic().SetBits(kCTRL, ctrl::kVME);
  Post(MakeFrame(100), txd::kEOP);
  nic().Ring();
  EXPECT_EQ(nic().Sent(), (Frames{MakeFrame(100), MakeFrame(100)}));
}

TEST_P(Vlan, TagHasTheTypeOfItsRegister) {
  FromManual("13.4.11");
  nic().StartTransmit();
  nic().SetBits(kCTRL, ctrl::kVME);
  nic().Write(kVET, 0x88a8);
  Post(MakeFrame(100), txd::kEOP | txd::kVLE);
  nic().Ring();
  EXPECT_EQ(nic().Sent(), Frames{Tagged(MakeFrame(100), kTag, 0x88a8)});
}

TEST_P(Vlan, TagIsThatOfTheLastDescriptor) {
  FromManual("3.3.3.1");
  nic().StartTransmit();
  nic().SetBits(kCTRL, ctrl::kVME);
  const ByteVector frame = MakeFrame(100);
  Post(Slice(frame, 0, 50), txd::kVLE);
  nic().PostLegacy(Slice(frame, 50, 50), txd::kEOP);
  nic().PostLegacy(Slice(frame, 0, 50), 0);
  Post(Slice(frame, 50, 50), txd::kEOP | txd::kVLE);
  nic().Ring();
  EXPECT_EQ(nic().Sent(), (Frames{frame, Tagged(frame, kTag)}));
}

TEST_P(Vlan, TagIsForOneFrame) {
  FromManual("3.3.3.1");
  nic().StartTransmit();
  nic().SetBits(kCTRL, ctrl::kVME);
  Post(MakeFrame(100), txd::kEOP | txd::kVLE);
  nic().PostLegacy(MakeFrame(70), txd::kEOP);
  nic().Ring();
  EXPECT_EQ(nic().Sent(), (Frames{Tagged(MakeFrame(100), kTag), MakeFrame(70)}));
}

TEST_P(Vlan, TagOfADataDescriptor) {
  FromManual("3.3.7");
  nic().StartTransmit();
  nic().SetBits(kCTRL, ctrl::kVME);
  Post(MakeFrame(100), txd::kEOP | txd::kVLE | txd::kDEXT | txd::kDTYP_DATA);
  nic().Ring();
  EXPECT_EQ(nic().Sent(), Frames{Tagged(MakeFrame(100), kTag)});
}

TEST_P(Vlan, TagOfEverySegment) {
  FromManual("3.3.7.1");
  nic().StartTransmit();
  nic().SetBits(kCTRL, ctrl::kVME);
  const Packet packet =
      MakePacket(Network::kIpv4, Transport::kTcp, 1000, PseudoHeader::kWithoutLength);
  nic().PostContext(ContextOf(packet, 400));
  Post(packet.header(), txd::kDEXT | txd::kDTYP_DATA | txd::kTSE | txd::kVLE);
  nic().PostData(packet.data(), txd::kTSE | txd::kEOP);
  nic().Ring();
  const Frames sent = nic().Sent();
  ASSERT_EQ(sent.size(), 3u);
  for (const ByteVector& frame : sent) {
    EXPECT_EQ(Be32(frame, 12), 0x81000000u | kTag);
    EXPECT_EQ(Be16(frame, 16), 0x0800);
  }
  EXPECT_EQ(Slice(sent[2], packet.payload + 4u, 200), Slice(packet.data(), 800, 200));
}

// In the manual the first descriptor's counts; QEMU takes it from any.
TEST_P(Vlan, TagOfALaterSegmentationDescriptor) {
  FromQemu();
  nic().StartTransmit();
  nic().SetBits(kCTRL, ctrl::kVME);
  const Packet packet =
      MakePacket(Network::kIpv4, Transport::kTcp, 700, PseudoHeader::kWithoutLength);
  nic().PostContext(ContextOf(packet, 400));
  nic().PostData(Slice(packet.bytes, 0, 500), txd::kTSE);
  Post(Slice(packet.bytes, 500, 254),
       txd::kDEXT | txd::kDTYP_DATA | txd::kTSE | txd::kVLE | txd::kEOP);
  nic().Ring();
  const Frames sent = nic().Sent();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(Be16(sent[0], 12), 0x0800);
  EXPECT_EQ(Be32(sent[1], 12), 0x81000000u | kTag);
}

// The tag is counted in the size class, not in the octets.
TEST_P(Vlan, CountersAndTheInsertedTag) {
  FromQemu();
  nic().StartTransmit();
  nic().SetBits(kCTRL, ctrl::kVME);
  Post(MakeFrame(120), txd::kEOP | txd::kVLE);
  nic().Ring();
  EXPECT_EQ(nic().Read(kTOTL), 120u + kFcs);
  EXPECT_EQ(nic().Read(kGOTCL), 120u + kFcs);
  EXPECT_EQ(nic().Read(kPTC127), 0u);
  EXPECT_EQ(nic().Read(kPTC255), 1u);
}

TEST_P(Vlan, TagIsStripped) {
  FromManual("9.2.2");
  nic().StartReceive();
  nic().SetBits(kCTRL, ctrl::kVME);
  nic().Receive(Tagged(MakeFrame(100), kTag));
  const RxDescriptor descriptor = nic().RxAt(0);
  EXPECT_EQ(descriptor.special, kTag);
  EXPECT_EQ(descriptor.status, rxd::kDD | rxd::kEOP | rxd::kIXSM | rxd::kVP);
  EXPECT_EQ(descriptor.length, 100 + kFcs);
  EXPECT_EQ(nic().RxBytes(0, 100), MakeFrame(100));
}

TEST_P(Vlan, TagStaysWithoutTheMode) {
  FromManual("9.3, table 9-3");
  nic().StartReceive();
  const ByteVector frame = Tagged(MakeFrame(100), kTag);
  nic().Receive(frame);
  const RxDescriptor descriptor = nic().RxAt(0);
  EXPECT_EQ(descriptor.special, 0);
  EXPECT_EQ(descriptor.status, rxd::kDD | rxd::kEOP | rxd::kIXSM);
  EXPECT_EQ(descriptor.length, 104 + kFcs);
  EXPECT_EQ(nic().RxBytes(0, 104), frame);
}

TEST_P(Vlan, OtherTypesStay) {
  FromManual("13.4.11");
  nic().StartReceive();
  nic().SetBits(kCTRL, ctrl::kVME);
  nic().Write(kVET, 0x88a8);
  const ByteVector frame = Tagged(MakeFrame(100), kTag);
  nic().Receive(frame);
  EXPECT_EQ(nic().RxAt(0).status & rxd::kVP, 0);
  EXPECT_EQ(nic().RxBytes(0, 104), frame);
  nic().Receive(Tagged(MakeFrame(100), kTag, 0x88a8));
  EXPECT_EQ(nic().RxAt(1).status & rxd::kVP, rxd::kVP);
  EXPECT_EQ(nic().RxBytes(1, 100), MakeFrame(100));
}

TEST_P(Vlan, TypeRegisterCountsWith16Bits) {
  FromManual("13.4.11");
  nic().StartReceive();
  nic().SetBits(kCTRL, ctrl::kVME);
  nic().Write(kVET, 0xabcd8100);
  nic().Receive(Tagged(MakeFrame(100), kTag));
  EXPECT_EQ(nic().RxAt(0).status & rxd::kVP, rxd::kVP);
}

TEST_P(Vlan, SpecialFieldIsWrittenWithoutATag) {
  FromQemu();
  nic().StartReceive();
  nic().PutRx(0, {.buffer_address = Driver::RxBuffer(0), .special = 0xffff});
  nic().Receive(MakeFrame(100));
  EXPECT_EQ(nic().RxAt(0).special, 0);
}

TEST_P(Vlan, StrippedTagIsInEveryDescriptor) {
  FromQemu();
  constexpr std::uint32_t kBuffers256 = 3u << rctl::kBSIZE_SHIFT;
  nic().StartReceive(rctl::kUPE | kBuffers256);
  nic().SetBits(kCTRL, ctrl::kVME);
  const ByteVector frame = MakeFrame(400);
  nic().Receive(Tagged(frame, kTag));
  for (std::uint32_t i = 0; i < 2; ++i) {
    EXPECT_EQ(nic().RxAt(i).special, kTag);
    EXPECT_EQ(nic().RxAt(i).status & rxd::kVP, rxd::kVP);
  }
  EXPECT_EQ(Joined(nic().RxBytes(0, 256), nic().RxBytes(1, 144)), frame);
}

TEST_P(Vlan, CountersAndTheStrippedTag) {
  FromQemu();
  nic().StartReceive();
  nic().SetBits(kCTRL, ctrl::kVME);
  nic().Receive(Tagged(MakeFrame(123), kTag));
  EXPECT_EQ(nic().Read(kTORL), 123u + kFcs);
  EXPECT_EQ(nic().Read(kPRC127), 1u);
}

TEST_P(Vlan, FilterTable) {
  FromManual("9.3, 13.5.4");
  nic().StartReceive(rctl::kUPE | rctl::kVFE);
  nic().Write(kVFTA + 4 * (0x123 >> 5), 1u << (0x123 & 31));
  nic().Receive(Tagged(MakeFrame(100), 0x122));
  EXPECT_EQ(nic().Read(kRDH), 0u);
  nic().Receive(Tagged(MakeFrame(100), 0x123));
  EXPECT_EQ(nic().Read(kRDH), 1u);
  nic().Receive(MakeFrame(100));
  EXPECT_EQ(nic().Read(kRDH), 2u) << "frames without a tag pass";
  nic().Receive(Tagged(MakeFrame(100), 0x922));
  EXPECT_EQ(nic().Read(kRDH), 2u);
}

TEST_P(Vlan, FilterTableReachesFromFirstToLast) {
  FromManual("13.5.4");
  nic().StartReceive(rctl::kUPE | rctl::kVFE);
  nic().Write(kVFTA, 1);
  nic().Write(kVFTA + 4 * 127, 1u << 31);
  nic().Receive(Tagged(MakeFrame(100), 0));
  nic().Receive(Tagged(MakeFrame(100), 0xfff));
  EXPECT_EQ(nic().Read(kRDH), 2u);
}

TEST_P(Vlan, FilterLooksAtTheIdentifierAlone) {
  FromManual("9.3");
  FromQemu();  // CFIEN and CFI are not implemented
  nic().StartReceive(rctl::kUPE | rctl::kVFE | 1u << 19);
  nic().Write(kVFTA + 4 * (0x123 >> 5), 1u << (0x123 & 31));
  nic().Receive(Tagged(MakeFrame(100), 0xf123));
  EXPECT_EQ(nic().Read(kRDH), 1u);
}

TEST_P(Vlan, FilterIsAppliedBeforeTheAddress) {
  FromQemu();
  nic().StartReceive(rctl::kBAM | rctl::kMPE | rctl::kVFE);
  nic().Receive(Tagged(MakeFrame(100, kBroadcast), kTag));
  EXPECT_EQ(nic().Read(kRDH), 0u);
  EXPECT_EQ(nic().Read(kMPRC) + nic().Read(kBPRC), 0u);
}

}  // namespace
}  // namespace nicreplay::e1000
