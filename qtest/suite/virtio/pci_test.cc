// SPDX-License-Identifier: MIT
// Configuration space, capabilities, base addresses, bus mastering and the interrupt pin.
#include "qtest/suite/virtio/conformance.h"

namespace nicreplay::virtio {
namespace {

NICREPLAY_VIRTIO(VirtioPci, kSplitDriver);

constexpr std::uint8_t kCommand = 0x04;
constexpr std::uint8_t kStatus = 0x06;
constexpr std::uint8_t kBar0 = 0x10;
constexpr std::uint8_t kMsixCapability = 0x11;
constexpr std::uint32_t kDecoding = 0x3;
constexpr std::uint32_t kEverythingOn = 0x7;
constexpr std::uint32_t kInterruptDisable = 0x400;
constexpr std::uint32_t kInterruptStatus = 0x8;
constexpr std::uint32_t kCapabilityList = 0x10;
constexpr std::uint32_t kAllOnes = 0xffffffff;

// struct virtio_pci_cap (4.1.4).
struct VirtioCapability {
  std::uint32_t length;
  std::uint32_t type;
  std::uint32_t bar;
  std::uint32_t offset;
  std::uint32_t size;
};

VirtioCapability ReadCapability(Nic& nic, std::uint8_t at) {
  const auto field = [&](int offset, std::uint8_t size) {
    return nic.Config(static_cast<std::uint8_t>(at + offset), size);
  };
  return {field(2, 1), field(3, 1), field(4, 1), field(8, 4), field(12, 4)};
}

// What a base address says of its size when all ones are written.
std::uint32_t SizeMask(Nic& nic, int bar) {
  const auto at = static_cast<std::uint8_t>(kBar0 + 4 * bar);
  nic.SetConfig(at, 4, kAllOnes);
  return nic.Config(at, 4);
}

TEST_P(VirtioPci, IdentifiersOfATransitionalDevice) {
  FromVirtio("4.1.2.1, 4.1.2.3");
  EXPECT_EQ(nic().Config(0x00, 4), 0x10001af4u);
  EXPECT_EQ(nic().Config(0x08, 1), 0u) << "revision";
  EXPECT_EQ(nic().Config(0x2c, 4), 0x00011af4u) << "the subsystem is the device type";
}

TEST_P(VirtioPci, IdentifiersOfAModernDevice) {
  FromVirtio("4.1.2.1, 5.1.1");
  Restart("disable-legacy=on");
  EXPECT_EQ(nic().Config(0x00, 4), 0x10411af4u);
  EXPECT_GE(nic().Config(0x08, 1), 1u) << "revision";
  EXPECT_GE(nic().Config(0x2e, 2), 0x40u) << "subsystem";
}

TEST_P(VirtioPci, IdentifiersOfALegacyDevice) {
  FromVirtio("4.1.2.3");
  Restart("disable-modern=on");
  EXPECT_EQ(nic().Config(0x00, 4), 0x10001af4u);
  EXPECT_EQ(nic().Config(0x08, 1), 0u) << "revision";
  EXPECT_EQ(nic().Config(0x2c, 4), 0x00011af4u);
}

TEST_P(VirtioPci, ClassAndPin) {
  FromPci("6.2.1, 6.2.4");
  FromQemu();
  EXPECT_EQ(nic().Config(0x08, 4) >> 8, 0x020000u) << "Ethernet";
  EXPECT_EQ(nic().Config(0x0e, 1), 0u) << "one function, ordinary header";
  EXPECT_EQ(nic().Config(0x3d, 1), 1u) << "INTA#";
}

TEST_P(VirtioPci, IdentifiersAreReadOnly) {
  FromPci("6.2.1");
  for (const std::uint8_t at : ByteVector{0x00, 0x08, 0x2c}) {
    const std::uint32_t before = nic().Config(at, 4);
    nic().SetConfig(at, 4, ~before);
    EXPECT_EQ(nic().Config(at, 4), before) << int{at};
  }
}

TEST_P(VirtioPci, EveryStructureIsThere) {
  FromVirtio("4.1.4.3 to 4.1.4.9");
  EXPECT_NE(nic().Config(kStatus, 2) & kCapabilityList, 0u);
  for (std::uint8_t type = cfg_type::kCommon; type <= cfg_type::kPci; ++type) {
    EXPECT_NE(nic().FindVirtioCapability(type), 0) << int{type};
  }
  EXPECT_NE(nic().FindCapability(kMsixCapability), 0);
}

TEST_P(VirtioPci, StructuresLieWhereADriverCanReachThem) {
  FromVirtio("4.1.4, 4.1.4.3.1, 4.1.4.4.1");
  for (std::uint8_t type = cfg_type::kCommon; type <= cfg_type::kDevice; ++type) {
    const VirtioCapability capability = ReadCapability(nic(), nic().FindVirtioCapability(type));
    EXPECT_EQ(capability.length, type == cfg_type::kNotify ? 20u : 16u) << int{type};
    EXPECT_LE(capability.bar, 5u) << int{type};
    EXPECT_EQ(capability.offset % 4, 0u) << int{type};
    EXPECT_GE(capability.size, type == cfg_type::kCommon ? 60u : 1u) << int{type};
  }
}

TEST_P(VirtioPci, StructuresLieWhereQemuPutsThem) {
  FromQemu();
  std::uint32_t offset = 0;
  for (const std::uint8_t type :
       ByteVector{cfg_type::kCommon, cfg_type::kIsr, cfg_type::kDevice, cfg_type::kNotify}) {
    const VirtioCapability capability = ReadCapability(nic(), nic().FindVirtioCapability(type));
    EXPECT_EQ(capability.bar, kModernBar) << int{type};
    EXPECT_EQ(capability.offset, offset) << int{type};
    EXPECT_EQ(capability.size, kRegionSize) << int{type};
    offset += kRegionSize;
  }
}

TEST_P(VirtioPci, CapabilitiesAreReadOnlyButForTheWindow) {
  FromVirtio("4.1.4");
  for (std::uint8_t type = cfg_type::kCommon; type <= cfg_type::kDevice; ++type) {
    const std::uint8_t at = nic().FindVirtioCapability(type);
    const VirtioCapability before = ReadCapability(nic(), at);
    for (int i = 0; i < 16; i += 4) {
      nic().SetConfig(static_cast<std::uint8_t>(at + i), 4, kAllOnes);
    }
    const VirtioCapability after = ReadCapability(nic(), at);
    EXPECT_EQ(after.bar, before.bar) << int{type};
    EXPECT_EQ(after.offset, before.offset) << int{type};
    EXPECT_EQ(after.size, before.size) << int{type};
  }
}

TEST_P(VirtioPci, NotifyMultiplierIsFour) {
  FromVirtio("4.1.4.4");
  FromQemu();
  const std::uint8_t at = nic().FindVirtioCapability(cfg_type::kNotify);
  EXPECT_EQ(nic().Config(static_cast<std::uint8_t>(at + 16), 4), kNotifyMultiplier);
}

TEST_P(VirtioPci, LegacyDeviceHasNoStructures) {
  FromVirtio("4.1.4.10");
  Restart("disable-modern=on");
  for (std::uint8_t type = cfg_type::kCommon; type <= cfg_type::kPci; ++type) {
    EXPECT_EQ(nic().FindVirtioCapability(type), 0) << int{type};
  }
  EXPECT_NE(nic().FindCapability(kMsixCapability), 0);
  EXPECT_EQ(SizeMask(nic(), kModernBar), 0u);
}

TEST_P(VirtioPci, BaseAddressesTellTheirSizes) {
  FromPci("6.2.5.1");
  FromQemu();
  nic().SetConfig(kCommand, 2, 0);
  EXPECT_EQ(SizeMask(nic(), kLegacyBar), ~31u | 0x1u) << "32 ports";
  EXPECT_EQ(SizeMask(nic(), kMsixBar), ~0xfffu);
  EXPECT_EQ(SizeMask(nic(), kModernBar), ~(kModernBarSize - 1) | 0xcu) << "64 bits, prefetchable";
  EXPECT_EQ(SizeMask(nic(), kModernBar + 1), kAllOnes);
  for (const int bar : {2, 3}) EXPECT_EQ(SizeMask(nic(), bar), 0u) << bar;
}

TEST_P(VirtioPci, ModernDeviceHasNoPorts) {
  FromVirtio("4.1.2.1");
  Restart("disable-legacy=on");
  EXPECT_EQ(SizeMask(nic(), kLegacyBar), 0u);
}

TEST_P(VirtioPci, PortsGrowWithTheConfiguration) {
  FromVirtio("4.1.4.10");
  FromQemu();
  nic().SetConfig(kCommand, 2, 0);
  Restart("rss=on");
  EXPECT_EQ(SizeMask(nic(), kLegacyBar), ~63u | 0x1u);
  Restart(
      "vectors=0,status=off,ctrl_vq=off,ctrl_rx=off,ctrl_vlan=off,ctrl_rx_extra=off,"
      "guest_announce=off,ctrl_mac_addr=off,ctrl_guest_offloads=off");
  EXPECT_EQ(SizeMask(nic(), kLegacyBar), ~31u | 0x1u);
}

TEST_P(VirtioPci, MsixCapability) {
  FromPci("6.8.2");
  FromQemu();
  const std::uint8_t at = nic().FindCapability(kMsixCapability);
  const auto field = [&](int offset, std::uint8_t size) {
    return nic().Config(static_cast<std::uint8_t>(at + offset), size);
  };
  EXPECT_EQ(field(2, 2), 3u) << "four vectors, off";
  EXPECT_EQ(field(4, 4), std::uint32_t{kMsixBar}) << "table";
  EXPECT_EQ(field(8, 4), 0x800u | kMsixBar) << "pending bits";
  nic().SetConfig(static_cast<std::uint8_t>(at + 2), 2, 0xffff);
  EXPECT_EQ(field(2, 2), 0xc003u) << "only enable and function mask are writable";
  nic().SetConfig(static_cast<std::uint8_t>(at + 4), 4, kAllOnes);
  EXPECT_EQ(field(4, 4), std::uint32_t{kMsixBar});
}

TEST_P(VirtioPci, NumberOfVectorsIsAnOption) {
  FromQemu();
  Restart("vectors=7");
  const std::uint8_t at = nic().FindCapability(kMsixCapability);
  EXPECT_EQ(nic().Config(static_cast<std::uint8_t>(at + 2), 2), 6u);
  Restart("vectors=0");
  EXPECT_EQ(nic().FindCapability(kMsixCapability), 0);
  EXPECT_EQ(SizeMask(nic(), kMsixBar), 0u);
}

TEST_P(VirtioPci, CommandKeepsWhatIsImplemented) {
  FromQemu();
  nic().SetConfig(kCommand, 2, 0xffff);
  EXPECT_EQ(nic().Config(kCommand, 2), 0x0507u);
  nic().SetConfig(kCommand, 2, 0);
  EXPECT_EQ(nic().Config(kCommand, 2), 0u);
}

TEST_P(VirtioPci, LineOfInterruptIsStorage) {
  FromPci("6.2.4");
  nic().SetConfig(0x3c, 1, 0x0b);
  EXPECT_EQ(nic().Config(0x3c, 1), 0x0bu);
  EXPECT_EQ(nic().Config(0x3c, 2), 0x010bu);
}

TEST_P(VirtioPci, InterruptDisableLowersTheLine) {
  FromPci("6.2.2, 6.2.3");
  nic().Start();
  nic().Send(MakeFrame(64));
  EXPECT_TRUE(nic().line_high());
  EXPECT_EQ(nic().Config(kStatus, 2) & kInterruptStatus, kInterruptStatus);
  nic().SetConfig(kCommand, 2, kEverythingOn | kInterruptDisable);
  EXPECT_FALSE(nic().line_high());
  EXPECT_EQ(nic().Config(kStatus, 2) & kInterruptStatus, kInterruptStatus);
  nic().SetConfig(kCommand, 2, kEverythingOn);
  EXPECT_TRUE(nic().line_high());
  nic().ReadIsr();
  EXPECT_FALSE(nic().line_high());
  EXPECT_EQ(nic().Config(kStatus, 2) & kInterruptStatus, 0u);
}

TEST_P(VirtioPci, InterruptThatRisesWhileDisabledWaits) {
  FromPci("6.2.2");
  nic().Start();
  nic().SetConfig(kCommand, 2, kEverythingOn | kInterruptDisable);
  nic().Send(MakeFrame(64));
  EXPECT_FALSE(nic().line_high());
  nic().SetConfig(kCommand, 2, kEverythingOn);
  EXPECT_TRUE(nic().line_high());
}

TEST_P(VirtioPci, WithoutMasteringTheDriverIsNotRunning) {
  FromQemu();
  nic().Start();
  nic().SetConfig(kCommand, 2, kDecoding);
  EXPECT_EQ(nic().Status(), status::kAcknowledge | status::kDriver | status::kFeaturesOk);
  nic().Send(MakeFrame(64));
  EXPECT_TRUE(nic().Sent().empty());
  EXPECT_FALSE(nic().IsUsed(Nic::kTransmitQueue, 0));
}

TEST_P(VirtioPci, MasteringComesBackWithTheDriver) {
  FromQemu();
  nic().Start();
  nic().SetConfig(kCommand, 2, kDecoding);
  nic().SetConfig(kCommand, 2, kEverythingOn);
  nic().driver().Start();
  const ByteVector frame = MakeFrame(64);
  nic().Send(frame);
  EXPECT_EQ(nic().Sent(), Frames{frame});
}

// Linux before 2.6.34 forgets to turn mastering on.
TEST_P(VirtioPci, LegacyDriverGetsMastering) {
  FromQemu();
  nic().SetConfig(kCommand, 2, kDecoding);
  nic().SetLegacy(legacy::kDeviceStatus, 1, status::kAcknowledge);
  EXPECT_EQ(nic().Config(kCommand, 2), kDecoding);
  nic().SetLegacy(legacy::kDeviceStatus, 1, status::kAcknowledge | status::kDriver);
  EXPECT_EQ(nic().Config(kCommand, 2), kEverythingOn);
}

TEST_P(VirtioPci, ModernDriverDoesNot) {
  FromPci("6.2.2");
  nic().SetConfig(kCommand, 2, kDecoding);
  nic().driver().SetStatus(status::kAcknowledge);
  nic().driver().SetStatus(status::kAcknowledge | status::kDriver);
  EXPECT_EQ(nic().Config(kCommand, 2), kDecoding);
}

TEST_P(VirtioPci, BusResetForgetsEverything) {
  FromPci("6.1");
  FromVirtio("2.4");
  nic().Start();
  nic().driver().EnableMsix(true);
  nic().driver().SetVector(0, Nic::kMessages, 0x4000, false);
  nic().ResetBus();
  EXPECT_EQ(nic().Status(), 0);
  const std::uint8_t at = nic().FindCapability(kMsixCapability);
  EXPECT_EQ(nic().Config(static_cast<std::uint8_t>(at + 2), 2), 3u);
  EXPECT_EQ(nic().ReadBar(kMsixBar, 0, 4), 0u);
  EXPECT_EQ(nic().ReadBar(kMsixBar, 12, 4), 1u) << "masked";
  nic().SelectQueue(0);
  EXPECT_EQ(nic().Common(common::kQueueEnable, 2), 0u);
  EXPECT_EQ(nic().Common(common::kQueueDesc, 4), 0u);
}

TEST_P(VirtioPci, DeviceWorksAgainAfterABusReset) {
  FromVirtio("2.4");
  nic().Start();
  nic().Send(MakeFrame(64));
  nic().Sent();
  nic().ResetBus();
  EXPECT_FALSE(nic().line_high());
  nic().Start();
  const ByteVector frame = MakeFrame(100);
  nic().Send(frame);
  EXPECT_EQ(nic().Sent(), Frames{frame});
  EXPECT_TRUE(nic().IsUsed(Nic::kTransmitQueue, 0));
}

}  // namespace
}  // namespace nicreplay::virtio
