// SPDX-License-Identifier: MIT
// The legacy interface's registers.
#include "qtest/suite/virtio/conformance.h"

namespace nicreplay::virtio {
namespace {

NICREPLAY_VIRTIO(LegacyInterface, kLegacyDriver);

TEST_P(LegacyInterface, RegistersOfQueues) {
  FromVirtio("4.1.4.10, 4.1.5.1.4.1");
  for (const auto& [queue, size] :
       {std::pair{0, 256u}, std::pair{1, 256u}, std::pair{2, 64u}, std::pair{3, 0u}}) {
    nic().SetLegacy(legacy::kQueueSelect, 2, static_cast<std::uint32_t>(queue));
    EXPECT_EQ(nic().Legacy(legacy::kQueueSelect, 2), static_cast<std::uint32_t>(queue));
    EXPECT_EQ(nic().Legacy(legacy::kQueueSize, 2), size) << queue;
    EXPECT_EQ(nic().Legacy(legacy::kQueueAddress, 4), 0u) << queue;
  }
}

TEST_P(LegacyInterface, AddressIsAPageNumber) {
  FromVirtio("4.1.5.1.4.1");
  nic().SetLegacy(legacy::kQueueSelect, 2, 1);
  nic().SetLegacy(legacy::kQueueAddress, 4, 0x123);
  EXPECT_EQ(nic().Legacy(legacy::kQueueAddress, 4), 0x123u);
  nic().SetLegacy(legacy::kQueueSelect, 2, 0);
  EXPECT_EQ(nic().Legacy(legacy::kQueueAddress, 4), 0u);
}

TEST_P(LegacyInterface, SizeIsReadOnly) {
  FromVirtio("4.1.5.1.4.1");
  nic().SetLegacy(legacy::kQueueSelect, 2, 1);
  nic().SetLegacy(legacy::kQueueSize, 2, 16);
  EXPECT_EQ(nic().Legacy(legacy::kQueueSize, 2), 256u);
}

TEST_P(LegacyInterface, NotificationRegisterIsWriteOnly) {
  FromQemu();
  EXPECT_EQ(nic().Legacy(legacy::kQueueNotify, 2), 0xffffu);
}

TEST_P(LegacyInterface, AddressZeroResets) {
  FromQemu();
  nic().Start();
  EXPECT_EQ(nic().Status(), status::kAcknowledge | status::kDriver | status::kDriverOk);
  nic().SetLegacy(legacy::kQueueAddress, 4, 0);
  EXPECT_EQ(nic().Status(), 0);
  nic().SetLegacy(legacy::kQueueSelect, 2, 1);
  EXPECT_EQ(nic().Legacy(legacy::kQueueAddress, 4), 0u);
}

TEST_P(LegacyInterface, FeaturesReadBack) {
  FromVirtio("4.1.4.10, 2.2.3");
  const std::uint32_t wanted =
      static_cast<std::uint32_t>(Features::Of(feature::kMac, feature::kMrgRxbuf).bits());
  nic().SetLegacy(legacy::kDriverFeatures, 4, wanted);
  EXPECT_EQ(nic().Legacy(legacy::kDriverFeatures, 4), wanted);
}

TEST_P(LegacyInterface, OfferedFeaturesAreReadOnly) {
  FromVirtio("4.1.4.10");
  const std::uint32_t offered = nic().Legacy(legacy::kDeviceFeatures, 4);
  nic().SetLegacy(legacy::kDeviceFeatures, 4, 0);
  EXPECT_EQ(nic().Legacy(legacy::kDeviceFeatures, 4), offered);
}

TEST_P(LegacyInterface, DriverThatTakesTheUnusedBitGetsLittle) {
  FromVirtio("6.3");
  FromQemu();
  nic().SetLegacy(legacy::kDriverFeatures, 4, 0xffffffff);
  EXPECT_EQ(nic().Legacy(legacy::kDriverFeatures, 4), Features::Of(feature::kMac).bits());
}

TEST_P(LegacyInterface, ConfigurationMovesWithMsix) {
  FromVirtio("4.1.4.10");
  EXPECT_EQ(nic().Legacy(legacy::kConfig, 4), 0x12005452u);
  nic().driver().EnableMsix(true);
  EXPECT_EQ(nic().Legacy(legacy::kConfigMsixVector, 2), kNoVector);
  EXPECT_EQ(nic().Legacy(legacy::kConfigWithMsix, 4), 0x12005452u);
  nic().driver().EnableMsix(false);
  EXPECT_EQ(nic().Legacy(legacy::kConfig, 4), 0x12005452u);
}

TEST_P(LegacyInterface, AddressOfTheStationWithMsix) {
  FromVirtio("4.1.4.10, 5.1.4.2.1");
  nic().driver().EnableMsix(true);
  nic().Start();
  nic().Legacy(legacy::kConfigWithMsix, 4);
  nic().Legacy(legacy::kConfigWithMsix + 4, 2);
  nic().SetLegacy(legacy::kConfigWithMsix + 5, 1, 0x99);
  EXPECT_EQ(nic().Legacy(legacy::kConfigWithMsix + 5, 1), 0x99u);
}

TEST_P(LegacyInterface, LegacyDeviceWorks) {
  FromVirtio("4.1.4.10");
  Restart("disable-modern=on");
  nic().Start();
  const ByteVector frame = MakeFrame(64);
  nic().Send(frame);
  EXPECT_EQ(nic().Sent(), Frames{frame});
  nic().GiveReceive(0, 2000);
  nic().Receive(frame);
  EXPECT_EQ(nic().UsedCount(Nic::kReceiveQueue), 1);
}

TEST_P(LegacyInterface, BrokenRingsAreNotReported) {
  FromQemu();
  FromBug("a disabled device goes on working its queues");
  nic().Start();
  nic().Poke(Nic::kOut, ByteVector(64));
  nic().Give(1, {{Nic::kOut, 64, false}, {Nic::kOut, 0, false}});
  EXPECT_FALSE(nic().NeedsReset());
  EXPECT_EQ(nic().ReadIsr(), 0);
  nic().Send(MakeFrame(64));
  EXPECT_TRUE(nic().Sent().empty()) << "but the device keeps quiet";
  nic().Start();
  nic().Send(MakeFrame(64));
  EXPECT_EQ(nic().Sent().size(), 1u);
}

TEST_P(LegacyInterface, DriverNeedNotSayThatFeaturesAreOk) {
  FromVirtio("3.1.2");
  nic().Start();
  EXPECT_EQ(nic().Status() & status::kFeaturesOk, 0);
  nic().Send(MakeFrame(64));
  EXPECT_EQ(nic().Sent().size(), 1u);
}

TEST_P(LegacyInterface, ModernRegistersShowTheSameQueues) {
  FromVirtio("4.1.4.10");
  FromQemu();
  nic().Start();
  nic().SetCommon(common::kQueueSelect, 2, 1);
  EXPECT_EQ(nic().Legacy(legacy::kQueueSelect, 2), 1u);
  EXPECT_EQ(nic().Legacy(legacy::kQueueAddress, 4), nic().ring(1).descriptors() / kLegacyAlign);
  EXPECT_EQ(nic().Common(common::kDeviceStatus, 1), nic().Status());
}

}  // namespace
}  // namespace nicreplay::virtio
