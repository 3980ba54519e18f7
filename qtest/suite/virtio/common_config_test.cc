// SPDX-License-Identifier: MIT
// The common configuration structure: queues, and how its fields are reached.
#include "qtest/suite/virtio/conformance.h"

namespace nicreplay::virtio {
namespace {

NICREPLAY_VIRTIO(CommonConfig, kSplitDriver);

constexpr std::uint32_t kRx = 256;  // QEMU's sizes of queues
constexpr std::uint32_t kTx = 256;

TEST_P(CommonConfig, ThreeQueuesWithoutMultiqueue) {
  FromVirtio("5.1.2, 4.1.4.3.1");
  EXPECT_EQ(nic().Common(common::kNumQueues, 2), 3u);
}

TEST_P(CommonConfig, QueuesHaveTheirSizes) {
  FromVirtio("4.1.4.3.1");
  FromQemu();
  EXPECT_EQ(nic().QueueSize(0), kRx);
  EXPECT_EQ(nic().QueueSize(1), kTx);
  EXPECT_EQ(nic().QueueSize(2), kControlQueueSize);
  for (const std::uint16_t queue : Words{3, 4, 63, 1023}) {
    EXPECT_EQ(nic().QueueSize(queue), 0u) << queue;
  }
}

TEST_P(CommonConfig, SizeOfReceiveQueuesIsAnOption) {
  FromQemu();
  for (const std::uint16_t size : Words{512, 1024}) {
    Restart("rx_queue_size=" + std::to_string(size));
    EXPECT_EQ(nic().QueueSize(0), size);
    EXPECT_EQ(nic().QueueSize(1), kTx);
  }
}

TEST_P(CommonConfig, QueueSizeCanBeReduced) {
  FromVirtio("4.1.4.3");
  nic().SelectQueue(1);
  nic().SetCommon(common::kQueueSize, 2, 16);
  EXPECT_EQ(nic().Common(common::kQueueSize, 2), 16u);
  EXPECT_EQ(nic().QueueSize(0), kRx);
  nic().driver().SetStatus(0);
  EXPECT_EQ(nic().QueueSize(1), kTx) << "after a reset";
}

TEST_P(CommonConfig, ImpossibleQueueSizesAreIgnored) {
  FromQemu();
  nic().SelectQueue(1);
  for (const std::uint32_t size : {0u, kMaxQueueSize + 1, 0x8000u, 0xffffu}) {
    nic().SetCommon(common::kQueueSize, 2, size);
    EXPECT_EQ(nic().Common(common::kQueueSize, 2), kTx) << size;
  }
}

TEST_P(CommonConfig, QueueThatDoesNotExistGetsNoSize) {
  FromVirtio("4.1.4.3.1");
  nic().SelectQueue(3);
  nic().SetCommon(common::kQueueSize, 2, 16);
  EXPECT_EQ(nic().Common(common::kQueueSize, 2), 0u);
}

TEST_P(CommonConfig, SelectorOfQueuesReadsBack) {
  FromVirtio("4.1.4.3");
  for (const std::uint16_t queue : Words{2, 0, 1, 100}) {
    nic().SelectQueue(queue);
    EXPECT_EQ(nic().Common(common::kQueueSelect, 2), queue);
  }
}

TEST_P(CommonConfig, SelectorBeyondAllQueuesIsIgnored) {
  FromQemu();
  nic().SelectQueue(2);
  for (const std::uint32_t queue : {kMaxQueues, 0xffffu}) {
    nic().SetCommon(common::kQueueSelect, 2, queue);
    EXPECT_EQ(nic().Common(common::kQueueSelect, 2), 2u);
  }
}

TEST_P(CommonConfig, NotificationsAreAtTheNumberOfTheQueue) {
  FromVirtio("4.1.4.4");
  FromQemu();
  for (std::uint16_t queue = 0; queue < 3; ++queue) {
    nic().SelectQueue(queue);
    EXPECT_EQ(nic().Common(common::kQueueNotifyOff, 2), queue);
  }
}

TEST_P(CommonConfig, AddressesOfQueuesReadBack) {
  FromVirtio("4.1.4.3");
  for (std::uint16_t queue = 0; queue < 3; ++queue) {
    nic().SelectQueue(queue);
    for (std::uint32_t at = common::kQueueDesc; at < common::kQueueNotifyData; at += 4) {
      nic().SetCommon(at, 4, 0x01010101 * at + queue);
    }
  }
  for (std::uint16_t queue = 0; queue < 3; ++queue) {
    nic().SelectQueue(queue);
    for (std::uint32_t at = common::kQueueDesc; at < common::kQueueNotifyData; at += 4) {
      EXPECT_EQ(nic().Common(at, 4), 0x01010101 * at + queue) << queue << ' ' << at;
    }
  }
}

TEST_P(CommonConfig, RegistersOfMissingQueues) {
  FromVirtio("4.1.4.3.1");
  FromQemu();
  nic().SelectQueue(5);
  nic().SetCommon(common::kQueueDesc, 4, 0x1000);
  const std::uint32_t kept = Expected(Deviation::kMissingQueueKeeps);
  EXPECT_EQ(nic().Common(common::kQueueDesc, 4), 0x1000 * kept);
}

TEST_P(CommonConfig, QueuesAreEnabledOneByOne) {
  FromVirtio("4.1.4.3, 4.1.5.1.3");
  nic().SelectQueue(1);
  EXPECT_EQ(nic().Common(common::kQueueEnable, 2), 0u);
  nic().SetCommon(common::kQueueDesc, 4, Nic::kRings);
  nic().SetCommon(common::kQueueEnable, 2, 1);
  EXPECT_EQ(nic().Common(common::kQueueEnable, 2), 1u);
  nic().SelectQueue(0);
  EXPECT_EQ(nic().Common(common::kQueueEnable, 2), 0u);
}

TEST_P(CommonConfig, DisablingAQueueBreaksTheDevice) {
  FromVirtio("4.1.4.3.2");
  FromQemu();
  nic().Start();
  nic().SelectQueue(1);
  nic().SetCommon(common::kQueueEnable, 2, 0);
  EXPECT_TRUE(nic().NeedsReset());
  nic().Start();
  EXPECT_FALSE(nic().NeedsReset());
  nic().SetCommon(common::kQueueEnable, 2, 2);
  EXPECT_TRUE(nic().NeedsReset());
}

TEST_P(CommonConfig, RingIsWhereItWasWhenItWasEnabled) {
  FromVirtio("4.1.4.3.2");
  FromQemu();
  nic().Start();
  nic().SelectQueue(1);
  nic().SetCommon(common::kQueueDesc, 4, Nic::kScratch);
  const ByteVector frame = MakeFrame(64);
  nic().Send(frame);
  EXPECT_EQ(nic().Sent(), Frames{frame});
  EXPECT_EQ(nic().Common(common::kQueueDesc, 4), Nic::kScratch);
}

TEST_P(CommonConfig, QueueResetBringsAQueueBack) {
  FromVirtio("2.6.1, 4.1.4.3.1");
  nic().SetRingSize(1, 16);
  nic().Start(Nic::kUsual | Features::Of(feature::kRingReset));
  nic().SelectQueue(1);
  EXPECT_EQ(nic().Common(common::kQueueSize, 2), 16u);
  nic().SetCommon(common::kQueueReset, 2, 1);
  EXPECT_EQ(nic().Common(common::kQueueReset, 2), 0u) << "done";
  EXPECT_EQ(nic().Common(common::kQueueEnable, 2), 0u);
  EXPECT_EQ(nic().Common(common::kQueueSize, 2), kTx);
  nic().Send(MakeFrame(64));
  EXPECT_TRUE(nic().Sent().empty());
  nic().SelectQueue(0);
  EXPECT_EQ(nic().Common(common::kQueueEnable, 2), 1u) << "the others go on";
}

TEST_P(CommonConfig, QueueWorksAgainAfterItsReset) {
  FromVirtio("2.6.1");
  nic().Start(Nic::kUsual | Features::Of(feature::kRingReset));
  for (int i = 0; i < 3; ++i) nic().Send(MakeFrame(64));
  nic().Sent();
  nic().SelectQueue(1);
  nic().SetCommon(common::kQueueReset, 2, 1);
  nic().ring(1).Clear(nic().bus());
  nic().driver().SetUpQueue(1, nic().ring(1), 1);
  const ByteVector frame = MakeFrame(100);
  nic().Send(frame);
  EXPECT_EQ(nic().Sent(), Frames{frame});
  EXPECT_EQ(nic().UsedCount(Nic::kTransmitQueue), 1);
}

TEST_P(CommonConfig, FieldsHaveNoMiddle) {
  FromVirtio("4.1.3.1");
  FromQemu();
  nic().SelectQueue(0);
  nic().SetCommon(common::kQueueDesc, 4, 0x11223344);
  EXPECT_EQ(nic().Common(common::kQueueDesc + 2, 2), 0u);
  EXPECT_EQ(nic().Common(common::kQueueDesc, 2), 0x3344u);
  EXPECT_EQ(nic().Common(common::kQueueDesc, 1), 0x44u);
  EXPECT_EQ(nic().Common(64, 4), 0u) << "behind the structure";
}

TEST_P(CommonConfig, AddressesCanBeWrittenInOne) {
  FromQemu();
  nic().SelectQueue(1);
  nic().WriteBar(kModernBar, common::kQueueDesc, 8, 0x1122334455667788);
  EXPECT_EQ(nic().Common(common::kQueueDesc, 4), 0x55667788u);
  EXPECT_EQ(nic().Common(common::kQueueDesc + 4, 4), 0x11223344u);
  EXPECT_EQ(nic().ReadBar(kModernBar, common::kQueueDesc, 8), 0x1122334455667788u);
}

TEST_P(CommonConfig, NotificationsReadZero) {
  FromQemu();
  for (std::uint32_t queue = 0; queue < 4; ++queue) {
    EXPECT_EQ(nic().ReadBar(kModernBar, kNotifyRegion + kNotifyMultiplier * queue, 4), 0u);
  }
}

TEST_P(CommonConfig, ValueOfANotificationDoesNotMatter) {
  FromVirtio("4.1.5.2");
  FromQemu();
  nic().Start();
  nic().Poke(Nic::kOut, ByteVector(kHeader + 64));
  nic().Add(1, {{Nic::kOut, kHeader + 64, false}});
  nic().ring(1).Publish(nic().bus());
  nic().WriteBar(kModernBar, kNotifyRegion + kNotifyMultiplier, 4, 0xdeadbeef);
  EXPECT_EQ(nic().Sent().size(), 1u);
}

TEST_P(CommonConfig, NotificationsOfMissingQueuesDoNothing) {
  FromVirtio("2.1.2");
  nic().Start();
  for (const std::uint32_t queue : {3u, 100u, 1023u}) {
    nic().WriteBar(kModernBar, kNotifyRegion + kNotifyMultiplier * queue, 2, queue);
  }
  EXPECT_FALSE(nic().NeedsReset());
  const ByteVector frame = MakeFrame(64);
  nic().Send(frame);
  EXPECT_EQ(nic().Sent(), Frames{frame});
}

TEST_P(CommonConfig, NoVectorAtFirst) {
  FromVirtio("4.1.4.3.1, 4.1.5.1.2");
  EXPECT_EQ(nic().Common(common::kConfigMsixVector, 2), kNoVector);
  for (std::uint16_t queue = 0; queue < 3; ++queue) {
    nic().SelectQueue(queue);
    EXPECT_EQ(nic().Common(common::kQueueMsixVector, 2), kNoVector) << queue;
  }
}

TEST_P(CommonConfig, GenerationStandsWhileNothingChanges) {
  FromVirtio("4.1.4.3.1");
  nic().Start();
  const std::uint32_t before = nic().Common(common::kConfigGeneration, 1);
  nic().Send(MakeFrame(64));
  nic().ReadIsr();
  EXPECT_EQ(nic().Common(common::kConfigGeneration, 1), before);
}

TEST_P(CommonConfig, GenerationCountsChanges) {
  FromVirtio("4.1.4.3.1");
  nic().Start();
  const std::uint32_t before = nic().Common(common::kConfigGeneration, 1);
  nic().SetLink(LinkState::kDown);
  const std::uint32_t after = nic().Common(common::kConfigGeneration, 1);
  EXPECT_NE(after, before);
  nic().SetLink(LinkState::kUp);
  EXPECT_NE(nic().Common(common::kConfigGeneration, 1), after);
}

}  // namespace
}  // namespace nicreplay::virtio
