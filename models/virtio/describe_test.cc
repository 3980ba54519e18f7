// SPDX-License-Identifier: MIT
#include "models/virtio/describe.h"

#include "models/families.h"
#include "models/virtio/test_bench.h"

namespace nicreplay::virtio {
namespace {

class VirtioDescribeTest : public testing::Test {
 protected:
  void Write(std::uint32_t offset, std::uint64_t value) {
    describer_->OnWrite({kModernBar, 4, offset}, value);
  }
  void SetUpQueue(std::uint32_t number, GuestAddress base, bool packed) {
    Write(common::kDriverFeatureSelect, 1);
    Write(common::kDriverFeature, packed ? 4 : 1);
    Write(common::kQueueSelect, number);
    Write(common::kQueueSize, 16);
    Write(common::kQueueDesc, base);
    Write(common::kQueueDriver, base + 0x1000);
    Write(common::kQueueDevice, base + 0x2000);
    Write(common::kQueueEnable, 1);
  }
  std::string Name(GuestAddress address) const { return describer_->MemoryName(address); }

  std::unique_ptr<Describer> describer_ = FamilyDescriber("virtio-net")();
};

TEST_F(VirtioDescribeTest, RegistersHaveTheNamesOfTheSpecification) {
  const auto name = [&](std::uint8_t bar, std::uint32_t offset) {
    return describer_->RegisterName({bar, 4, offset});
  };
  EXPECT_EQ(name(kModernBar, common::kDeviceStatus), "device_status");
  EXPECT_EQ(name(kModernBar, 62), "common configuration + 62");
  EXPECT_EQ(name(kModernBar, kIsrRegion), "ISR status");
  EXPECT_EQ(name(kModernBar, kDeviceRegion + 6), "device configuration + 6");
  EXPECT_EQ(name(kModernBar, kNotifyRegion + 8), "notify queue 2");
  EXPECT_EQ(name(kMsixBar, 24), "MSI-X vector 1 data");
  EXPECT_EQ(name(kMsixBar, 2048), "MSI-X pending bits + 0");
  EXPECT_EQ(name(kLegacyBar, legacy::kQueueNotify), "queue_notify");
  EXPECT_EQ(name(kLegacyBar, 26), "legacy configuration + 6");
  EXPECT_EQ(name(3, 16), "BAR 3 + 0x10");
  EXPECT_EQ(describer_->RegisterFields({kModernBar, 1, common::kDeviceStatus}, 0x4f),
            "ACKNOWLEDGE DRIVER DRIVER_OK FEATURES_OK NEEDS_RESET");
  EXPECT_EQ(describer_->RegisterFields({kModernBar, 1, 0}, 0x4f), "");
}

TEST_F(VirtioDescribeTest, SplitRingsAreTakenApart) {
  SetUpQueue(1, 0x10000, false);
  EXPECT_EQ(Name(0x10028), "queue 1 (transmit) descriptor 2 len");
  EXPECT_EQ(Name(0x11000), "queue 1 (transmit) available ring flags");
  EXPECT_EQ(Name(0x11002), "queue 1 (transmit) available ring idx");
  EXPECT_EQ(Name(0x11006), "queue 1 (transmit) available ring entry 1");
  EXPECT_EQ(Name(0x11024), "queue 1 (transmit) used_event");
  EXPECT_EQ(Name(0x12004), "queue 1 (transmit) used ring entry 0");
  EXPECT_EQ(Name(0x12084), "queue 1 (transmit) avail_event");
  EXPECT_EQ(Name(0x13000), "");
  EXPECT_TRUE(describer_->IsCompletionMarker(0x12002));
  EXPECT_FALSE(describer_->IsCompletionMarker(0x12004));
  BenchHost host;
  host.Store(0, SplitDescriptor{0x1234, 60, descriptor::kNext | descriptor::kWrite, 5});
  EXPECT_EQ(describer_->DescribeMemory(0x10010, Bytes(host.memory).first(16)),
            "addr 0x1234 len 60 WRITE NEXT 5");
  for (const GuestAddress no_descriptor : {0x10008, 0x12000, 0x13000}) {
    EXPECT_EQ(describer_->DescribeMemory(no_descriptor, Bytes(host.memory).first(16)), "");
  }
  Write(common::kDeviceStatus, 0);
  EXPECT_EQ(Name(0x10028), "");
}

TEST_F(VirtioDescribeTest, PackedRingsAreTakenApart) {
  SetUpQueue(0, 0x10000, true);
  EXPECT_EQ(Name(0x1001c), "queue 0 (receive or control) descriptor 1 id, flags");
  EXPECT_EQ(Name(0x11000), "queue 0 (receive or control) driver event suppression desc");
  EXPECT_EQ(Name(0x12002), "queue 0 (receive or control) device event suppression flags");
  EXPECT_TRUE(describer_->IsCompletionMarker(0x1001e));
  EXPECT_FALSE(describer_->IsCompletionMarker(0x1001c));
  BenchHost host;
  host.Store(0, PackedDescriptor{0x1234, 60, 7, descriptor::kAvail | descriptor::kIndirect});
  EXPECT_EQ(describer_->DescribeMemory(0x10010, Bytes(host.memory).first(16)),
            "addr 0x1234 len 60 INDIRECT AVAIL id 7");
}

TEST_F(VirtioDescribeTest, LegacyRingsFollowFromOneAddress) {
  describer_->OnWrite({kLegacyBar, 2, legacy::kQueueSelect}, 1);
  describer_->OnWrite({kLegacyBar, 4, legacy::kQueueAddress}, 0x10);
  EXPECT_EQ(Name(0x11002), "queue 1 (transmit) available ring idx");
  EXPECT_EQ(Name(0x12002), "queue 1 (transmit) used ring idx");
  describer_->OnWrite({kLegacyBar, 4, legacy::kQueueAddress}, 0);
  EXPECT_EQ(Name(0x11002), "");
}

}  // namespace
}  // namespace nicreplay::virtio
