// SPDX-License-Identifier: MIT
// Reception: readiness, filters, descriptors, stripping, overrun, statistics.
#include "models/e1000/receive.h"

#include "models/e1000/test_host.h"

namespace nicreplay::e1000 {
namespace {

constexpr std::uint8_t kWhole = rxd::kDD | rxd::kEOP | rxd::kIXSM;
constexpr std::array<std::uint8_t, 6> kOurs = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
constexpr std::array<std::uint8_t, 6> kGroup = {0x01, 0x00, 0x5e, 0x00, 0x12, 0x34};

// Whether the frame reached the ring; it was taken either way.
bool Accepted(Bench& bench, const ByteVector& frame) {
  const std::uint32_t before = bench.Read(kRDH);
  EXPECT_EQ(bench.Receive(frame), ReceiveResult::kConsumed);
  const bool accepted = bench.Read(kRDH) != before;
  bench.Write(kRDT, (bench.Read(kRDH) + Bench::kRingSize - 1) % Bench::kRingSize);
  return accepted;
}

TEST(Receive, IsReadyWithLinkEnableBusMasterRoomAndNoFlushPending) {
  Bench bench;
  bench.StartReceive();
  EXPECT_TRUE(bench.device->CanReceive());
  bench.device->ConfigWrite(4, 2, 3);
  EXPECT_FALSE(bench.device->CanReceive());
  bench.device->ConfigWrite(4, 2, 7);
  EXPECT_TRUE(bench.device->CanReceive());
  bench.Write(kRDT, 0);
  EXPECT_FALSE(bench.device->CanReceive());
  bench.Write(kRDT, 1);
  bench.device->SetLink(LinkState::kDown);
  EXPECT_FALSE(bench.device->CanReceive());
  bench.device->SetLink(LinkState::kUp);
  bench.FireTimer(kAutonegotiationTimer);
  EXPECT_TRUE(bench.device->CanReceive());
  bench.Write(kRCTL, rctl::kEN);
  EXPECT_FALSE(bench.device->CanReceive());
  bench.FireTimer(kFlushTimer);
  EXPECT_TRUE(bench.device->CanReceive());
  bench.Write(kRCTL, 0);
  bench.FireTimer(kFlushTimer);
  EXPECT_FALSE(bench.device->CanReceive());
}

TEST(Receive, RctlHoldsReceptionBackForASecond) {
  Bench bench;
  bench.StartReceive();
  bench.host.now = 5'999'999;
  bench.Write(kRCTL, rctl::kEN | rctl::kUPE);
  EXPECT_EQ(bench.host.timers.at(kFlushTimer), 1'005'000'000u);
  EXPECT_EQ(bench.Receive(MakeFrame(60)), ReceiveResult::kKeep);
  bench.host.queue.push_back(MakeFrame(60));
  bench.FireTimer(kFlushTimer);
  EXPECT_TRUE(bench.host.queue.empty());
  EXPECT_EQ(bench.Read(kRDH), 1u);
}

TEST(Receive, DisabledOrWithoutLinkDropsAndOnlyThat) {
  Bench bench;
  EXPECT_EQ(bench.Receive(MakeFrame(60)), ReceiveResult::kDropped);
  bench.StartReceive();
  bench.device->SetLink(LinkState::kDown);
  EXPECT_EQ(bench.Receive(MakeFrame(60)), ReceiveResult::kConsumed) << "nothing gets there";
  EXPECT_EQ(bench.Read(kRDH), 0u);
}

TEST(Receive, RdtFlushesOnlyWithRoomForAByte) {
  Bench bench;
  bench.Write(kRDLEN, 128);
  bench.Write(kRDT, 3);
  EXPECT_EQ(bench.host.flushes, 0) << "before RCTL was written buffers have no size";
  bench.Write(kRCTL, 0);
  bench.Write(kRDT, 4);
  EXPECT_EQ(bench.host.flushes, 1);
  bench.Write(kRDT, 0);
  EXPECT_EQ(bench.host.flushes, 1) << "head equals tail: the ring is empty";
}

TEST(Receive, WritesDataThenDescriptorThenStatus) {
  Bench bench;
  bench.StartReceive();
  bench.PutRx(0, {.buffer_address = Bench::kRxData, .checksum = 0xaaaa, .status = 0xf1});
  bench.Receive(MakeFrame(60));
  ASSERT_EQ(bench.host.writes.size(), 3u);
  EXPECT_EQ(bench.host.writes[0].address, Bench::kRxData);
  EXPECT_EQ(bench.host.writes[1].address, Bench::kRxRing);
  EXPECT_EQ(bench.host.writes[1].bytes[12] & rxd::kDD, 0);
  EXPECT_EQ(bench.host.writes[2].address, Bench::kRxRing + 12);
  EXPECT_EQ(bench.GetRx(0).status, 0xf0 | kWhole) << "what the driver left there stays";
  EXPECT_EQ(bench.GetRx(0).checksum, 0xaaaa);
}

TEST(Receive, PadsShortFrames) {
  Bench bench;
  bench.StartReceive();
  bench.host.memory[Bench::kRxData + 59] = 0xee;
  bench.Receive(MakeFrame(20));
  EXPECT_EQ(bench.GetRx(0).length, 64);
  EXPECT_EQ(bench.host.memory[Bench::kRxData + 59], 0);
}

TEST(Receive, PiecesMakeNoDifference) {
  Bench whole;
  Bench cut;
  for (Bench* bench : {&whole, &cut}) {
    bench->StartReceive();
    bench->Write(kCTRL, ctrl::kVME);
  }
  const ByteVector frame = Tagged(MakeFrame(100), 0x0123);
  whole.Receive(frame);
  const Bytes all = frame;
  const std::array pieces = {all.first(0),       all.first(3),        all.subspan(3, 12),
                             all.subspan(15, 0), all.subspan(15, 40), all.subspan(55)};
  EXPECT_EQ(cut.device->Receive({pieces, {}}), ReceiveResult::kConsumed);
  EXPECT_EQ(cut.host.memory, whole.host.memory);
  EXPECT_EQ(frame, Tagged(MakeFrame(100), 0x0123)) << "the caller's bytes are not ours to shift";
}

TEST(Receive, SpreadsOverDescriptors) {
  Bench bench;
  bench.StartReceive(rctl::kUPE | 3u << rctl::kBSIZE_SHIFT);
  bench.PutRx(1, {.buffer_address = Bench::kRxData + 0x4000, .status = rxd::kEOP});
  const ByteVector frame = MakeFrame(510);
  bench.Receive(frame);
  EXPECT_EQ(bench.Read(kRDH), 3u);
  EXPECT_EQ(bench.GetRx(0).status, rxd::kDD);
  EXPECT_EQ(bench.GetRx(0).length, 256);
  EXPECT_EQ(bench.GetRx(1).status, rxd::kDD) << "EOP is cleared where the driver left it";
  EXPECT_EQ(bench.GetRx(1).length, 256);
  EXPECT_EQ(bench.GetRx(2).status, kWhole);
  EXPECT_EQ(bench.GetRx(2).length, 2) << "two bytes of FCS and no data";
  EXPECT_EQ(bench.host.writes.back().address, Bench::kRxRing + 2 * 16 + 12);
  EXPECT_EQ(bench.Memory(Bench::kRxData + 0x4000, 254),
            ByteVector(frame.begin() + 256, frame.end()));
}

TEST(Receive, StripsTheFcsLengthWithSecrc) {
  Bench bench;
  bench.StartReceive(rctl::kUPE | rctl::kSECRC);
  bench.Receive(MakeFrame(60));
  EXPECT_EQ(bench.GetRx(0).length, 60);
  EXPECT_EQ(bench.Read(kTORL), 64u);
  EXPECT_EQ(bench.Read(kPRC64), 0u) << "the size class is that of the stored length";
}

TEST(Receive, SkipsNullBuffers) {
  Bench bench;
  bench.StartReceive();
  bench.PutRx(0, {.buffer_address = 0, .length = 7});
  bench.Receive(MakeFrame(60));
  EXPECT_EQ(bench.GetRx(0).status, rxd::kDD);
  EXPECT_EQ(bench.GetRx(0).length, 7);
  EXPECT_EQ(bench.GetRx(1).status, kWhole);
  EXPECT_EQ(bench.Read(kRDH), 2u);
}

struct BufferSizeCase {
  std::uint32_t rctl;
  std::uint32_t size;
};
class ReceiveBufferSize : public testing::TestWithParam<BufferSizeCase> {};
TEST_P(ReceiveBufferSize, IsWhatBsizeAndBsexSay) {
  Bench bench;
  bench.StartReceive(rctl::kUPE | rctl::kLPE | GetParam().rctl);
  bench.Receive(MakeFrame(std::min(3u * GetParam().size, 16380u)));
  EXPECT_EQ(bench.GetRx(0).length, GetParam().size);
}
INSTANTIATE_TEST_SUITE_P(All, ReceiveBufferSize,
                         testing::Values(BufferSizeCase{0x00000000, 2048},
                                         BufferSizeCase{0x02000000, 2048},
                                         BufferSizeCase{0x02010000, 16384},
                                         BufferSizeCase{0x02020000, 8192},
                                         BufferSizeCase{0x02030000, 4096}));

TEST(Receive, OverrunWithoutRoom) {
  Bench bench;
  bench.StartReceive();
  bench.Write(kRDT, 1);
  bench.Read(kICR);
  EXPECT_EQ(bench.Receive(MakeFrame(1500)), ReceiveResult::kConsumed);
  EXPECT_EQ(bench.Receive(MakeFrame(1500)), ReceiveResult::kDropped);
  EXPECT_EQ(bench.Read(kMPC), 1u);
  EXPECT_EQ(bench.Read(kRNBC), 1u);
  EXPECT_NE(bench.Read(kICR) & cause::kRXO, 0u);
}

TEST(Receive, OverrunAfterALapOfNullBuffers) {
  Bench bench;
  bench.StartReceive();
  for (std::uint32_t i = 0; i < Bench::kRingSize; ++i) bench.PutRx(i, {});
  EXPECT_EQ(bench.Receive(MakeFrame(60)), ReceiveResult::kDropped);
  EXPECT_EQ(bench.Read(kRDH), 0u);
  EXPECT_EQ(bench.Read(kTPR), 0u);
}

TEST(Receive, HeadOutsideTheRingTakesOneDescriptor) {
  for (const std::uint32_t head : {Bench::kRingSize, 100u}) {
    Bench bench;
    bench.StartReceive();
    bench.Write(kRDH, head);
    bench.PutRx(head, {});
    EXPECT_EQ(bench.Receive(MakeFrame(60)), ReceiveResult::kDropped);
    EXPECT_EQ(bench.Read(kRDH), 0u);
    EXPECT_EQ(bench.host.writes.size(), 2u) << "a descriptor with a null buffer and its status";
  }
}

TEST(Receive, RoomIsCountedInWrapping32Bits) {
  Bench bench;
  bench.StartReceive();
  bench.Write(kRDLEN, 0);
  bench.Write(kRDH, 5);
  bench.Write(kRDT, 0);
  EXPECT_EQ(bench.Receive(MakeFrame(2100)), ReceiveResult::kConsumed) << "oversized";
  bench.Write(kRCTL, rctl::kEN | rctl::kUPE | rctl::kLPE);
  bench.FireTimer(kFlushTimer);
  bench.Receive(MakeFrame(2100));
  EXPECT_EQ(bench.Read(kRDH), 0u)
      << "minus five buffers count as many, so one descriptor was tried";
}

TEST(Receive, MinimumThresholdIsReported) {
  Bench bench;
  bench.StartReceive();
  bench.Read(kICR);
  bench.Receive(MakeFrame(60));
  EXPECT_EQ(bench.Read(kICR), cause::kRXT0) << "6 of 8 are left";
  bench.Receive(MakeFrame(60));
  EXPECT_EQ(bench.Read(kICR), cause::kRXT0);
  bench.Receive(MakeFrame(60));
  EXPECT_EQ(bench.Read(kICR), cause::kRXT0 | cause::kRXDMT0) << "4 of 8";
}

TEST(Receive, CountsPacketsOctetsAndSizes) {
  Bench bench;
  bench.StartReceive();
  for (const std::size_t size : {60u, 61u, 124u, 252u, 508u, 1020u})
    Accepted(bench, MakeFrame(size));
  for (const std::uint32_t counter : {kPRC64, kPRC255, kPRC511, kPRC1023, kPRC1522}) {
    EXPECT_EQ(bench.Read(counter), 1u) << NameOfRegister(counter);
  }
  EXPECT_EQ(bench.Read(kPRC127), 1u);
  EXPECT_EQ(bench.Read(kTPR), 6u);
  EXPECT_EQ(bench.Read(kGPRC), 6u);
  EXPECT_EQ(bench.Read(kTORL), 2049u);
  EXPECT_EQ(bench.Read(kGORCL), 2049u);
}

TEST(Receive, VlanTagIsStrippedIntoTheDescriptor) {
  Bench bench;
  bench.StartReceive();
  bench.Write(kCTRL, ctrl::kVME);
  bench.Receive(Tagged(MakeFrame(80), 0xa123));
  EXPECT_EQ(bench.Memory(Bench::kRxData, 80), MakeFrame(80));
  EXPECT_EQ(bench.GetRx(0).length, 84);
  EXPECT_EQ(bench.GetRx(0).special, 0xa123);
  EXPECT_EQ(bench.GetRx(0).status, kWhole | rxd::kVP);
  bench.PutRx(1, {.buffer_address = Bench::kRxData, .special = 0xffff});
  bench.Receive(MakeFrame(80));
  EXPECT_EQ(bench.GetRx(1).special, 0);
}

TEST(Receive, ThePaddedFrameIsStrippedToo) {
  Bench bench;
  bench.StartReceive();
  bench.Write(kCTRL, ctrl::kVME);
  bench.Receive(Tagged(MakeFrame(30), 5));
  EXPECT_EQ(bench.GetRx(0).length, 60);
}

TEST(ReceiveFilter, UnicastMatchesAReceiveAddressOrPromiscuity) {
  Bench bench;
  bench.StartReceive(0);
  EXPECT_TRUE(Accepted(bench, MakeFrame(60, kOurs)));
  EXPECT_FALSE(Accepted(bench, MakeFrame(60)));
  bench.Write(kRA + 15 * 8, 0x00000002);
  bench.Write(kRA + 15 * 8 + 4, rah::kAV | 0x0100);
  EXPECT_TRUE(Accepted(bench, MakeFrame(60)));
  bench.Write(kRA + 15 * 8 + 4, 0x0100);
  EXPECT_FALSE(Accepted(bench, MakeFrame(60))) << "not valid";
  Bench promiscuous;
  promiscuous.StartReceive(rctl::kUPE);
  EXPECT_TRUE(Accepted(promiscuous, MakeFrame(60)));
  EXPECT_FALSE(Accepted(promiscuous, MakeFrame(60, kGroup)));
}

TEST(ReceiveFilter, BroadcastNeedsBamAndCountsAsMulticastUnderMpe) {
  Bench bench;
  bench.StartReceive(0);
  EXPECT_FALSE(Accepted(bench, MakeFrame(60, kBroadcast)));
  Bench bam;
  bam.StartReceive(rctl::kBAM);
  EXPECT_TRUE(Accepted(bam, MakeFrame(60, kBroadcast)));
  EXPECT_EQ(bam.Read(kBPRC), 1u);
  Bench mpe;
  mpe.StartReceive(rctl::kBAM | rctl::kMPE);
  EXPECT_TRUE(Accepted(mpe, MakeFrame(60, kBroadcast)));
  EXPECT_EQ(mpe.Read(kBPRC), 0u);
  EXPECT_EQ(mpe.Read(kMPRC), 1u);
}

class MulticastOffset : public testing::TestWithParam<int> {};
TEST_P(MulticastOffset, SelectsTwelveBitsOfTheAddress) {
  constexpr std::array<int, 4> kShift = {4, 3, 2, 0};
  Bench bench;
  bench.StartReceive(static_cast<std::uint32_t>(GetParam()) << rctl::kMO_SHIFT);
  EXPECT_FALSE(Accepted(bench, MakeFrame(60, kGroup)));
  const std::uint32_t hash = 0x3412u >> kShift[static_cast<std::size_t>(GetParam())] & 0xfff;
  bench.Write(kMTA + hash / 32 * 4, 1u << hash % 32);
  EXPECT_TRUE(Accepted(bench, MakeFrame(60, kGroup)));
  EXPECT_TRUE(Accepted(bench, MakeFrame(60, {0x02, 0, 0, 0, 0x12, 0x34}))) << "unicast as well";
  EXPECT_EQ(bench.Read(kMPRC), 2u);
}
INSTANTIATE_TEST_SUITE_P(All, MulticastOffset, testing::Range(0, 4));

TEST(ReceiveFilter, VlanTableChoosesTaggedFrames) {
  Bench bench;
  bench.StartReceive(rctl::kUPE | rctl::kVFE);
  EXPECT_TRUE(Accepted(bench, MakeFrame(60))) << "untagged";
  EXPECT_FALSE(Accepted(bench, Tagged(MakeFrame(60), 0x2123)));
  bench.Write(kVFTA + 0x123 / 32 * 4, 1u << 0x123 % 32);
  EXPECT_TRUE(Accepted(bench, Tagged(MakeFrame(60), 0x2123)));
  bench.Write(kVET, 0x88a8);
  EXPECT_TRUE(Accepted(bench, Tagged(MakeFrame(60), 0x456))) << "not a tag any more";
}

TEST(ReceiveFilter, OversizedFramesNeedLpeOrSbp) {
  struct Case {
    std::uint32_t rctl;
    std::size_t size;
    bool accepted;
  };
  constexpr std::uint32_t kBig = rctl::kBSEX | 1u << rctl::kBSIZE_SHIFT | rctl::kUPE;
  for (const Case& c :
       {Case{kBig, 1522, true}, Case{kBig, 1523, false}, Case{kBig | rctl::kLPE, 16384, true},
        Case{kBig | rctl::kLPE, 16385, false}, Case{kBig | rctl::kSBP, 16385, true}}) {
    Bench bench;
    bench.StartReceive(c.rctl);
    EXPECT_EQ(Accepted(bench, MakeFrame(c.size)), c.accepted) << c.size;
    EXPECT_EQ(bench.Read(kROC), c.accepted ? 0u : 1u);
  }
}

TEST(Receive, WithoutBusMasterTheRingTurnsAndMemoryStays) {
  Bench bench;
  bench.StartReceive();
  bench.device->ConfigWrite(4, 2, 0);
  const ByteVector before = bench.host.memory;
  const int reads = bench.host.dma_reads;
  EXPECT_EQ(bench.Receive(MakeFrame(60)), ReceiveResult::kDropped)
      << "descriptors read as zeros, so the whole ring has null buffers";
  EXPECT_EQ(bench.host.memory, before);
  EXPECT_EQ(bench.host.dma_reads, reads);
}

}  // namespace
}  // namespace nicreplay::e1000
