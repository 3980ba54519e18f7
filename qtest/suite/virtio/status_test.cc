// SPDX-License-Identifier: MIT
// The device status field, and resets through it.
#include "qtest/suite/virtio/conformance.h"

namespace nicreplay::virtio {
namespace {

NICREPLAY_VIRTIO(DeviceStatus, kSplitDriver);

// What the device accepted, as the legacy interface of a transitional device shows it.
Features Accepted(Nic& nic) { return Features(nic.Legacy(legacy::kDriverFeatures, 4)); }

TEST_P(DeviceStatus, StatusStartsAtZero) {
  FromVirtio("2.1, 4.1.4.3.1");
  EXPECT_EQ(nic().Common(common::kDeviceStatus, 1), 0u);
}

TEST_P(DeviceStatus, StatusReadsBackStepByStep) {
  FromVirtio("2.1, 3.1.1");
  std::uint8_t now = 0;
  for (const std::uint8_t bit :
       ByteVector{status::kAcknowledge, status::kDriver, status::kFeaturesOk, status::kDriverOk,
                  status::kFailed}) {
    now |= bit;
    nic().driver().SetStatus(now);
    EXPECT_EQ(nic().Status(), now);
  }
}

TEST_P(DeviceStatus, WritingZeroResets) {
  FromVirtio("2.4.1, 4.1.4.3.1");
  nic().Start();
  nic().SelectQueue(1);
  nic().driver().SetStatus(0);
  EXPECT_EQ(nic().Status(), 0);
  EXPECT_EQ(nic().Common(common::kQueueEnable, 2), 0u);
  for (std::uint16_t queue = 0; queue < 3; ++queue) {
    nic().SelectQueue(queue);
    EXPECT_EQ(nic().Common(common::kQueueEnable, 2), 0u) << queue;
    EXPECT_EQ(nic().Common(common::kQueueDesc, 4), 0u) << queue;
    EXPECT_EQ(nic().Common(common::kQueueMsixVector, 2), kNoVector) << queue;
  }
  EXPECT_EQ(Accepted(nic()), Features());
}

TEST_P(DeviceStatus, ResetForgetsTheSelectedQueue) {
  FromQemu();
  nic().SelectQueue(2);
  nic().driver().SetStatus(0);
  EXPECT_EQ(nic().Common(common::kQueueSelect, 2), 0u);
}

TEST_P(DeviceStatus, ResetTakesTheInterruptBack) {
  FromVirtio("2.4.1");
  nic().Start();
  nic().Send(MakeFrame(64));
  EXPECT_TRUE(nic().line_high());
  nic().driver().SetStatus(0);
  EXPECT_FALSE(nic().line_high());
  EXPECT_EQ(nic().ReadIsr(), 0);
}

TEST_P(DeviceStatus, NothingIsWorkedAfterAReset) {
  FromVirtio("2.4.1");
  nic().Start();
  nic().GiveReceive(0, 2000);
  nic().driver().SetStatus(0);
  nic().Send(MakeFrame(64));
  nic().Receive(MakeFrame(64));
  EXPECT_TRUE(nic().Sent().empty());
  EXPECT_EQ(nic().UsedCount(Nic::kTransmitQueue), 0);
  EXPECT_EQ(nic().UsedCount(Nic::kReceiveQueue), 0);
}

TEST_P(DeviceStatus, ResetBringsRingsBackToTheirBeginning) {
  FromVirtio("2.4.1");
  FromBug("reset with work pending");
  nic().Start();
  for (int i = 0; i < 3; ++i) nic().Send(MakeFrame(64));
  nic().Sent();
  nic().Start();
  const ByteVector frame = MakeFrame(80);
  nic().Send(frame);
  EXPECT_EQ(nic().Sent(), Frames{frame});
  EXPECT_EQ(nic().UsedCount(Nic::kTransmitQueue), 1);
}

}  // namespace
}  // namespace nicreplay::virtio
