// SPDX-License-Identifier: MIT
#include "replay/exit_model.h"

#include <gtest/gtest.h>

#include "models/e1000/registers.h"

namespace nicreplay {
namespace {

constexpr Nanoseconds kMillisecond = 1'000'000;

Stimulus Write(Nanoseconds time, std::uint32_t offset) {
  return {.time = time, .offset = offset, .kind = StimulusKind::kWrite, .size = 4};
}

// `frames` doorbells with a frame of 1000 bytes and an interrupt each.
ExitCount Burst(Nanoseconds start, int frames) {
  ExitCounter counter(NicFamily::kE1000);
  const Effect effects[] = {{.data_size = 1000, .kind = EffectKind::kTransmit},
                            {.kind = EffectKind::kInterrupt, .detail = 1}};
  counter.Add(Write(0, e1000::kRCTL), {});  // long before: not busy
  for (int i = 0; i < frames; ++i) counter.Add(Write(start, e1000::kTDT), effects);
  return counter.Finish();
}

TEST(ExitModel, CountsOnlyBusyTime) {
  const ExitCount busy = Burst(500 * kMillisecond, 8);
  EXPECT_EQ(busy.total(), 8u);
  EXPECT_EQ(busy.exits[static_cast<std::size_t>(ExitKind::kTransmitDoorbell)], 8u);
  EXPECT_EQ(busy.interrupts, 8u);
  EXPECT_EQ(busy.bytes, 8000u);
  EXPECT_EQ(busy.busy, 10 * kMillisecond);
  EXPECT_EQ(Burst(500 * kMillisecond, 7).total(), 0u);
}

TEST(ExitModel, AFrameThatIsKeptIsNotReceived) {
  ExitCounter counter(NicFamily::kE1000);
  for (int i = 0; i < 8; ++i) {
    counter.Add({.data_size = 100, .kind = StimulusKind::kFrame}, {});
    counter.Add({.data_size = 100, .kind = StimulusKind::kFrame, .result = ReceiveResult::kKeep},
                {});
  }
  EXPECT_EQ(counter.Finish().frames, 8u);
}

TEST(ExitModel, CountsMessagesOfVirtio) {
  ExitCounter counter(NicFamily::kVirtioNet);
  const Effect effects[] = {{.data_size = 100, .kind = EffectKind::kTransmit},
                            {.address = 0xfee01000, .data_size = 4, .kind = EffectKind::kDmaWrite}};
  for (int i = 0; i < 8; ++i) {
    counter.Add({.offset = 0x3004, .kind = StimulusKind::kWrite, .bar = 4, .size = 2}, effects);
  }
  const ExitCount count = counter.Finish();
  EXPECT_EQ(count.interrupts, 8u);
  EXPECT_EQ(count.exits[static_cast<std::size_t>(ExitKind::kTransmitDoorbell)], 8u);
}

// By hand: virtio takes 1250 ns a byte (10 ms for 8000), stock has 1/1000 doorbell and interrupt a
// byte.
TEST(ExitModel, ChargesWhatVirtioDoesNotPay) {
  const ExitCount e1000 = Burst(500 * kMillisecond, 8);
  ExitCount virtio = Burst(500 * kMillisecond, 8);
  virtio.exits = {};
  virtio.interrupts = 0;
  const ExitCosts costs = {.exit_ns = 125'000, .light_exit_ns = 12'500, .irq_ns = 125'000};
  const auto predictions = PredictE1000(e1000, virtio, costs);
  EXPECT_EQ(predictions[0].what, "stock");
  EXPECT_NEAR(predictions[0].factor, 1.2, 1e-9);
  EXPECT_EQ(predictions[1].what, "doorbell");
  EXPECT_NEAR(predictions[1].factor, 1.11, 1e-9);
  EXPECT_EQ(predictions[3].what, "sidecore");
  EXPECT_NEAR(predictions[3].factor, 1.1, 1e-9);
}

}  // namespace
}  // namespace nicreplay
