// SPDX-License-Identifier: MIT
// Who wants to hear of what: flags and events of both sides (virtio 1.2, 2.7.7, 2.7.10, 2.8.10).
#include <gmock/gmock.h>

#include "models/virtio/test_bench.h"

namespace nicreplay::virtio {
namespace {

using Format = DriverRing::Format;

constexpr GuestAddress kIn = Bench::kBuffers + 0x20000;
constexpr std::uint32_t kRing = 256;

class NotificationTest : public testing::TestWithParam<Format> {
 protected:
  static BenchSetup MakeSetup(Features further) {
    BenchSetup setup;
    setup.format = GetParam();
    setup.features = setup.features | further;
    return setup;
  }
  static bool IsSplit() { return GetParam() == Format::kSplit; }

  // Sends a frame; the causes of interrupts that it left.
  static std::uint8_t IsrAfterSending(Bench& bench) {
    bench.Send(MakeFrame(64));
    return bench.driver.ReadIsr();
  }
  // How a driver or device names buffer `number` since the start: by its number in a split ring, by
  // the place in the ring and the wrap counter there in a packed one (2.8.14).
  static std::uint16_t EventOf(std::uint32_t number) {
    if (IsSplit()) return static_cast<std::uint16_t>(number);
    const std::uint32_t wrap = number / kRing % 2 == 0 ? 1u << 15 : 0;
    return static_cast<std::uint16_t>(number % kRing | wrap);
  }
  // What names the buffer that the device wants to hear of.
  static std::uint16_t DeviceEvent(const Bench& bench, std::uint16_t queue) {
    const GuestAddress device = bench.rings[queue].device_area();
    if (IsSplit()) {
      return bench.host.Load<std::uint16_t>(device + kRingEntries + kRing * sizeof(UsedElement));
    }
    EXPECT_EQ(bench.host.Load<std::uint16_t>(device + kEventFlags), kEventDescriptor);
    return bench.host.Load<std::uint16_t>(device + kEventOffset);
  }
  // The driver wants to hear that buffer `number` came back.
  static void WantInterruptAt(Bench& bench, std::uint32_t number) {
    bench.rings[1].SetUsedEvent(bench.host, EventOf(number));
  }
};

INSTANTIATE_TEST_SUITE_P(Formats, NotificationTest,
                         testing::Values(Format::kSplit, Format::kPacked), [](const auto& format) {
                           return format.param == Format::kSplit ? "Split" : "Packed";
                         });

TEST_P(NotificationTest, AFlagKeepsInterruptsAway) {
  Bench bench(MakeSetup({}));
  bench.rings[1].SetInterrupts(bench.host, false);
  EXPECT_EQ(IsrAfterSending(bench), 0);
  EXPECT_EQ(bench.host.line, LineLevel::kLow);
  bench.rings[1].SetInterrupts(bench.host, true);
  EXPECT_EQ(IsrAfterSending(bench), kIsrQueue);
  EXPECT_EQ(bench.host.sent.size(), 2u);
}

TEST_P(NotificationTest, InterruptsComeAtTheEventThatTheDriverNames) {
  Bench bench(MakeSetup(Features::Of(feature::kEventIdx)));
  WantInterruptAt(bench, 0);
  EXPECT_EQ(IsrAfterSending(bench), kIsrQueue);
  WantInterruptAt(bench, 3);
  EXPECT_EQ(IsrAfterSending(bench), 0);
  EXPECT_EQ(IsrAfterSending(bench), 0);
  EXPECT_EQ(IsrAfterSending(bench), kIsrQueue);
  EXPECT_EQ(IsrAfterSending(bench), 0);
}

TEST_P(NotificationTest, AnEventOfTheNextLapIsNotOneOfThis) {
  Bench bench(MakeSetup(Features::Of(feature::kEventIdx)));
  IsrAfterSending(bench);
  WantInterruptAt(bench, kRing);
  for (std::uint32_t i = 1; i < kRing; ++i) {
    ASSERT_EQ(IsrAfterSending(bench), IsSplit() || i + 1 < kRing ? 0 : kIsrQueue) << i;
  }
  EXPECT_EQ(IsrAfterSending(bench), kIsrQueue);
  EXPECT_EQ(IsrAfterSending(bench), 0);
}

// The same place in the ring with the other wrap counter: wrong on either side, an interrupt comes
// a lap early or not at all.
TEST_P(NotificationTest, EventsAreOfTheirLap) {
  Bench bench(MakeSetup(Features::Of(feature::kEventIdx)));
  IsrAfterSending(bench);
  std::uint32_t sent = 1;
  for (const std::uint32_t wanted : {kRing + 10, 2 * kRing + 5, 3 * kRing - 2, 3 * kRing + 1}) {
    WantInterruptAt(bench, wanted);
    for (; sent <= wanted; ++sent) {
      const std::uint8_t isr = IsrAfterSending(bench);
      // At its end QEMU's packed ring forgets what it last signalled.
      const bool forgets = !IsSplit() && sent % kRing == kRing - 1;
      ASSERT_EQ(isr, sent == wanted || forgets ? kIsrQueue : 0) << sent << " for " << wanted;
    }
  }
}

TEST_P(NotificationTest, TheDeviceNamesBuffersOfEveryLap) {
  Bench bench(MakeSetup(Features::Of(feature::kEventIdx)));
  for (std::uint32_t sent = 1; sent <= 3 * kRing + 1; ++sent) {
    bench.Send(MakeFrame(64));
    ASSERT_EQ(DeviceEvent(bench, 1), EventOf(sent)) << sent;
  }
}

TEST_P(NotificationTest, TheDeviceNamesTheBufferThatItWaitsFor) {
  Bench bench(MakeSetup(Features::Of(feature::kEventIdx)));
  for (std::uint16_t sent = 1; sent <= 3; ++sent) {
    bench.Send(MakeFrame(64));
    EXPECT_EQ(DeviceEvent(bench, 1), EventOf(sent));
  }
  bench.GiveReceive(kIn, 100);
  EXPECT_EQ(bench.Receive(MakeFrame(300)), ReceiveResult::kKeep);
  EXPECT_EQ(DeviceEvent(bench, 0), EventOf(1));
}

TEST_P(NotificationTest, PacketsThatTheLinkLosesComeBackAllTheSame) {
  Bench bench(MakeSetup(Features::Of(feature::kEventIdx)));
  bench.device->SetLink(LinkState::kDown);
  bench.driver.ReadIsr();
  EXPECT_EQ(IsrAfterSending(bench), kIsrQueue);
  EXPECT_TRUE(bench.host.sent.empty());
  EXPECT_TRUE(bench.IsUsed(1, 0));
  if (IsSplit()) {
    EXPECT_EQ(DeviceEvent(bench, 1), EventOf(1));
  }
}

// Legacy drivers may ask for an interrupt that they otherwise suppress (2.7.10.1 of virtio 0.9.5).
TEST(NotifyOnEmptyTest, AnEmptyRingInterruptsInSpiteOfTheFlag) {
  BenchSetup setup;
  setup.mode = Driver::Mode::kLegacy;
  setup.features = setup.features | Features::Of(feature::kNotifyOnEmpty);
  Bench bench(setup);
  bench.rings[1].SetInterrupts(bench.host, false);
  bench.Send(MakeFrame(64));
  EXPECT_EQ(bench.driver.ReadIsr(), kIsrQueue);
}

}  // namespace
}  // namespace nicreplay::virtio
