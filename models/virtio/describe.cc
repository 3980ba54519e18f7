// SPDX-License-Identifier: MIT
#include "models/virtio/describe.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <map>

#include "models/virtio/net_spec.h"
#include "models/virtio/spec.h"

namespace nicreplay {
namespace virtio {
namespace {

constexpr std::size_t kMaxDescribed = 4;    // descriptors of one DMA
constexpr std::uint32_t kLegacySize = 256;  // a legacy driver does not write the size
constexpr std::uint32_t kMsixEntry = 16;

struct Register {
  std::uint32_t offset;
  const char* name;
};

constexpr Register kCommonRegisters[] = {
    {common::kDeviceFeatureSelect, "device_feature_select"},
    {common::kDeviceFeature, "device_feature"},
    {common::kDriverFeatureSelect, "driver_feature_select"},
    {common::kDriverFeature, "driver_feature"},
    {common::kConfigMsixVector, "config_msix_vector"},
    {common::kNumQueues, "num_queues"},
    {common::kDeviceStatus, "device_status"},
    {common::kConfigGeneration, "config_generation"},
    {common::kQueueSelect, "queue_select"},
    {common::kQueueSize, "queue_size"},
    {common::kQueueMsixVector, "queue_msix_vector"},
    {common::kQueueEnable, "queue_enable"},
    {common::kQueueNotifyOff, "queue_notify_off"},
    {common::kQueueDesc, "queue_desc"},
    {common::kQueueDesc + 4, "queue_desc (high)"},
    {common::kQueueDriver, "queue_driver"},
    {common::kQueueDriver + 4, "queue_driver (high)"},
    {common::kQueueDevice, "queue_device"},
    {common::kQueueDevice + 4, "queue_device (high)"},
    {common::kQueueNotifyData, "queue_notify_data"},
    {common::kQueueReset, "queue_reset"},
};

constexpr Register kLegacyRegisters[] = {
    {legacy::kDeviceFeatures, "device_features"}, {legacy::kDriverFeatures, "driver_features"},
    {legacy::kQueueAddress, "queue_address"},     {legacy::kQueueSize, "queue_size"},
    {legacy::kQueueSelect, "queue_select"},       {legacy::kQueueNotify, "queue_notify"},
    {legacy::kDeviceStatus, "device_status"},     {legacy::kIsr, "ISR status"},
};

struct Bit {
  std::uint8_t bit;
  const char* name;
};
constexpr Bit kStatusBits[] = {
    {status::kAcknowledge, "ACKNOWLEDGE"}, {status::kDriver, "DRIVER"},
    {status::kDriverOk, "DRIVER_OK"},      {status::kFeaturesOk, "FEATURES_OK"},
    {status::kNeedsReset, "NEEDS_RESET"},  {status::kFailed, "FAILED"},
};

const char* FindName(std::span<const Register> registers, std::uint32_t offset) {
  for (const Register& row : registers) {
    if (row.offset == offset) return row.name;
  }
  return nullptr;
}

bool IsAt(const Access& access, std::uint8_t bar, std::uint32_t offset) {
  return access.bar == bar && access.offset == offset;
}

// What a driver told the device of a queue.
struct Rings {
  std::uint32_t size = kLegacySize;
  std::array<std::uint64_t, 3> areas{};  // descriptors, driver, device
  bool enabled = false;
};

// Where an address is in a queue.
struct Place {
  std::uint32_t queue = 0;
  enum class Area : std::uint8_t { kDescriptors, kDriver, kDevice } area = Area::kDescriptors;
  std::uint64_t offset = 0;
};

class VirtioDescriber final : public Describer {
 public:
  void OnWrite(const Access& access, std::uint64_t value) override {
    if (access.bar == kModernBar) OnModern(access.offset, static_cast<std::uint32_t>(value));
    if (access.bar == kLegacyBar) OnLegacy(access.offset, static_cast<std::uint32_t>(value));
  }

  void OnReset() override {
    queues_.clear();
    select_ = 0;
    packed_ = false;
  }

