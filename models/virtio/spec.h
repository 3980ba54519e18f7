// SPDX-License-Identifier: MIT
// Numbers and layouts of the virtio specification, version 1.2 ("Virtual I/O Device"), as far as a
// network device on PCI has them.  Sections are given as (2.7.5).  Little endian throughout; a
// legacy device is "native endian" (2.2.3), which on the machines of this harness is the same.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nicreplay::virtio {

// Device status field (2.1).
namespace status {
inline constexpr std::uint8_t kAcknowledge = 1;
inline constexpr std::uint8_t kDriver = 2;
inline constexpr std::uint8_t kDriverOk = 4;
inline constexpr std::uint8_t kFeaturesOk = 8;
inline constexpr std::uint8_t kNeedsReset = 64;
inline constexpr std::uint8_t kFailed = 128;
}  // namespace status

// Feature bits, by number: 0 to 23 and 50 to 127 are the device's (5.1.3), the others those of
// queues and transport (6).
namespace feature {
inline constexpr unsigned kCsum = 0;
inline constexpr unsigned kGuestCsum = 1;
inline constexpr unsigned kCtrlGuestOffloads = 2;
inline constexpr unsigned kMtu = 3;
inline constexpr unsigned kMac = 5;
inline constexpr unsigned kGso = 6;  // legacy (5.1.3.2)
inline constexpr unsigned kGuestTso4 = 7;
inline constexpr unsigned kGuestTso6 = 8;
inline constexpr unsigned kGuestEcn = 9;
inline constexpr unsigned kGuestUfo = 10;
inline constexpr unsigned kHostTso4 = 11;
inline constexpr unsigned kHostTso6 = 12;
inline constexpr unsigned kHostEcn = 13;
inline constexpr unsigned kHostUfo = 14;
inline constexpr unsigned kMrgRxbuf = 15;
inline constexpr unsigned kStatus = 16;
inline constexpr unsigned kCtrlVq = 17;
inline constexpr unsigned kCtrlRx = 18;
inline constexpr unsigned kCtrlVlan = 19;
inline constexpr unsigned kCtrlRxExtra = 20;  // not in the text; Linux and QEMU have it
inline constexpr unsigned kGuestAnnounce = 21;
inline constexpr unsigned kMq = 22;
inline constexpr unsigned kCtrlMacAddr = 23;
inline constexpr unsigned kNotifyOnEmpty = 24;  // legacy (6.3)
inline constexpr unsigned kAnyLayout = 27;      // legacy (6.3)
inline constexpr unsigned kIndirectDesc = 28;
inline constexpr unsigned kEventIdx = 29;
inline constexpr unsigned kUnused = 30;  // legacy (6.3): a driver that takes it is broken
inline constexpr unsigned kVersion1 = 32;
inline constexpr unsigned kRingPacked = 34;
inline constexpr unsigned kInOrder = 35;
inline constexpr unsigned kRingReset = 40;
inline constexpr unsigned kHashReport = 57;
inline constexpr unsigned kRss = 60;
inline constexpr unsigned kSpeedDuplex = 63;
}  // namespace feature

// A set of feature bits.
class Features {
 public:
  constexpr Features() = default;
  constexpr explicit Features(std::uint64_t bits) : bits_(bits) {}
  template <typename... Bits>
  static constexpr Features Of(Bits... bits) {
    return Features((std::uint64_t{0} | ... | (std::uint64_t{1} << bits)));
  }

  constexpr bool Has(unsigned bit) const { return (bits_ >> bit & 1) != 0; }
  constexpr std::uint64_t bits() const { return bits_; }
  constexpr Features operator|(Features other) const { return Features(bits_ | other.bits_); }
  constexpr Features operator&(Features other) const { return Features(bits_ & other.bits_); }
  constexpr Features Without(Features other) const { return Features(bits_ & ~other.bits_); }
  constexpr bool operator==(const Features&) const = default;

 private:
  std::uint64_t bits_ = 0;
};

// Those that only the legacy interface offers.
inline constexpr Features kLegacyOnly =
    Features::Of(feature::kGso, feature::kNotifyOnEmpty, feature::kAnyLayout, feature::kUnused);
// What an old driver that takes kUnused is taken to know (6.3): Linux 2.6.25's features.
inline constexpr Features kBrokenDriver = Features::Of(
    feature::kMac, feature::kCsum, feature::kHostTso4, feature::kHostTso6, feature::kHostEcn);

// Descriptors of split rings (2.7.5) and packed rings (2.8.13).
struct SplitDescriptor {
  std::uint64_t addr;
  std::uint32_t len;
  std::uint16_t flags;
  std::uint16_t next;
};
static_assert(sizeof(SplitDescriptor) == 16 && offsetof(SplitDescriptor, next) == 14);

struct PackedDescriptor {
  std::uint64_t addr;
  std::uint32_t len;
  std::uint16_t id;
  std::uint16_t flags;
};
static_assert(sizeof(PackedDescriptor) == 16 && offsetof(PackedDescriptor, flags) == 14);

inline constexpr std::size_t kDescriptorSize = 16;

namespace descriptor {
inline constexpr std::uint16_t kNext = 1;
inline constexpr std::uint16_t kWrite = 2;
inline constexpr std::uint16_t kIndirect = 4;
inline constexpr std::uint16_t kAvail = 1 << 7;  // packed
inline constexpr std::uint16_t kUsed = 1 << 15;  // packed
}  // namespace descriptor

