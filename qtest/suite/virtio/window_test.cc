// SPDX-License-Identifier: MIT
// The window in configuration space through which a driver without memory access reaches registers.
#include "qtest/suite/virtio/conformance.h"

namespace nicreplay::virtio {
namespace {

class PciWindow : public Conformance {
 protected:
  // struct virtio_pci_cfg_cap (4.1.4.9).
  static constexpr int kBar = 4;
  static constexpr int kOffset = 8;
  static constexpr int kLength = 12;
  static constexpr int kData = 16;

  std::uint8_t At(int field) {
    return static_cast<std::uint8_t>(nic().FindVirtioCapability(cfg_type::kPci) + field);
  }
  void Aim(std::uint32_t offset, std::uint32_t size) {
    nic().SetConfig(At(kBar), 1, kModernBar);
    nic().SetConfig(At(kOffset), 4, offset);
    nic().SetConfig(At(kLength), 4, size);
  }
  std::uint32_t ReadThrough(std::uint32_t offset, std::uint8_t size) {
    Aim(offset, size);
    return nic().Config(At(kData), size);
  }
  void WriteThrough(std::uint32_t offset, std::uint8_t size, std::uint32_t value) {
    Aim(offset, size);
    nic().SetConfig(At(kData), size, value);
  }
};
NICREPLAY_VIRTIO_INSTANCES(PciWindow, kSplitDriver);

TEST_P(PciWindow, ItsFieldsAreWritable) {
  FromVirtio("4.1.4.9.1");
  Aim(0x1234, 2);
  EXPECT_EQ(nic().Config(At(kBar), 1), kModernBar);
  EXPECT_EQ(nic().Config(At(kOffset), 4), 0x1234u);
  EXPECT_EQ(nic().Config(At(kLength), 4), 2u);
}

TEST_P(PciWindow, ReadsRegistersOfAllSizes) {
  FromVirtio("4.1.4.9.1");
  nic().Start();
  EXPECT_EQ(ReadThrough(common::kDeviceStatus, 1), nic().Status());
  EXPECT_EQ(ReadThrough(common::kNumQueues, 2), 3u);
  EXPECT_EQ(ReadThrough(common::kQueueDesc, 4), nic().Common(common::kQueueDesc, 4));
}

TEST_P(PciWindow, ReadsTheConfigurationOfTheDevice) {
  FromVirtio("4.1.4.9.1");
  EXPECT_EQ(ReadThrough(kDeviceRegion, 4), 0x12005452u);
  EXPECT_EQ(ReadThrough(kDeviceRegion + 4, 2), 0x5634u);
}

TEST_P(PciWindow, WritesRegisters) {
  FromVirtio("4.1.4.9.1");
  WriteThrough(common::kQueueSelect, 2, 2);
  EXPECT_EQ(nic().Common(common::kQueueSelect, 2), 2u);
  WriteThrough(common::kDeviceFeatureSelect, 4, 0x12345678);
  EXPECT_EQ(nic().Common(common::kDeviceFeatureSelect, 4), 0x12345678u);
  WriteThrough(common::kDeviceStatus, 1, status::kAcknowledge);
  EXPECT_EQ(nic().Status(), status::kAcknowledge);
}

TEST_P(PciWindow, ReadingTheIsrThroughItClears) {
  FromVirtio("4.1.4.9.1, 4.1.4.5.1");
  nic().Start();
  nic().Send(MakeFrame(64));
  EXPECT_EQ(ReadThrough(kIsrRegion, 1), kIsrQueue);
  EXPECT_FALSE(nic().line_high());
  EXPECT_EQ(nic().ReadIsr(), 0);
}

TEST_P(PciWindow, NotifiesThroughIt) {
  FromVirtio("4.1.4.9.1, 4.1.5.2");
  nic().Start();
  nic().Poke(Nic::kOut, ByteVector(kHeader + 64));
  nic().Add(1, {{Nic::kOut, kHeader + 64, false}});
  nic().ring(1).Publish(nic().bus());
  WriteThrough(kNotifyRegion + kNotifyMultiplier, 2, 1);
  EXPECT_EQ(nic().Sent().size(), 1u);
}

TEST_P(PciWindow, LookingElsewhereIsNoAccess) {
  FromVirtio("4.1.4.9.1");
  nic().Start();
  nic().Send(MakeFrame(64));
  Aim(kIsrRegion, 1);
  nic().Config(At(kOffset), 4);
  nic().Config(At(kLength), 4);
  EXPECT_TRUE(nic().line_high());
  EXPECT_EQ(nic().ReadIsr(), kIsrQueue);
}

TEST_P(PciWindow, MisalignedOffsetsAreRoundedDown) {
  FromQemu();
  EXPECT_EQ(ReadThrough(kDeviceRegion + 1, 4), 0x12005452u);
  WriteThrough(common::kQueueSelect + 1, 2, 2);
  EXPECT_EQ(nic().Common(common::kQueueSelect, 2), 2u);
}

TEST_P(PciWindow, SizesThatAreNoneDoNothing) {
  FromVirtio("4.1.4.9.2");
  FromQemu();
  for (const std::uint32_t size : {0u, 3u, 5u, 8u, 0xffffffffu}) {
    Aim(common::kQueueSelect, size);
    nic().SetConfig(At(kData), 4, 1);
    EXPECT_EQ(nic().Common(common::kQueueSelect, 2), 0u) << size;
    EXPECT_EQ(nic().Config(At(kData), 4), 1u) << "it is storage";
  }
}

TEST_P(PciWindow, OffsetsOutsideDoNothing) {
  FromQemu();
  for (const std::uint32_t offset : {kModernBarSize, 0x7fffffffu, 0xfffffffcu}) {
    Aim(offset, 4);
    nic().SetConfig(At(kData), 4, 1);
    EXPECT_EQ(nic().Config(At(kData), 4), 1u) << offset;
    EXPECT_EQ(nic().Common(common::kDeviceFeatureSelect, 4), 0u) << offset;
  }
}

TEST_P(PciWindow, AnAccessAcrossTheDataCounts) {
  FromQemu();
  nic().Start();
  Aim(common::kNumQueues, 2);
  EXPECT_EQ(nic().Config(At(kData + 1), 1), 0u);
  EXPECT_EQ(nic().Config(At(kData), 1), 3u);
}

}  // namespace
}  // namespace nicreplay::virtio
