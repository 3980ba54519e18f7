// SPDX-License-Identifier: MIT
#include "models/virtio/driver.h"

#include <algorithm>
#include <cstring>

#include "models/pci_config.h"

namespace nicreplay::virtio {
namespace {

constexpr std::uint8_t kCapabilities = 0x34;
constexpr std::uint8_t kMsixCapability = 0x11;
constexpr std::uint16_t kMsixEnable = 0x8000;
constexpr std::uint8_t kStarting = status::kAcknowledge | status::kDriver;

std::uint16_t FlagsOf(const DriverPiece& piece) {
  return piece.device_writes ? descriptor::kWrite : 0;
}

GuestAddress AlignUp(GuestAddress address) {
  return (address + kLegacyAlign - 1) & ~(kLegacyAlign - 1);
}

template <typename Descriptor>
void Append(std::vector<std::uint8_t>* bytes, const Descriptor& descriptor) {
  const auto* from = reinterpret_cast<const std::uint8_t*>(&descriptor);
  bytes->insert(bytes->end(), from, from + sizeof(descriptor));
}

}  // namespace

DriverRing::DriverRing(Format format, GuestAddress base, std::uint32_t size)
    : format_(format), base_(base), size_(size) {}

std::uint64_t DriverRing::BytesFor(std::uint32_t size) {
  return AlignUp(size * (kDescriptorSize + sizeof(std::uint16_t)) + 6) +
         AlignUp(size * sizeof(UsedElement) + 6);
}

GuestAddress DriverRing::device_area() const {
  return AlignUp(driver_area() + kRingEntries + size_ * sizeof(std::uint16_t));
}

void DriverRing::Clear(DriverBus& bus) {
  const std::vector<std::uint8_t> zeros(BytesFor(size_));
  bus.WriteMemory(base_, zeros);
  next_ = 0;
  added_ = 0;
  wrap_ = true;
  unpublished_.clear();
}

void DriverRing::Add(DriverBus& bus, std::span<const DriverPiece> pieces) {
  if (format_ == Format::kSplit) {
    AddSplit(bus, pieces);
  } else {
    AddPacked(bus, pieces, 0);
  }
}

void DriverRing::AddSplit(DriverBus& bus, std::span<const DriverPiece> pieces) {
  const std::uint16_t head = next_;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const auto after = static_cast<std::uint16_t>((next_ + 1) % size_);
    SplitDescriptor descriptor{pieces[i].address, pieces[i].size, FlagsOf(pieces[i]), 0};
    if (i + 1 < pieces.size()) {
      descriptor.flags |= descriptor::kNext;
      descriptor.next = after;
    }
    bus.Store(base_ + next_ * kDescriptorSize, descriptor);
    next_ = after;
  }
  bus.Store(driver_area() + kRingEntries + added_ % size_ * sizeof(head), head);
  ++added_;
}

void DriverRing::AddPacked(DriverBus& bus, std::span<const DriverPiece> pieces,
                           std::uint16_t flags) {
  const std::uint16_t id = next_;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const GuestAddress at = base_ + next_ * kDescriptorSize;
    PackedDescriptor descriptor{pieces[i].address, pieces[i].size, id,
                                static_cast<std::uint16_t>(flags | FlagsOf(pieces[i]))};
    if (i + 1 < pieces.size()) descriptor.flags |= descriptor::kNext;
    descriptor.flags |= wrap_ ? descriptor::kAvail : descriptor::kUsed;
    if (i == 0) {
      unpublished_.push_back({at + offsetof(PackedDescriptor, flags), descriptor.flags});
      // Not available for either wrap counter.
      descriptor.flags |= descriptor::kAvail | descriptor::kUsed;
    }
    bus.Store(at, descriptor);
    if (++next_ == size_) {
      next_ = 0;
      wrap_ = !wrap_;
    }
  }
  ++added_;
}

