// SPDX-License-Identifier: MIT
// Context and data descriptors without segmentation.  The checksums that they ask for are in
// offload_test.cc.
#include "qtest/suite/e1000/conformance.h"

namespace nicreplay::e1000 {
namespace {

NICREPLAY_CONFORMANCE(Data);

ContextDescriptor EmptyContext(std::uint32_t command) {
  ContextDescriptor context;
  context.command = txd::kDEXT | command;
  return context;
}

TEST_P(Data, Frame) {
  FromManual("3.3.7");
  nic().StartTransmit();
  nic().PostData(MakeFrame(1000), txd::kEOP);
  nic().Ring();
  EXPECT_EQ(nic().Sent(), Frames{MakeFrame(1000)});
}

TEST_P(Data, FrameOfSeveralDescriptorsOfBothForms) {
  FromQemu();
  nic().StartTransmit();
  const ByteVector frame = MakeFrame(500);
  nic().PostData(Slice(frame, 0, 14), 0);
  nic().PostLegacy(Slice(frame, 14, 200), 0);
  nic().PostData(Slice(frame, 214, 286), txd::kEOP);
  nic().Ring();
  EXPECT_EQ(nic().Sent(), Frames{frame});
}

TEST_P(Data, StatusIsWrittenBackOnRequest) {
  FromManual("3.3.7.2");
  nic().StartTransmit();
  const std::uint32_t silent = nic().PostData(MakeFrame(64), txd::kEOP);
  const std::uint32_t reported = nic().PostData(MakeFrame(64), txd::kEOP | txd::kRS);
  nic().Ring();
  EXPECT_EQ(nic().TxAt(silent).upper, 0u);
  EXPECT_EQ(nic().TxAt(reported).upper, txd::kStatusDD);
  EXPECT_EQ(nic().Read(kICR), cause::kTXDW | cause::kTXQE);
}

TEST_P(Data, ContextSendsNothing) {
  FromManual("3.3.5");
  nic().StartTransmit();
  nic().PostContext(EmptyContext(txd::kEOP));
  nic().Ring();
  EXPECT_TRUE(nic().Sent().empty());
  EXPECT_EQ(nic().Read(kTDH), 1u);
  EXPECT_EQ(nic().Read(kTPT), 0u);
}

TEST_P(Data, ContextIsWrittenBackOnRequest) {
  FromManual("3.3.6.2");
  nic().StartTransmit();
  ContextDescriptor context = EmptyContext(txd::kRS);
  context.hdrlen = 54;
  context.mss = 1460;
  context.status = 0xfe;
  const std::uint32_t index = nic().PostContext(context);
  nic().Ring();
  EXPECT_EQ(nic().TxAt(index).upper, 1460u << 16 | 54 << 8 | 0xf0 | txd::kStatusDD);
  EXPECT_NE(nic().Read(kICR) & cause::kTXDW, 0u);
}

TEST_P(Data, ContextInTheMiddleOfAFrameLeavesTheFrame) {
  FromQemu();
  nic().StartTransmit();
  const ByteVector frame = MakeFrame(200);
  nic().PostData(Slice(frame, 0, 100), 0);
  nic().PostContext(EmptyContext(0));
  nic().PostData(Slice(frame, 100, 100), txd::kEOP);
  nic().Ring();
  EXPECT_EQ(nic().Sent(), Frames{frame});
}

// DTYP is one bit for QEMU: whatever else the manual reserves counts as before.
TEST_P(Data, ReservedTypesAreContextOrData) {
  FromQemu();
  nic().StartTransmit();
  nic().PostData(MakeFrame(64), txd::kEOP | 0xfu << 20);
  ContextDescriptor context = EmptyContext(0xeu << 20);
  nic().PostContext(context);
  nic().Ring();
  EXPECT_EQ(nic().Sent(), Frames{MakeFrame(64)});
  EXPECT_EQ(nic().Read(kTDH), 2u);
}

TEST_P(Data, TypeBitOfALegacyDescriptorDoesNotCount) {
  FromManual("3.3.3");
  nic().StartTransmit();
  nic().PostLegacy(MakeFrame(64), txd::kEOP | txd::kDTYP_DATA);
  nic().Ring();
  EXPECT_EQ(nic().Sent(), Frames{MakeFrame(64)});
}

// 20 bits of length in the manual; QEMU takes 16.
TEST_P(Data, LengthHas16Bits) {
  FromQemu();
  nic().StartTransmit();
  const GuestAddress data = nic().Store(MakeFrame(100));
  const std::uint32_t lower = 0xf0000 | 100 | txd::kDEXT | txd::kDTYP_DATA | txd::kEOP;
  nic().Post(Encode(TxDescriptor{data, lower, 0}));
  nic().Ring();
  EXPECT_EQ(nic().Sent(), Frames{MakeFrame(100)});
}

}  // namespace
}  // namespace nicreplay::e1000