// An element of the used ring (2.7.8).
struct UsedElement {
  std::uint32_t id;
  std::uint32_t len;
};
static_assert(sizeof(UsedElement) == 8);

// Offsets in the available and the used ring (2.7.6, 2.7.8).
inline constexpr std::size_t kRingFlags = 0;
inline constexpr std::size_t kRingIndex = 2;
inline constexpr std::size_t kRingEntries = 4;
inline constexpr std::uint16_t kAvailNoInterrupt = 1;
inline constexpr std::uint16_t kUsedNoNotify = 1;

// Event suppression structures of packed rings (2.8.14).
inline constexpr std::size_t kEventOffset = 0;
inline constexpr std::size_t kEventFlags = 2;
inline constexpr std::size_t kEventSize = 4;
inline constexpr std::uint16_t kEventEnable = 0;
inline constexpr std::uint16_t kEventDisable = 1;
inline constexpr std::uint16_t kEventDescriptor = 2;

// QEMU's limits; the specification allows 32768 descriptors and 65536 queues.
inline constexpr std::uint32_t kMaxQueueSize = 1024;
inline constexpr std::uint32_t kMaxQueues = 1024;
inline constexpr std::uint16_t kNoVector = 0xffff;

// Legacy queue layout: the used ring begins at the next multiple of this (4.1.5.1.4.1).
inline constexpr std::uint64_t kLegacyAlign = 4096;

// PCI (4.1).
inline constexpr std::uint16_t kVendorId = 0x1af4;
inline constexpr std::uint16_t kTransitionalNetId = 0x1000;
inline constexpr std::uint16_t kModernNetId = 0x1041;
inline constexpr std::uint16_t kNetDeviceType = 1;

namespace cfg_type {  // (4.1.4)
inline constexpr std::uint8_t kCommon = 1;
inline constexpr std::uint8_t kNotify = 2;
inline constexpr std::uint8_t kIsr = 3;
inline constexpr std::uint8_t kDevice = 4;
inline constexpr std::uint8_t kPci = 5;
}  // namespace cfg_type

// struct virtio_pci_common_cfg (4.1.4.3).
namespace common {
inline constexpr std::uint32_t kDeviceFeatureSelect = 0;
inline constexpr std::uint32_t kDeviceFeature = 4;
inline constexpr std::uint32_t kDriverFeatureSelect = 8;
inline constexpr std::uint32_t kDriverFeature = 12;
inline constexpr std::uint32_t kConfigMsixVector = 16;
inline constexpr std::uint32_t kNumQueues = 18;
inline constexpr std::uint32_t kDeviceStatus = 20;
inline constexpr std::uint32_t kConfigGeneration = 21;
inline constexpr std::uint32_t kQueueSelect = 22;
inline constexpr std::uint32_t kQueueSize = 24;
inline constexpr std::uint32_t kQueueMsixVector = 26;
inline constexpr std::uint32_t kQueueEnable = 28;
inline constexpr std::uint32_t kQueueNotifyOff = 30;
inline constexpr std::uint32_t kQueueDesc = 32;  // low and high half; so the next two
inline constexpr std::uint32_t kQueueDriver = 40;
inline constexpr std::uint32_t kQueueDevice = 48;
inline constexpr std::uint32_t kQueueNotifyData = 56;
inline constexpr std::uint32_t kQueueReset = 58;
}  // namespace common

// The legacy interface's registers in BAR 0 (4.1.4.10).
namespace legacy {
inline constexpr std::uint32_t kDeviceFeatures = 0;
inline constexpr std::uint32_t kDriverFeatures = 4;
inline constexpr std::uint32_t kQueueAddress = 8;
inline constexpr std::uint32_t kQueueSize = 12;
inline constexpr std::uint32_t kQueueSelect = 14;
inline constexpr std::uint32_t kQueueNotify = 16;
inline constexpr std::uint32_t kDeviceStatus = 18;
inline constexpr std::uint32_t kIsr = 19;
inline constexpr std::uint32_t kConfigMsixVector = 20;  // these two only while MSI-X is enabled
inline constexpr std::uint32_t kQueueMsixVector = 22;
inline constexpr std::uint32_t kConfig = 20;
inline constexpr std::uint32_t kConfigWithMsix = 24;
}  // namespace legacy

inline constexpr std::uint8_t kIsrQueue = 1;  // (4.1.4.5)
inline constexpr std::uint8_t kIsrConfig = 2;

// BARs as QEMU lays them out.
inline constexpr std::uint8_t kLegacyBar = 0;
inline constexpr std::uint8_t kMsixBar = 1;
inline constexpr std::uint8_t kModernBar = 4;
inline constexpr std::uint32_t kRegionSize = 0x1000;
inline constexpr std::uint32_t kCommonRegion = 0;
inline constexpr std::uint32_t kIsrRegion = 0x1000;
inline constexpr std::uint32_t kDeviceRegion = 0x2000;
inline constexpr std::uint32_t kNotifyRegion = 0x3000;
inline constexpr std::uint32_t kModernBarSize = 0x4000;
inline constexpr std::uint32_t kNotifyMultiplier = 4;

}  // namespace nicreplay::virtio
