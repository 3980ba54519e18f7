// SPDX-License-Identifier: MIT
// Who wants to hear of what: flags and events of both sides.
#include "qtest/suite/virtio/conformance.h"

namespace nicreplay::virtio {
namespace {

class Notifications : public Conformance {
 protected:
  static constexpr std::uint16_t kTx = Nic::kTransmitQueue;
  static constexpr std::uint16_t kRx = Nic::kReceiveQueue;
  static constexpr std::uint32_t kSlots = 256;
  static constexpr Features kEvents = Nic::kUsual | Features::Of(feature::kEventIdx);

  // Sends a frame; the causes of interrupts that it left.
  std::uint8_t IsrAfterSending() {
    nic().Send(MakeFrame(64));
    return nic().ReadIsr();
  }
  // The driver wants to hear that buffer `number` came back.
  void WantInterruptAt(std::uint32_t number) {
    if (!nic().IsPacked()) {
      nic().ring(kTx).SetUsedEvent(nic().bus(), static_cast<std::uint16_t>(number));
      return;
    }
    const std::uint32_t wrap = number / kSlots % 2 == 0 ? 1u << 15 : 0;
    nic().ring(kTx).SetUsedEvent(nic().bus(), static_cast<std::uint16_t>(number % kSlots | wrap));
  }
  // What the device says of its own wishes.
  std::uint16_t UsedFlags(std::uint16_t queue) {
    return nic().Load<std::uint16_t>(nic().ring(queue).device_area() + kRingFlags);
  }
  std::uint16_t AvailEvent(std::uint16_t queue) {
    return nic().Load<std::uint16_t>(nic().ring(queue).device_area() + kRingEntries +
                                     kSlots * sizeof(UsedElement));
  }
  std::uint16_t DeviceEventFlags(std::uint16_t queue) {
    return nic().Load<std::uint16_t>(nic().ring(queue).device_area() + kEventFlags);
  }
  std::uint16_t DeviceEventPlace(std::uint16_t queue) {
    return nic().Load<std::uint16_t>(nic().ring(queue).device_area() + kEventOffset);
  }
  // The place of the device's event for buffer `number`: offset and wrap counter.
  static std::uint16_t PlaceOf(std::uint32_t number) {
    const std::uint32_t wrap = number / kSlots % 2 == 0 ? 1u << 15 : 0;
    return static_cast<std::uint16_t>(number % kSlots | wrap);
  }
  // Whether the device wants to hear of new buffers.
  bool WantsToHear(std::uint16_t queue) {
    if (nic().IsPacked()) return DeviceEventFlags(queue) != kEventDisable;
    return (UsedFlags(queue) & kUsedNoNotify) == 0;
  }
};
NICREPLAY_VIRTIO_INSTANCES(Notifications, kLegacyDriver, kSplitDriver, kPackedDriver);

// Flag and event are apart there.
class SplitNotifications : public Notifications {};
NICREPLAY_VIRTIO_INSTANCES(SplitNotifications, kLegacyDriver, kSplitDriver);

// One structure is both there.
class PackedNotifications : public Notifications {};
NICREPLAY_VIRTIO_INSTANCES(PackedNotifications, kPackedDriver);

// What only they can negotiate.
class LegacyNotifications : public Notifications {};
NICREPLAY_VIRTIO_INSTANCES(LegacyNotifications, kLegacyDriver);

TEST_P(Notifications, FlagKeepsInterruptsAway) {
  FromVirtio("2.7.7, 2.8.14");
  nic().Start();
  nic().ring(kTx).SetInterrupts(nic().bus(), false);
  EXPECT_EQ(IsrAfterSending(), 0);
  EXPECT_FALSE(nic().line_high());
  nic().ring(kTx).SetInterrupts(nic().bus(), true);
  EXPECT_EQ(IsrAfterSending(), kIsrQueue);
  EXPECT_EQ(nic().Sent().size(), 2u);
}

TEST_P(Notifications, FlagIsOfOneQueue) {
  FromVirtio("2.7.7, 2.8.14");
  nic().Start();
  nic().ring(kTx).SetInterrupts(nic().bus(), false);
  nic().GiveReceive(0, 2000);
  nic().Receive(MakeFrame(64));
  EXPECT_EQ(nic().ReadIsr(), kIsrQueue);
}

TEST_P(Notifications, WithEventsTheFirstOneComes) {
  FromVirtio("2.7.7.1, 2.8.14");
  nic().Start(kEvents);
  WantInterruptAt(0);
  EXPECT_EQ(IsrAfterSending(), kIsrQueue);
  EXPECT_EQ(IsrAfterSending(), 0) << "once";
}

TEST_P(Notifications, InterruptsComeAtTheEventThatTheDriverNames) {
  FromVirtio("2.7.7.1, 2.8.14");
  nic().Start(kEvents);
  WantInterruptAt(0);
  IsrAfterSending();
  for (std::uint32_t number = 1; number < 40; ++number) {
    // The next multiple of five.
    WantInterruptAt((number + 4) / 5 * 5);
    EXPECT_EQ(IsrAfterSending(), number % 5 == 0 ? kIsrQueue : 0) << number;
  }
}

TEST_P(Notifications, EventInTheMiddleOfSeveralBuffers) {
  FromVirtio("2.7.7.1, 2.8.14");
  nic().Start(kEvents);
  WantInterruptAt(0);
  IsrAfterSending();
  WantInterruptAt(3);
  const auto size = static_cast<std::uint32_t>(nic().header_size()) + 64;
  nic().Poke(Nic::kOut, ByteVector(size));
  for (int i = 0; i < 5; ++i) nic().Add(kTx, {{Nic::kOut, size, false}});
  nic().Show(kTx);
  EXPECT_EQ(nic().ReadIsr(), kIsrQueue);
}

TEST_P(Notifications, EventThatIsOverDoesNotCome) {
  FromVirtio("2.7.7.1, 2.8.14");
  nic().Start(kEvents);
  WantInterruptAt(0);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(IsrAfterSending(), i == 0 ? kIsrQueue : 0) << i;
}

// Buffers of a packed ring have places: offset and wrap counter.
TEST_P(Notifications, EventsOnBothSidesOfTheEndOfTheRing) {
  FromVirtio("2.7.7.1, 2.8.14");
  nic().Start(kEvents);
  WantInterruptAt(0);
  IsrAfterSending();
  for (std::uint32_t number = 1; number < 3 * kSlots; ++number) {
    const std::uint32_t place = number % kSlots;
    const bool near = place < 3 || place > kSlots - 3;
    WantInterruptAt(near ? number : number + 1);
    const std::uint8_t isr = IsrAfterSending();
    // Every driver is told when the ring begins anew: QEMU forgets what it last signalled.
    if (nic().IsPacked() && place == kSlots - 1) continue;
    ASSERT_EQ(isr, near ? kIsrQueue : 0) << number;
  }
}

TEST_P(Notifications, EventOfTheNextLapIsNotOneOfThis) {
  FromVirtio("2.7.7.1, 2.8.14");
  FromQemu();
  nic().Start(kEvents);
  WantInterruptAt(0);
  IsrAfterSending();
  WantInterruptAt(kSlots + 10);
  for (std::uint32_t number = 1; number < kSlots - 1; ++number) {
    ASSERT_EQ(IsrAfterSending(), 0) << number;
  }
  IsrAfterSending();
  for (std::uint32_t number = kSlots; number < kSlots + 10; ++number) {
    ASSERT_EQ(IsrAfterSending(), 0) << number;
  }
  EXPECT_EQ(IsrAfterSending(), kIsrQueue);
}

TEST_P(Notifications, DeviceNamesTheBufferThatItWaitsFor) {
  FromVirtio("2.7.10, 2.8.10");
  nic().Start(kEvents);
  for (std::uint32_t sent = 1; sent <= 2 * kSlots + 3; ++sent) {
    nic().Send(MakeFrame(64));
    if (nic().IsPacked()) {
      ASSERT_EQ(DeviceEventFlags(kTx), kEventDescriptor);
      ASSERT_EQ(DeviceEventPlace(kTx), PlaceOf(sent)) << sent;
    } else {
      ASSERT_EQ(AvailEvent(kTx), sent);
    }
  }
}

TEST_P(Notifications, AfterABurstTheDeviceStillWantsToHear) {
  FromVirtio("2.7.10, 2.8.10");
  FromQemu();
  nic().Start();
  const auto size = static_cast<std::uint32_t>(nic().header_size()) + 60;
  nic().Poke(Nic::kOut, ByteVector(size));
  for (std::uint32_t i = 0; i < kSlots; ++i) nic().Add(kTx, {{Nic::kOut, size, false}});
  nic().Show(kTx);
  EXPECT_TRUE(nic().IsUsed(kTx, kSlots - 1));
  EXPECT_TRUE(WantsToHear(kTx));
}

TEST_P(Notifications, WithoutEventsTheDeviceWantsToHearOfEverything) {
  FromVirtio("2.7.10, 2.8.10");
  nic().Start();
  nic().Send(MakeFrame(64));
  if (nic().IsPacked()) {
    EXPECT_EQ(DeviceEventFlags(kTx), kEventEnable);
  } else {
    EXPECT_EQ(UsedFlags(kTx), 0);
  }
}

TEST_P(Notifications, EmptyReceiveRingWantsToHearOfBuffers) {
  FromVirtio("2.7.10, 2.8.10");
  FromQemu();
  nic().Start();
  nic().Receive(MakeFrame(64));
  EXPECT_TRUE(WantsToHear(kRx));
  nic().GiveReceive(0, 2000);
  EXPECT_EQ(nic().UsedCount(kRx), 1);
}

TEST_P(Notifications, ReceiveRingWithBuffersDoesNot) {
  FromVirtio("2.7.10, 2.8.10");
  FromQemu();
  nic().Start();
  nic().GiveReceive(0, 2000);
  nic().GiveReceive(1, 2000);
  nic().Receive(MakeFrame(64));
  EXPECT_EQ(nic().UsedCount(kRx), 1);
  EXPECT_FALSE(WantsToHear(kRx));
}

TEST_P(Notifications, EmptyReceiveRingNamesItsNextBuffer) {
  FromVirtio("2.7.10, 2.8.10");
  FromQemu();
  nic().Start(kEvents);
  nic().GiveReceive(0, 100);
  nic().Receive(MakeFrame(300));
  EXPECT_EQ(nic().UsedCount(kRx), 0);
  if (nic().IsPacked()) {
    EXPECT_EQ(DeviceEventFlags(kRx), kEventDescriptor);
    EXPECT_EQ(DeviceEventPlace(kRx), PlaceOf(1));
  } else {
    EXPECT_EQ(AvailEvent(kRx), 1);
  }
}

TEST_P(SplitNotifications, DeviceNamesTheCommandThatItWaitsFor) {
  FromVirtio("2.7.10");
  nic().Start(kEvents);
  const GuestAddress event = nic().ring(nic().control_queue()).device_area() + kRingEntries +
                             kControlQueueSize * sizeof(UsedElement);
  for (std::uint16_t done = 1; done < 100; ++done) {
    nic().Command(control::kRx, control::kRxPromisc, {1});
    ASSERT_EQ(nic().Load<std::uint16_t>(event), done);
  }
}

TEST_P(SplitNotifications, FlagHasNoMeaningWithEvents) {
  FromVirtio("2.7.7.1");
  nic().Start(kEvents);
  nic().ring(kTx).SetInterrupts(nic().bus(), false);
  WantInterruptAt(0);
  EXPECT_EQ(IsrAfterSending(), kIsrQueue);
}

TEST_P(PackedNotifications, PackedEventNeedsItsFeature) {
  FromVirtio("2.8.14");
  nic().Start(kEvents);
  nic().ring(kTx).SetInterrupts(nic().bus(), false);
  EXPECT_EQ(IsrAfterSending(), 0);
  nic().ring(kTx).SetInterrupts(nic().bus(), true);
  EXPECT_EQ(IsrAfterSending(), kIsrQueue);
  EXPECT_EQ(IsrAfterSending(), kIsrQueue) << "every one";
}

// Legacy drivers may ask for an interrupt that they otherwise suppress.
TEST_P(LegacyNotifications, EmptyRingInterruptsWhereALegacyDriverAskedForIt) {
  FromVirtio("6.3");
  FromQemu();
  nic().Start(Nic::kUsual | Features::Of(feature::kNotifyOnEmpty));
  nic().ring(kTx).SetInterrupts(nic().bus(), false);
  EXPECT_EQ(IsrAfterSending(), kIsrQueue);
  nic().Start();
  nic().ring(kTx).SetInterrupts(nic().bus(), false);
  EXPECT_EQ(IsrAfterSending(), 0);
}

}  // namespace
}  // namespace nicreplay::virtio