  std::string RegisterName(const Access& access) const override {
    if (access.bar == kModernBar) return ModernName(access.offset);
    if (access.bar == kMsixBar) return MsixName(access.offset);
    if (access.bar != kLegacyBar) return fmt::format("BAR {} + 0x{:x}", access.bar, access.offset);
    if (const char* name = FindName(kLegacyRegisters, access.offset)) return name;
    return fmt::format("legacy configuration + {}", access.offset - legacy::kConfig);
  }

  std::string RegisterFields(const Access& access, std::uint64_t value) const override {
    const bool is_status = IsAt(access, kModernBar, common::kDeviceStatus) ||
                           IsAt(access, kLegacyBar, legacy::kDeviceStatus);
    if (!is_status) return {};
    std::string names;
    for (const Bit& row : kStatusBits) {
      if ((value & row.bit) != 0) names += (names.empty() ? "" : " ") + std::string(row.name);
    }
    return names;
  }

  std::string MemoryName(GuestAddress address) const override {
    Place place;
    if (!Find(address, &place)) return {};
    return QueueName(place.queue) + " " + AreaName(place);
  }

  bool IsCompletionMarker(GuestAddress address) const override {
    Place place;
    if (!Find(address, &place)) return false;
    if (!packed_) {
      return place.area == Place::Area::kDevice && (place.offset & ~std::uint64_t{1}) == kRingIndex;
    }
    return place.area == Place::Area::kDescriptors &&
           place.offset % kDescriptorSize >= offsetof(PackedDescriptor, flags);
  }

  std::string DescribeMemory(GuestAddress address, Bytes bytes) const override {
    Place place;
    if (!Find(address, &place) || place.area != Place::Area::kDescriptors ||
        place.offset % kDescriptorSize != 0) {
      return {};
    }
    std::string text;
    const std::size_t count = std::min(bytes.size() / kDescriptorSize, kMaxDescribed);
    for (std::size_t i = 0; i < count; ++i) {
      text += (i == 0 ? "" : "; ") + DescriptorText(&bytes[i * kDescriptorSize]);
    }
    return text;
  }

 private:
  void OnModern(std::uint32_t offset, std::uint32_t value) {
    Rings& rings = queues_[select_];
    if (offset == common::kDriverFeatureSelect) feature_select_ = value;
    if (offset == common::kDriverFeature && feature_select_ == 1) {
      packed_ = Features(std::uint64_t{value} << 32).Has(feature::kRingPacked);
    }
    if (offset == common::kQueueSelect) select_ = value & 0xffff;
    if (offset == common::kQueueSize) rings.size = value & 0xffff;
    if (offset == common::kQueueEnable) rings.enabled = value == 1;
    if (offset == common::kDeviceStatus && value == 0) OnReset();
    if (offset < common::kQueueDesc || offset > common::kQueueDevice + 4 || offset % 4 != 0) return;
    std::uint64_t& area = rings.areas[(offset - common::kQueueDesc) / 8];
    const bool high = offset % 8 != 0;
    area = high ? (area & 0xffffffff) | std::uint64_t{value} << 32 : (area >> 32 << 32) | value;
  }

  void OnLegacy(std::uint32_t offset, std::uint32_t value) {
    if (offset == legacy::kQueueSelect) select_ = value & 0xffff;
    if (offset == legacy::kDeviceStatus && value == 0) OnReset();
    if (offset != legacy::kQueueAddress) return;
    if (value == 0) {
      OnReset();
      return;
    }
    Rings& rings = queues_[select_];
    rings.size = select_ != 0 && select_ % 2 == 0 ? kControlQueueSize : kLegacySize;
    rings.enabled = true;
    rings.areas[0] = value * kLegacyAlign;
    rings.areas[1] = rings.areas[0] + rings.size * kDescriptorSize;
    const std::uint64_t end = rings.areas[1] + kRingEntries + rings.size * sizeof(std::uint16_t);
    rings.areas[2] = (end + kLegacyAlign - 1) & ~(kLegacyAlign - 1);
  }

  static std::string ModernName(std::uint32_t offset) {
    const std::uint32_t inside = offset % kRegionSize;
    switch (offset - inside) {
      case kCommonRegion:
        if (const char* name = FindName(kCommonRegisters, inside)) return name;
        return fmt::format("common configuration + {}", inside);
      case kIsrRegion:
        return "ISR status";
      case kDeviceRegion:
        return fmt::format("device configuration + {}", inside);
      default:
        return fmt::format("notify queue {}", inside / kNotifyMultiplier);
    }
  }

