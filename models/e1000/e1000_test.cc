// SPDX-License-Identifier: MIT
// The device as a whole: creation, access sizes, PCI, reset, saving and loading.
#include "models/e1000/e1000.h"

#include "models/e1000/test_host.h"

namespace nicreplay::e1000 {
namespace {

TEST(E1000, SendsAndReceivesAFrame) {
  Bench bench;
  bench.StartTransmit();
  const ByteVector frame = MakeFrame(80);
  bench.Send(frame, txd::kRS);
  ASSERT_EQ(bench.host.sent.size(), 1u);
  EXPECT_EQ(bench.host.sent[0], frame);
  EXPECT_EQ(bench.GetTx(0).upper & 0xff, txd::kStatusDD);
  EXPECT_EQ(bench.Read(kICR), cause::kTXDW | cause::kTXQE);

  bench.StartReceive();
  EXPECT_EQ(bench.Receive(frame), ReceiveResult::kConsumed);
  EXPECT_EQ(bench.Memory(Bench::kRxData, 80), frame);
  EXPECT_EQ(bench.GetRx(0).length, 84);
  EXPECT_EQ(bench.GetRx(0).status, rxd::kDD | rxd::kEOP | rxd::kIXSM);
}

}  // namespace
}  // namespace nicreplay::e1000
