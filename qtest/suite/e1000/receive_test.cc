// SPDX-License-Identifier: MIT
// Receive descriptors, buffers and the ring.  That DD is a write of its own, after everything else,
// is for whoever sees single DMAs: when an access is over, a driver finds the same bytes.
#include "qtest/suite/e1000/conformance.h"

namespace nicreplay::e1000 {
namespace {

constexpr std::uint8_t kWhole = rxd::kDD | rxd::kEOP | rxd::kIXSM;
constexpr std::uint32_t kBuffers256 = 3u << rctl::kBSIZE_SHIFT;

NICREPLAY_CONFORMANCE(Receive);

TEST_P(Receive, Frame) {
  FromManual("3.2.3");
  nic().StartReceive();
  const ByteVector frame = MakeFrame(1000);
  nic().Receive(frame);
  const RxDescriptor descriptor = nic().RxAt(0);
  EXPECT_EQ(nic().RxBytes(0, 1000), frame);
  EXPECT_EQ(descriptor.buffer_address, Driver::RxBuffer(0));
  EXPECT_EQ(descriptor.length, 1000 + kFcs);
  EXPECT_EQ(descriptor.status, kWhole);
  EXPECT_EQ(descriptor.errors, 0);
  EXPECT_EQ(nic().Read(kRDH), 1u);
}

TEST_P(Receive, FcsIsCountedButNotWritten) {
  FromQemu();
  nic().StartReceive();
  nic().Poke(Driver::RxBuffer(0), ByteVector(70, 0xee));
  nic().Receive(MakeFrame(60));
  EXPECT_EQ(nic().RxAt(0).length, 64);
  EXPECT_EQ(nic().RxBytes(0, 70), Joined(MakeFrame(60), ByteVector(10, 0xee)));
}

TEST_P(Receive, FcsIsStrippedWhereAsked) {
  FromManual("13.4.22");
  nic().StartReceive(rctl::kUPE | rctl::kSECRC);
  nic().Receive(MakeFrame(60));
  EXPECT_EQ(nic().RxAt(0).length, 60);
}

TEST_P(Receive, ShortFrameIsPadded) {
  FromQemu();
  nic().StartReceive();
  nic().Poke(Driver::RxBuffer(0), ByteVector(70, 0xee));
  nic().Receive(MakeFrame(30));
  const std::size_t size = Expected(Behaviour::kShortFrameInDevice);
  EXPECT_EQ(nic().RxAt(0).length, size + kFcs);
  EXPECT_EQ(nic().RxBytes(0, 70), Joined(Padded(MakeFrame(30), size), ByteVector(70 - size, 0xee)));
}

// Software clears status; what it left set, stays.
TEST_P(Receive, ChecksumErrorsAndForeignStatusAreLeftAlone) {
  FromQemu();
  nic().StartReceive();
  nic().PutRx(
      0,
      {.buffer_address = Driver::RxBuffer(0), .checksum = 0x1234, .status = 0xf0, .errors = 0x5a});
  nic().Receive(MakeFrame(64));
  EXPECT_EQ(nic().RxAt(0).checksum, 0x1234);
  EXPECT_EQ(nic().RxAt(0).errors, 0x5a);
  EXPECT_EQ(nic().RxAt(0).status, 0xf0 | kWhole);
}

TEST_P(Receive, OtherDescriptorsAreLeftAlone) {
  FromManual("3.2.5");
  nic().StartReceive();
  nic().Receive(MakeFrame(64));
  for (std::uint32_t i = 1; i < Driver::kRingSize; ++i) {
    const RxDescriptor descriptor = nic().RxAt(i);
    EXPECT_EQ(descriptor.buffer_address, Driver::RxBuffer(i));
    EXPECT_EQ(descriptor.length, 0);
    EXPECT_EQ(descriptor.status, 0);
  }
}

TEST_P(Receive, RingWraps) {
  FromManual("3.2.6");
  nic().StartReceive();
  for (std::uint32_t i = 0; i < 2 * Driver::kRingSize + 5; ++i) {
    const ByteVector frame = MakeFrame(60 + i);
    nic().Receive(frame);
    ASSERT_EQ(nic().RxBytes(i % Driver::kRingSize, 60 + i), frame) << i;
    nic().Write(kRDT, i % Driver::kRingSize);
  }
  EXPECT_EQ(nic().Read(kRDH), 5u);
}

TEST_P(Receive, BufferSizes) {
  FromManual("13.4.22");
  struct Row {
    std::uint32_t rctl;
    std::uint32_t size;
  };
  for (const Row& row : {Row{0, 2048}, Row{1u << 16, 1024}, Row{2u << 16, 512}, Row{3u << 16, 256},
                         Row{rctl::kBSEX | 1u << 16, 16384}, Row{rctl::kBSEX | 2u << 16, 8192},
                         Row{rctl::kBSEX | 3u << 16, 4096}}) {
    nic().StartReceive(rctl::kUPE | rctl::kLPE | rctl::kSECRC | row.rctl);
    const std::size_t more = row.size < 16384 ? 1 : 0;  // frames are no longer
    const ByteVector frame = MakeFrame(row.size - 4 + 4 * more + more);
    nic().Receive(frame);
    EXPECT_EQ(nic().Read(kRDH), 1u + more) << row.size;
    EXPECT_EQ(nic().RxAt(0).length, row.size - 4 + 4 * more) << row.size;
    EXPECT_EQ(nic().RxAt(0).status & rxd::kEOP, more != 0 ? 0 : rxd::kEOP) << row.size;
  }
}

TEST_P(Receive, ReservedBufferSizeIs2048) {
  FromQemu();
  nic().StartReceive(rctl::kUPE | rctl::kLPE | rctl::kBSEX);
  nic().Receive(MakeFrame(2048));
  EXPECT_EQ(nic().Read(kRDH), 2u);
  EXPECT_EQ(nic().RxAt(0).length, 2048);
}

TEST_P(Receive, FrameOverSeveralBuffers) {
  FromManual("3.2.2");
  nic().StartReceive(rctl::kUPE | kBuffers256);
  const ByteVector frame = MakeFrame(1000);
  nic().Receive(frame);
  ByteVector stored;
  for (std::uint32_t i = 0; i < 4; ++i) {
    const RxDescriptor descriptor = nic().RxAt(i);
    EXPECT_EQ(descriptor.length, i < 3 ? 256 : 1004 - 3 * 256) << i;
    EXPECT_EQ(descriptor.status, i < 3 ? rxd::kDD : kWhole) << i;
    stored = Joined(std::move(stored), nic().RxBytes(i, i < 3 ? 256 : 1000 - 3 * 256));
  }
  EXPECT_EQ(stored, frame);
  EXPECT_EQ(nic().Read(kRDH), 4u);
}

TEST_P(Receive, LastBufferMayHoldTheFcsAlone) {
  FromQemu();
  nic().StartReceive(rctl::kUPE | kBuffers256);
  nic().Poke(Driver::RxBuffer(1), ByteVector(8, 0xee));
  nic().Receive(MakeFrame(254));
  EXPECT_EQ(nic().RxAt(0).length, 256);
  EXPECT_EQ(nic().RxAt(0).status, rxd::kDD);
  EXPECT_EQ(nic().RxAt(1).length, 2);
  EXPECT_EQ(nic().RxAt(1).status, kWhole);
  EXPECT_EQ(nic().RxBytes(0, 254), MakeFrame(254));
  EXPECT_EQ(nic().RxBytes(1, 8), ByteVector(8, 0xee));
}

TEST_P(Receive, StaleEndOfPacketIsCleared) {
  FromBug("EOP not cleared");
  nic().StartReceive(rctl::kUPE | kBuffers256);
  nic().PutRx(0, {.buffer_address = Driver::RxBuffer(0), .status = rxd::kEOP | rxd::kDD});
  nic().Receive(MakeFrame(400));
  EXPECT_EQ(nic().RxAt(0).status, rxd::kDD);
  EXPECT_EQ(nic().RxAt(1).status, kWhole);
}

TEST_P(Receive, DescriptorsWithoutBufferArePassedOver) {
  FromManual("3.2.2");
  nic().StartReceive();
  nic().PutRx(0, {.length = 77, .status = 0x80});
  nic().Receive(MakeFrame(64));
  EXPECT_EQ(nic().RxAt(0).length, 77);
  EXPECT_EQ(nic().RxAt(0).status, 0x80 | rxd::kDD);
  EXPECT_EQ(nic().RxAt(1).length, 64 + kFcs);
  EXPECT_EQ(nic().RxAt(1).status, kWhole);
  EXPECT_EQ(nic().RxBytes(1, 64), MakeFrame(64));
}

TEST_P(Receive, BufferOutsideMemoryLosesTheBytes) {
  FromQemu();
  nic().StartReceive();
  nic().PutRx(0, {.buffer_address = Driver::kNoMemory});
  nic().Receive(MakeFrame(64));
  EXPECT_EQ(nic().RxAt(0).status, kWhole);
  EXPECT_EQ(nic().Read(kRDH), 1u);
}

TEST_P(Receive, RingBaseIgnoresItsLowBits) {
  FromManual("13.4.25");
  nic().StartReceive();
  nic().Write(kRDBAL, Driver::kRxRing | 0xf);
  nic().Receive(MakeFrame(64));
  EXPECT_EQ(nic().RxAt(0).status, kWhole);
}

TEST_P(Receive, RingBaseIsLookedUpForEachFrame) {
  FromBug("a cached ring base is not refreshed on RDBAL and RDBAH writes");
  nic().StartReceive();
  nic().Receive(MakeFrame(64));
  nic().Poke(Driver::kScratch + kDescriptorSize,
             Encode(RxDescriptor{.buffer_address = Driver::RxBuffer(9)}));
  nic().Write(kRDBAL, Driver::kScratch);
  nic().Receive(MakeFrame(99));
  EXPECT_EQ(nic().RxBytes(9, 99), MakeFrame(99));
  EXPECT_EQ(nic().RxAt(1).status, 0);
}

TEST_P(Receive, RingLengthIsLookedUpForEachFrame) {
  FromBug("a cached ring length is not refreshed on RDLEN writes");
  nic().StartReceive();
  nic().Write(kRDLEN, 128);
  nic().Write(kRDT, 7);
  nic().Receive(MakeFrame(60));
  nic().Write(kRDLEN, Driver::kRingSize * kDescriptorSize);
  nic().Write(kRDT, 15);
  for (int i = 0; i < 9; ++i) nic().Receive(MakeFrame(60));
  EXPECT_EQ(nic().Read(kRDH), 10u);
  EXPECT_EQ(nic().RxAt(9).status, kWhole);
}

TEST_P(Receive, HeadAtTailHasNoBuffers) {
  FromManual("3.2.6");
  FromBug("RDH==RDT treated as full");
  nic().StartReceive(rctl::kUPE, 0);
  nic().Receive(MakeFrame(64));
  EXPECT_EQ(nic().Read(kRDH), 0u);
  EXPECT_EQ(nic().RxAt(0).status, 0);
  EXPECT_EQ(nic().Read(kICR), 0u);
  EXPECT_EQ(nic().Read(kMPC), 0u);
}

TEST_P(Receive, TailTakesWhatWaited) {
  FromQemu();
  nic().StartReceive(rctl::kUPE, 0);
  nic().Receive(MakeFrame(64));
  nic().Write(kRDT, Driver::kRingSize - 1);
  EXPECT_EQ(nic().RxBytes(0, 64), MakeFrame(64));
  EXPECT_EQ(nic().Read(kICR), cause::kRXT0);
}

TEST_P(Receive, FramesThatWaitedKeepTheirOrder) {
  FromQemu();
  nic().StartReceive(rctl::kUPE, 0);
  for (std::size_t i = 0; i < 5; ++i) nic().Receive(MakeFrame(60 + i));
  nic().Write(kRDT, 8);
  for (std::uint32_t i = 0; i < 5; ++i) EXPECT_EQ(nic().RxAt(i).length, 60 + i + kFcs);
  EXPECT_EQ(nic().Read(kRDH), 5u);
}

TEST_P(Receive, NothingHappensWhileDisabled) {
  FromManual("13.4.22");
  nic().StartReceive();
  nic().Write(kRCTL, rctl::kUPE);
  nic().Wait(kSecond);
  nic().Receive(MakeFrame(64));
  EXPECT_EQ(nic().Read(kRDH), 0u);
}

// A frame that the buffers cannot hold is lost whole, before anything of it is written.
TEST_P(Receive, OverrunBeforeTheFrame) {
  FromManual("3.2.7.4, 13.7");
  FromBug("DD set after running out of buffers mid-frame");
  nic().StartReceive(rctl::kUPE | kBuffers256, 2);
  nic().Receive(MakeFrame(509));
  EXPECT_EQ(nic().Read(kRDH), 0u);
  EXPECT_EQ(nic().RxAt(0).status, 0);
  EXPECT_EQ(nic().RxBytes(0, 64), ByteVector(64));
  EXPECT_EQ(nic().Read(kICR), cause::kRXO);
  EXPECT_EQ(nic().Read(kMPC), 1u);
  EXPECT_EQ(nic().Read(kRNBC), 1u);
  EXPECT_EQ(nic().Read(kTPR), 0u);
  nic().Receive(MakeFrame(508));
  EXPECT_EQ(nic().Read(kRDH), 2u) << "with the FCS, 508 bytes are what two buffers hold";
}

TEST_P(Receive, OverrunAcrossTheEndOfTheRing) {
  FromManual("3.2.6");
  nic().StartReceive(rctl::kUPE | kBuffers256, 1);
  nic().Write(kRDH, Driver::kRingSize - 2);
  nic().Receive(MakeFrame(3 * 256));
  EXPECT_EQ(nic().Read(kICR), cause::kRXO);
  nic().Receive(MakeFrame(3 * 256 - 4));
  EXPECT_EQ(nic().Read(kRDH), 1u);
  EXPECT_EQ(nic().RxAt(0).status, kWhole);
}

// The last buffer of the ring was filled, and the head is where it began: QEMU calls it an overrun,
// though the frame is complete.
TEST_P(Receive, FrameThatFillsTheWholeRingIsAnOverrun) {
  FromQemu();
  nic().StartReceive(rctl::kUPE | rctl::kLPE | kBuffers256, Driver::kRingSize);
  nic().Receive(MakeFrame(Driver::kRingSize * 256 - 4));
  EXPECT_EQ(nic().RxAt(Driver::kRingSize - 1).status, kWhole);
  EXPECT_EQ(nic().Read(kICR), cause::kRXO);
  EXPECT_EQ(nic().Read(kTPR), 0u);
  EXPECT_EQ(nic().Read(kMPC), 1u);
  EXPECT_EQ(nic().Read(kRDH), 0u);
}

}  // namespace
}  // namespace nicreplay::e1000