  static std::string MsixName(std::uint32_t offset) {
    constexpr const char* kFields[] = {"address", "upper address", "data", "control"};
    if (offset >= 2048) return fmt::format("MSI-X pending bits + {}", offset - 2048);
    return fmt::format("MSI-X vector {} {}", offset / kMsixEntry, kFields[offset % kMsixEntry / 4]);
  }

  std::uint64_t AreaSize(const Rings& rings, std::size_t area) const {
    if (area == 0) return rings.size * kDescriptorSize;
    if (packed_) return kEventSize;
    const std::size_t entry = area == 1 ? sizeof(std::uint16_t) : sizeof(UsedElement);
    return kRingEntries + rings.size * entry + sizeof(std::uint16_t);
  }

  bool Find(GuestAddress address, Place* place) const {
    for (const auto& [number, rings] : queues_) {
      if (!rings.enabled) continue;
      for (std::size_t area = 0; area < rings.areas.size(); ++area) {
        const std::uint64_t offset = address - rings.areas[area];
        if (rings.areas[area] == 0 || offset >= AreaSize(rings, area)) continue;
        *place = {number, static_cast<Place::Area>(area), offset};
        return true;
      }
    }
    return false;
  }

  static std::string QueueName(std::uint32_t queue) {
    return fmt::format("queue {} ({})", queue, queue % 2 == 0 ? "receive or control" : "transmit");
  }

  std::string AreaName(const Place& place) const {
    if (place.area == Place::Area::kDescriptors) {
      constexpr const char* kSplit[] = {"addr", "addr", "len", "flags, next"};
      constexpr const char* kPacked[] = {"addr", "addr", "len", "id, flags"};
      const std::uint64_t field = place.offset % kDescriptorSize / 4;
      return fmt::format("descriptor {} {}", place.offset / kDescriptorSize,
                         packed_ ? kPacked[field] : kSplit[field]);
    }
    const bool driver = place.area == Place::Area::kDriver;
    if (packed_) {
      return fmt::format("{} event suppression {}", driver ? "driver" : "device",
                         place.offset < kEventFlags ? "desc" : "flags");
    }
    const char* ring = driver ? "available ring" : "used ring";
    if (place.offset < kRingIndex) return fmt::format("{} flags", ring);
    if (place.offset < kRingEntries) return fmt::format("{} idx", ring);
    const std::uint64_t entry =
        (place.offset - kRingEntries) / (driver ? sizeof(std::uint16_t) : sizeof(UsedElement));
    if (entry >= queues_.at(place.queue).size) {
      return driver ? "used_event" : "avail_event";
    }
    return fmt::format("{} entry {}", ring, entry);
  }

  std::string DescriptorText(const std::uint8_t* bytes) const {
    SplitDescriptor split;
    std::memcpy(&split, bytes, sizeof(split));
    PackedDescriptor packed;
    std::memcpy(&packed, bytes, sizeof(packed));
    const std::uint16_t flags = packed_ ? packed.flags : split.flags;
    std::string text = fmt::format("addr {:#x} len {}", split.addr, split.len);
    if ((flags & descriptor::kWrite) != 0) text += " WRITE";
    if ((flags & descriptor::kIndirect) != 0) text += " INDIRECT";
    if ((flags & descriptor::kNext) != 0) {
      text += packed_ ? std::string(" NEXT") : fmt::format(" NEXT {}", split.next);
    }
    if (!packed_) return text;
    if ((flags & descriptor::kAvail) != 0) text += " AVAIL";
    if ((flags & descriptor::kUsed) != 0) text += " USED";
    return text + fmt::format(" id {}", packed.id);
  }

  std::map<std::uint32_t, Rings> queues_;
  std::uint32_t select_ = 0;
  std::uint32_t feature_select_ = 0;
  bool packed_ = false;
};

}  // namespace
}  // namespace virtio

std::unique_ptr<Describer> CreateVirtioNetDescriber() {
  return std::make_unique<virtio::VirtioDescriber>();
}

}  // namespace nicreplay