std::vector<std::uint8_t> DriverRing::TableOf(std::span<const DriverPiece> pieces) const {
  std::vector<std::uint8_t> table;
  table.reserve(pieces.size() * kDescriptorSize);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const DriverPiece& piece = pieces[i];
    if (format_ == Format::kPacked) {
      Append(&table, PackedDescriptor{piece.address, piece.size, 0, FlagsOf(piece)});
      continue;
    }
    SplitDescriptor descriptor{piece.address, piece.size, FlagsOf(piece), 0};
    if (i + 1 < pieces.size()) {
      descriptor.flags |= descriptor::kNext;
      descriptor.next = static_cast<std::uint16_t>(i + 1);
    }
    Append(&table, descriptor);
  }
  return table;
}

void DriverRing::AddIndirect(DriverBus& bus, std::span<const DriverPiece> pieces,
                             GuestAddress table) {
  const std::vector<std::uint8_t> bytes = TableOf(pieces);
  bus.WriteMemory(table, bytes);
  const auto size = static_cast<std::uint32_t>(bytes.size());
  if (format_ == Format::kPacked) {
    const DriverPiece piece{table, size, false};
    AddPacked(bus, {&piece, 1}, descriptor::kIndirect);
    return;
  }
  const std::uint16_t head = next_;
  bus.Store(base_ + head * kDescriptorSize, SplitDescriptor{table, size, descriptor::kIndirect, 0});
  next_ = static_cast<std::uint16_t>((next_ + 1) % size_);
  bus.Store(driver_area() + kRingEntries + added_ % size_ * sizeof(head), head);
  ++added_;
}

void DriverRing::Publish(DriverBus& bus) {
  if (format_ == Format::kSplit) {
    bus.Store(driver_area() + kRingIndex, added_);
    return;
  }
  // The first last, so that the device never meets a gap.
  for (std::size_t i = unpublished_.size(); i-- > 0;) {
    bus.Store(unpublished_[i].address, unpublished_[i].flags);
  }
  unpublished_.clear();
}

void DriverRing::SetInterrupts(DriverBus& bus, bool wanted) {
  if (format_ == Format::kSplit) {
    bus.Store(driver_area() + kRingFlags,
              static_cast<std::uint16_t>(wanted ? 0 : kAvailNoInterrupt));
  } else {
    bus.Store(driver_area() + kEventFlags, wanted ? kEventEnable : kEventDisable);
  }
}

void DriverRing::SetUsedEvent(DriverBus& bus, std::uint16_t event) {
  if (format_ == Format::kSplit) {
    bus.Store(driver_area() + kRingEntries + size_ * sizeof(event), event);
  } else {
    bus.Store(driver_area() + kEventOffset, event);
    bus.Store(driver_area() + kEventFlags, kEventDescriptor);
  }
}

void Driver::MapBars() {
  bus_->ConfigWrite(PciConfig::kBar0 + 4 * kLegacyBar, 4, kIoBase);
  bus_->ConfigWrite(PciConfig::kBar0 + 4 * kMsixBar, 4, kMsixBase);
  bus_->ConfigWrite(PciConfig::kBar0 + 4 * kModernBar, 4, kModernBase);
  bus_->ConfigWrite(PciConfig::kBar0 + 4 * (kModernBar + 1), 4, 0);
  bus_->ConfigWrite(PciConfig::kCommand, 2, 7);
}

Features Driver::Negotiate(Features wanted) {
  SetStatus(0);
  SetStatus(status::kAcknowledge);
  SetStatus(kStarting);
  if (mode_ == Mode::kLegacy) {
    const Features offered(bus_->Read({kLegacyBar, 4, legacy::kDeviceFeatures}));
    const Features taken = offered & wanted & Features(0xffffffff);
    bus_->Write({kLegacyBar, 4, legacy::kDriverFeatures}, taken.bits());
    return taken;
  }
  std::uint64_t offered = 0;
  for (const std::uint32_t word : {0, 1}) {
    WriteCommon(common::kDeviceFeatureSelect, 4, word);
    offered |= std::uint64_t{ReadCommon(common::kDeviceFeature, 4)} << 32 * word;
  }
  const Features taken = Features(offered) & wanted;
  for (const std::uint32_t word : {0, 1}) {
    WriteCommon(common::kDriverFeatureSelect, 4, word);
    WriteCommon(common::kDriverFeature, 4, static_cast<std::uint32_t>(taken.bits() >> 32 * word));
  }
  SetStatus(kStarting | status::kFeaturesOk);
  return taken;
}

