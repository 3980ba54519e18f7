// SPDX-License-Identifier: MIT
// DMA to the device's own registers: while the device works, they read 0 and ignore writes.  (What
// loops back into the transmit doorbell is in loopback_test.cc.)
#include "qtest/suite/e1000/conformance.h"

namespace nicreplay::e1000 {
namespace {

NICREPLAY_CONFORMANCE(Reentrancy);

TEST_P(Reentrancy, BufferOfASentFrameReadsZero) {
  FromQemu();
  nic().StartTransmit();
  nic().Write(kPBM, 0x12345678);
  nic().Post(Encode(TxDescriptor{Driver::kBar0 + kPBM, 64 | txd::kEOP, 0}));
  nic().Ring();
  EXPECT_EQ(nic().Sent(), Frames{ByteVector(64)});
}

TEST_P(Reentrancy, BufferOfASentFrameDoesNotClearOnRead) {
  FromQemu();
  nic().StartTransmit();
  nic().Write(kICS, cause::kLSC);
  nic().Post(Encode(TxDescriptor{Driver::kBar0 + kICR, 64 | txd::kEOP, 0}));
  nic().Ring();
  EXPECT_EQ(nic().Read(kICR), cause::kLSC | cause::kTXQE);
}

TEST_P(Reentrancy, TransmitRingReadsZero) {
  FromQemu();
  nic().StartTransmit();
  nic().Write(kPBM + 8, 64 | txd::kEOP | txd::kRS);
  nic().Write(kTDBAL, Driver::kBar0 + kPBM);
  nic().Write(kTDT, 1);
  EXPECT_TRUE(nic().Sent().empty());
  EXPECT_EQ(nic().Read(kTDH), 1u);
  EXPECT_EQ(nic().Read(kPBM + 12), 0u);
}

// The frame's first bytes would be the new tail.
TEST_P(Reentrancy, FrameIntoTheTransmitTailSendsNothing) {
  FromBug("DMA into the own TDT re-enters transmit");
  nic().StartReceive();
  nic().StartTransmit();
  nic().PostLegacy(MakeFrame(64), txd::kEOP);
  nic().PutRx(0, {.buffer_address = Driver::kBar0 + kTDT});
  nic().Receive(MakeFrame(64));
  EXPECT_EQ(nic().Read(kRDH), 1u);
  EXPECT_EQ(nic().Read(kTDT), 0u);
  EXPECT_TRUE(nic().Sent().empty());
}

TEST_P(Reentrancy, ReceivedFrameDoesNotChangeRegisters) {
  FromQemu();
  nic().StartReceive();
  nic().PutRx(0, {.buffer_address = Driver::kBar0 + kRA});
  nic().Receive(MakeFrame(64));
  EXPECT_EQ(nic().RxAt(0).status, rxd::kDD | rxd::kEOP | rxd::kIXSM);
  EXPECT_EQ(nic().Read(kRA), 0x12005452u);
}

TEST_P(Reentrancy, FrameDeliveredByATimerDoesNotChangeRegisters) {
  FromQemu();
  nic().StartReceive();
  nic().PutRx(0, {.buffer_address = Driver::kBar0 + kRA});
  nic().Write(kRCTL, rctl::kEN | rctl::kUPE);
  nic().Receive(MakeFrame(64));
  nic().Wait(kSecond);
  EXPECT_EQ(nic().Read(kRDH), 1u);
  EXPECT_EQ(nic().Read(kRA), 0x12005452u);
}

TEST_P(Reentrancy, ReceiveRingReadsZero) {
  FromQemu();
  nic().StartReceive();
  nic().Write(kRDBAL, Driver::kBar0 + kPBM);
  nic().Write(kPBM, static_cast<std::uint32_t>(Driver::RxBuffer(0)));
  nic().Receive(MakeFrame(64));
  EXPECT_EQ(nic().Read(kICR), cause::kRXO) << "descriptors without buffers, to the end";
  EXPECT_EQ(nic().RxBytes(0, 64), ByteVector(64));
  EXPECT_EQ(nic().Read(kPBM + 12), 0u);
}

TEST_P(Reentrancy, WritebackToTheOwnRegistersIsLost) {
  FromQemu();
  nic().StartReceive();
  nic().StartTransmit();
  nic().WritePhy(phy::kPCTRL, phy::kCtrlLoopback);
  nic().PutRx(0, {.buffer_address = Driver::kBar0 + kIMS});
  nic().Send(MakeFrame(64), txd::kRS);
  EXPECT_EQ(nic().Read(kRDH), 1u);
  EXPECT_EQ(nic().Read(kIMS), 0u);
}

}  // namespace
}  // namespace nicreplay::e1000
