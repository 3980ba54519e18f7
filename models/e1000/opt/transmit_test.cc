// SPDX-License-Identifier: MIT
#include "models/e1000/opt/transmit.h"

#include "models/e1000/opt/twins.h"
#include "models/e1000/opt/tx_garbage.h"

namespace nicreplay::e1000 {
namespace {

constexpr std::uint32_t kRing = 64;

class Garbage : public testing::TestWithParam<const char*> {};

// A ring of a driver that is mostly right, worked in runs of any length.
TEST_P(Garbage, LeavesWhatStockLeaves) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    Twins twins(GetParam());
    TxGarbage garbage(seed);
    twins.Both([](Bench& bench) { bench.StartTransmit(); });
    twins.Write(kTDLEN, kRing * 16);
    twins.Write(kITR, 0);
    if (garbage.OneIn(8)) twins.opt.host.mappable = Bench::kTxData + garbage.Below(70000);
    if (garbage.OneIn(8)) twins.opt.host.offloads = static_cast<OffloadSet>(garbage.Below(4));
    std::uint32_t tail = 0;
    for (int round = 0; round < 60; ++round) {
      const auto made = garbage.OneIn(2) ? garbage.Segmented() : garbage.Plain();
      twins.PutMemory(Bench::kTxData, made.frame);
      for (const RawDescriptor& raw : made.descriptors) {
        twins.PutTx(tail, raw);
        tail = (tail + 1) % kRing;
        if (garbage.OneIn(30)) twins.Write(kTDT, tail);
      }
      if (garbage.OneIn(20)) twins.Write(kCTRL, garbage.OneIn(2) ? ctrl::kVME | ctrl::kSLU : 0);
      if (garbage.OneIn(30)) twins.Write(kMDIC, 1u << 26 | 1u << 21 | (garbage.Below(2) << 14));
      if (garbage.OneIn(40)) {
        twins.Both([](Bench& bench) { bench.device->SetLink(LinkState::kDown); });
        twins.Write(kTDT, tail);
        twins.Both([](Bench& bench) { bench.device->SetLink(LinkState::kUp); });
      }
      if (garbage.OneIn(40)) twins.Write(kTDT, garbage.Below(2 * kRing));
      twins.Write(kTDT, tail);
      ASSERT_TRUE(twins.Same()) << "seed " << seed << " round " << round;
    }
    ASSERT_TRUE(twins.SameRegisters()) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Transmit, Garbage,
                         testing::Values("none", "tso", "csum", "zerocopy", "ring", "tso+csum",
                                         "tso+zerocopy", "csum+zerocopy", "ring+zerocopy",
                                         "exact"));

class TransmitTest : public testing::Test {
 protected:
  TransmitTest() {
    twins_.Both([](Bench& bench) { bench.StartTransmit(); });
  }

  Twins twins_{"exact"};
};

}  // namespace
}  // namespace nicreplay::e1000