void Driver::SetUpQueue(std::uint16_t number, const DriverRing& ring, std::uint16_t vector) {
  if (mode_ == Mode::kLegacy) {
    bus_->Write({kLegacyBar, 2, legacy::kQueueSelect}, number);
    bus_->Write({kLegacyBar, 4, legacy::kQueueAddress}, ring.descriptors() / kLegacyAlign);
    if (msix_) bus_->Write({kLegacyBar, 2, legacy::kQueueMsixVector}, vector);
    return;
  }
  WriteCommon(common::kQueueSelect, 2, number);
  WriteCommon(common::kQueueSize, 2, ring.size());
  WriteCommon(common::kQueueMsixVector, 2, vector);
  const GuestAddress areas[] = {ring.descriptors(), ring.driver_area(), ring.device_area()};
  std::uint32_t offset = common::kQueueDesc;
  for (const GuestAddress area : areas) {
    WriteCommon(offset, 4, static_cast<std::uint32_t>(area));
    WriteCommon(offset + 4, 4, static_cast<std::uint32_t>(area >> 32));
    offset += 8;
  }
  WriteCommon(common::kQueueEnable, 2, 1);
}

void Driver::SetStatus(std::uint8_t status) {
  if (mode_ == Mode::kLegacy) {
    bus_->Write({kLegacyBar, 1, legacy::kDeviceStatus}, status);
  } else {
    WriteCommon(common::kDeviceStatus, 1, status);
  }
}

std::uint8_t Driver::ReadStatus() {
  return static_cast<std::uint8_t>(mode_ == Mode::kLegacy
                                       ? bus_->Read({kLegacyBar, 1, legacy::kDeviceStatus})
                                       : ReadCommon(common::kDeviceStatus, 1));
}

void Driver::Start() {
  const std::uint8_t negotiated = mode_ == Mode::kLegacy ? 0 : status::kFeaturesOk;
  SetStatus(kStarting | negotiated | status::kDriverOk);
}

void Driver::Notify(std::uint16_t queue) {
  if (mode_ == Mode::kLegacy) {
    bus_->Write({kLegacyBar, 2, legacy::kQueueNotify}, queue);
  } else {
    bus_->Write({kModernBar, 2, kNotifyRegion + kNotifyMultiplier * queue}, queue);
  }
}

std::uint8_t Driver::ReadIsr() {
  return static_cast<std::uint8_t>(mode_ == Mode::kLegacy
                                       ? bus_->Read({kLegacyBar, 1, legacy::kIsr})
                                       : bus_->Read({kModernBar, 1, kIsrRegion}));
}

std::uint8_t Driver::FindCapability(std::uint8_t id) {
  auto at = static_cast<std::uint8_t>(bus_->ConfigRead(kCapabilities, 1));
  for (int i = 0; i < 48 && at >= 0x40; ++i) {
    if (bus_->ConfigRead(at, 1) == id) return at;
    at = static_cast<std::uint8_t>(bus_->ConfigRead(static_cast<std::uint8_t>(at + 1), 1));
  }
  return 0;
}

void Driver::EnableMsix(bool enabled) {
  const std::uint8_t at = FindCapability(kMsixCapability);
  if (at == 0) return;
  bus_->ConfigWrite(static_cast<std::uint8_t>(at + 2), 2, enabled ? kMsixEnable : 0);
  msix_ = enabled;
}

void Driver::SetVector(std::uint16_t vector, GuestAddress address, std::uint32_t data,
                       bool masked) {
  const std::uint32_t entry = vector * 16u;
  bus_->Write({kMsixBar, 4, entry}, static_cast<std::uint32_t>(address));
  bus_->Write({kMsixBar, 4, entry + 4}, address >> 32);
  bus_->Write({kMsixBar, 4, entry + 8}, data);
  bus_->Write({kMsixBar, 4, entry + 12}, masked ? 1 : 0);
}

void Driver::SetConfigVector(std::uint16_t vector) {
  if (mode_ == Mode::kLegacy) {
    bus_->Write({kLegacyBar, 2, legacy::kConfigMsixVector}, vector);
  } else {
    WriteCommon(common::kConfigMsixVector, 2, vector);
  }
}

}  // namespace nicreplay::virtio
