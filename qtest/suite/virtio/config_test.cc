// SPDX-License-Identifier: MIT
// The device's own configuration.
#include "qtest/suite/virtio/conformance.h"

namespace nicreplay::virtio {
namespace {

NICREPLAY_VIRTIO(VirtioConfig, kLegacyDriver, kSplitDriver);
NICREPLAY_VIRTIO(ModernConfig, kSplitDriver);
NICREPLAY_VIRTIO(LegacyConfig, kLegacyDriver);

constexpr std::uint32_t kStatusAt = 6;
constexpr std::uint32_t kPairsAt = 8;
constexpr std::uint32_t kMtuAt = 10;
constexpr std::uint32_t kSpeedAt = 12;
constexpr std::uint32_t kDuplexAt = 16;
constexpr std::uint32_t kRssAt = 16;
constexpr std::uint32_t kHashTypesAt = 20;

TEST_P(VirtioConfig, StationAddress) {
  FromVirtio("5.1.4");
  EXPECT_EQ(nic().DeviceConfig(0, 4), 0x12005452u);
  EXPECT_EQ(nic().DeviceConfig(4, 2), 0x5634u);
  for (std::uint8_t i = 0; i < 6; ++i) EXPECT_EQ(nic().DeviceConfig(i, 1), kStation[i]) << int{i};
}

TEST_P(VirtioConfig, StationAddressIsAnOption) {
  FromQemu();
  Restart("mac=02:11:22:33:44:55");
  EXPECT_EQ(nic().DeviceConfig(0, 4), 0x33221102u);
  EXPECT_EQ(nic().DeviceConfig(4, 2), 0x5544u);
}

TEST_P(VirtioConfig, LinkIsUpAtFirst) {
  FromVirtio("5.1.4");
  FromQemu();
  EXPECT_EQ(nic().DeviceConfig(kStatusAt, 2), net_status::kLinkUp);
}

TEST_P(VirtioConfig, OnePairOfQueues) {
  FromVirtio("5.1.4, 5.1.4.1");
  Restart("mq=on");
  EXPECT_EQ(nic().DeviceConfig(kPairsAt, 2), 1u);
}

TEST_P(VirtioConfig, MtuIsAnOption) {
  FromVirtio("5.1.4.1");
  for (const std::uint16_t mtu : Words{68, 1500, 9000, 65535}) {
    Restart("host_mtu=" + std::to_string(mtu));
    EXPECT_EQ(nic().DeviceConfig(kMtuAt, 2), mtu);
  }
}

TEST_P(VirtioConfig, SpeedAndDuplexAreOptions) {
  FromVirtio("5.1.4");
  Restart("speed=1000,duplex=full");
  EXPECT_EQ(nic().DeviceConfig(kSpeedAt, 4), 1000u);
  EXPECT_EQ(nic().DeviceConfig(kDuplexAt, 1), 1u);
  Restart("duplex=half");
  EXPECT_EQ(nic().DeviceConfig(kSpeedAt, 4), 0xffffffffu) << "unknown";
  EXPECT_EQ(nic().DeviceConfig(kDuplexAt, 1), 0u);
  Restart("speed=10");
  EXPECT_EQ(nic().DeviceConfig(kDuplexAt, 1), 0xffu) << "unknown";
}

TEST_P(VirtioConfig, LimitsOfRss) {
  FromVirtio("5.1.4.1");
  FromQemu();
  Restart("mq=on,rss=on");
  EXPECT_EQ(nic().DeviceConfig(kRssAt, 4), 0x008028ffu) << "key of 40 bytes, table of 128";
  EXPECT_EQ(nic().DeviceConfig(kHashTypesAt, 4), hash_type::kAll);
}

TEST_P(VirtioConfig, EndsWithTheLastFieldThatIsOffered) {
  FromVirtio("5.1.4");
  FromQemu();
  EXPECT_EQ(nic().DeviceConfig(kStatusAt, 2), net_status::kLinkUp);
  EXPECT_EQ(nic().DeviceConfig(kPairsAt, 1), 0xffu);
  EXPECT_EQ(nic().DeviceConfig(kPairsAt, 4), 0xffffffffu);
  Restart("status=off");
  EXPECT_EQ(nic().DeviceConfig(5, 1), 0x56u);
  EXPECT_EQ(nic().DeviceConfig(kStatusAt, 1), 0xffu);
}

TEST_P(VirtioConfig, AccessAcrossTheEndReadsOnes) {
  FromQemu();
  Restart("mq=on");
  EXPECT_EQ(nic().DeviceConfig(kPairsAt, 2), 1u);
  EXPECT_EQ(nic().DeviceConfig(kPairsAt, 4), 0xffffffffu);
}

TEST_P(VirtioConfig, StatusAndLimitsAreReadOnly) {
  FromVirtio("5.1.4");
  Restart("mq=on,host_mtu=1500");
  nic().Start();
  nic().SetDeviceConfig(kStatusAt, 2, 0);
  nic().SetDeviceConfig(kPairsAt, 2, 5);
  nic().SetDeviceConfig(kMtuAt, 2, 5);
  EXPECT_EQ(nic().DeviceConfig(kStatusAt, 2), net_status::kLinkUp);
  EXPECT_EQ(nic().DeviceConfig(kPairsAt, 2), 1u);
  EXPECT_EQ(nic().DeviceConfig(kMtuAt, 2), 1500u);
}

TEST_P(ModernConfig, ModernDriversCannotWriteTheAddress) {
  FromVirtio("5.1.4.2");
  nic().Start();
  nic().SetDeviceConfig(5, 1, 0x99);
  EXPECT_EQ(nic().DeviceConfig(5, 1), 0x56u);
}

TEST_P(LegacyConfig, LegacyDriversWriteTheAddress) {
  FromVirtio("5.1.4.2.1");
  nic().Start();
  // All of it is read first: what QEMU lays it over.
  for (std::uint32_t i = 0; i < 6; ++i) nic().DeviceConfig(i, 1);
  nic().SetDeviceConfig(5, 1, 0x99);
  EXPECT_EQ(nic().DeviceConfig(5, 1), 0x99u);
  EXPECT_EQ(nic().DeviceConfig(0, 4), 0x12005452u);
}

TEST_P(VirtioConfig, LegacyDriversWithACommandForItDoNot) {
  FromVirtio("5.1.4.2");
  FromQemu();
  nic().Start(Nic::kUsual | Features::Of(feature::kCtrlMacAddr));
  nic().SetDeviceConfig(5, 1, 0x99);
  EXPECT_EQ(nic().DeviceConfig(5, 1), 0x56u);
}

TEST_P(VirtioConfig, ResetBringsTheAddressBack) {
  FromVirtio("2.4.1");
  FromQemu();
  nic().Start(Nic::kUsual | Features::Of(feature::kCtrlMacAddr));
  nic().Command(control::kMac, control::kMacAddrSet, {2, 0, 0, 0, 0, 1});
  EXPECT_EQ(nic().DeviceConfig(0, 1), 2u);
  nic().driver().SetStatus(0);
  EXPECT_EQ(nic().DeviceConfig(0, 4), 0x12005452u);
}

}  // namespace
}  // namespace nicreplay::virtio
