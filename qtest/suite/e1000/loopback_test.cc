// SPDX-License-Identifier: MIT
// Loopback in the PHY: what is sent comes back.
#include "qtest/suite/e1000/conformance.h"

namespace nicreplay::e1000 {
namespace {

constexpr std::uint8_t kWhole = rxd::kDD | rxd::kEOP | rxd::kIXSM;

class Loopback : public Conformance {
 protected:
  void Start(std::uint32_t rctl = rctl::kUPE | rctl::kMPE | rctl::kBAM) {
    nic().StartReceive(rctl);
    nic().StartTransmit();
    nic().WritePhy(phy::kPCTRL, phy::kCtrlLoopback | phy::kCtrlDuplex);
  }
};
NICREPLAY_CONFORMANCE_INSTANCES(Loopback);

TEST_P(Loopback, FrameComesBackAndStaysOffTheWire) {
  FromManual("13.4.7.1");
  Start();
  nic().Send(MakeFrame(500));
  EXPECT_TRUE(nic().Sent().empty());
  EXPECT_EQ(nic().RxBytes(0, 500), MakeFrame(500));
  EXPECT_EQ(nic().RxAt(0).length, 500 + kFcs);
  EXPECT_EQ(nic().RxAt(0).status, kWhole);
}

TEST_P(Loopback, BothSidesCountAndReport) {
  FromQemu();
  Start();
  nic().Send(MakeFrame(500), txd::kRS);
  EXPECT_EQ(nic().Read(kICR), cause::kTXDW | cause::kTXQE | cause::kRXT0);
  for (const std::uint32_t counter : {kTPR, kGPRC, kTPT, kGPTC, kPRC511, kPTC511}) {
    EXPECT_EQ(nic().Read(counter), 1u) << NameOfRegister(counter);
  }
}

TEST_P(Loopback, EndsWithTheBit) {
  FromManual("13.4.7.1");
  Start();
  nic().Send(MakeFrame(100));
  nic().WritePhy(phy::kPCTRL, phy::kCtrlDuplex);
  nic().Send(MakeFrame(200));
  EXPECT_EQ(nic().Sent(), Frames{MakeFrame(200)});
  EXPECT_EQ(nic().Read(kRDH), 1u);
}

TEST_P(Loopback, ShortFrameIsPadded) {
  FromQemu();
  Start();
  nic().Send(MakeFrame(20));
  EXPECT_EQ(nic().RxAt(0).length, 60 + kFcs);
  EXPECT_EQ(nic().RxBytes(0, 60), Padded(MakeFrame(20)));
}

TEST_P(Loopback, EmptyFrameIsPadded) {
  FromQemu();
  Start();
  SCOPED_TRACE("the destination is 00:00:00:00:00:00");
  nic().Send({});
  EXPECT_EQ(nic().RxAt(0).length, 60 + kFcs);
  EXPECT_EQ(nic().RxBytes(0, 60), ByteVector(60));
}

TEST_P(Loopback, FiltersApply) {
  FromQemu();
  Start(0);
  nic().Send(MakeFrame(64, kOther));
  EXPECT_EQ(nic().Read(kRDH), 0u);
  nic().Send(MakeFrame(64, kStation));
  EXPECT_EQ(nic().Read(kRDH), 1u);
}

TEST_P(Loopback, FrameIsLostWhereItCannotBeReceived) {
  FromQemu();
  Start();
  nic().Write(kRDT, 0);
  const std::uint32_t index = nic().Send(MakeFrame(64), txd::kRS);
  EXPECT_EQ(nic().TxAt(index).upper, txd::kStatusDD);
  EXPECT_EQ(nic().Read(kMPC), 0u) << "silently";
  nic().Write(kRDT, 8);
  EXPECT_EQ(nic().Read(kRDH), 0u);
}

TEST_P(Loopback, FrameIsLostWhileTheFlushTimerRuns) {
  FromQemu();
  Start();
  nic().SetBits(kRCTL, rctl::kEN);
  nic().Send(MakeFrame(64));
  nic().Wait(kSecond);
  EXPECT_EQ(nic().Read(kRDH), 0u);
}

TEST_P(Loopback, FrameIsLostWithoutALink) {
  FromQemu();
  Start();
  nic().SetLink(LinkState::kDown);
  nic().Send(MakeFrame(64));
  EXPECT_EQ(nic().Read(kRDH), 0u);
  EXPECT_EQ(nic().Read(kTPT), 1u);
}

TEST_P(Loopback, OverrunWhereTheBuffersAreTooFew) {
  FromQemu();
  nic().StartReceive(rctl::kUPE | 3u << rctl::kBSIZE_SHIFT, 1);
  nic().StartTransmit();
  nic().WritePhy(phy::kPCTRL, phy::kCtrlLoopback);
  nic().Send(MakeFrame(300));
  EXPECT_EQ(nic().Read(kICR), cause::kRXO | cause::kTXQE);
  EXPECT_EQ(nic().Read(kMPC), 1u);
}

TEST_P(Loopback, SegmentsComeBackOneByOne) {
  FromQemu();
  Start();
  const Packet packet =
      MakePacket(Network::kIpv4, Transport::kTcp, 1000, PseudoHeader::kWithoutLength);
  nic().PostContext(ContextOf(packet, 400));
  nic().PostData(packet.bytes, txd::kTSE | txd::kEOP, txd::kPoptsIXSM | txd::kPoptsTXSM);
  nic().Ring();
  EXPECT_EQ(nic().Read(kRDH), 3u);
  EXPECT_EQ(nic().RxAt(2).length, packet.payload + 200 + kFcs);
  EXPECT_TRUE(TransportChecksumHolds(nic().RxBytes(1, packet.payload + 400u)));
}

TEST_P(Loopback, TagIsInsertedAndStripped) {
  FromQemu();
  Start();
  nic().SetBits(kCTRL, ctrl::kVME);
  const std::uint32_t lower = 100 | txd::kEOP | txd::kVLE;
  nic().Post(Encode(TxDescriptor{nic().Store(MakeFrame(100)), lower, 0x123u << 16}));
  nic().Ring();
  EXPECT_EQ(nic().RxAt(0).special, 0x123);
  EXPECT_EQ(nic().RxBytes(0, 100), MakeFrame(100));
}

// Stripping shifts the addresses inside the transmit buffer, and the transmit counters look at the
// shifted ones: two bytes of the old address follow its first four.
TEST_P(Loopback, StrippingShiftsWhatTransmitCounts) {
  FromQemu();
  Start();
  nic().SetBits(kCTRL, ctrl::kVME);
  const EtherAddress nearly_broadcast = {0xff, 0xff, 0xff, 0xff, 0x12, 0x34};
  nic().Send(Tagged(MakeFrame(100, nearly_broadcast), 1));
  EXPECT_EQ(nic().RxAt(0).status, kWhole | rxd::kVP);
  EXPECT_EQ(nic().Read(kBPTC), 1u);
  EXPECT_EQ(nic().Read(kMPTC), 0u);
}

TEST_P(Loopback, Cve20213416FrameIntoItsOwnDoorbell) {
  FromBug("CVE-2021-3416: a looped frame written to TDT sends the next one, for ever");
  Start();
  for (std::uint32_t i = 0; i < Driver::kRingSize; ++i) {
    nic().PutRx(i, {.buffer_address = Driver::kBar0 + kTDT});
  }
  nic().PostLegacy(MakeFrame(64), txd::kEOP);
  nic().PostLegacy(MakeFrame(64), txd::kEOP);
  nic().Write(kTDT, 1);
  EXPECT_EQ(nic().Read(kTDT), 1u);
  EXPECT_EQ(nic().Read(kTDH), 1u);
  EXPECT_EQ(nic().Read(kRDH), 1u);
}

TEST_P(Loopback, Cve202512464ShortFrameWithATag) {
  FromBug("CVE-2025-12464: stripping the tag of a short looped frame leaves the buffer");
  Start();
  nic().SetBits(kCTRL, ctrl::kVME);
  for (const std::size_t size : {16u, 17u, 18u, 30u}) {
    const std::uint32_t head = nic().Read(kRDH);
    const ByteVector frame = Slice(Tagged(MakeFrame(60), 0x123), 0, size);
    nic().Send(frame);
    const ByteVector padded = Padded(frame);
    EXPECT_EQ(nic().RxAt(head).length, 56 + kFcs) << size;
    EXPECT_EQ(nic().RxAt(head).special, 0x123) << size;
    EXPECT_EQ(nic().RxBytes(head, 56), Joined(Slice(padded, 0, 12), Slice(padded, 16, 44))) << size;
  }
}

}  // namespace
}  // namespace nicreplay::e1000
