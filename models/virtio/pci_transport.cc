// SPDX-License-Identifier: MIT
#include "models/virtio/pci_transport.h"

#include <algorithm>
#include <bit>

namespace nicreplay::virtio {
namespace {

// struct virtio_pci_cap, and what two of its kinds append (4.1.4).
constexpr std::uint8_t kVendorCapability = 0x09;
constexpr std::size_t kCapLength = 16;
constexpr std::size_t kLongCapLength = 20;
constexpr std::size_t kCapLengthAt = 2;
constexpr std::size_t kCapTypeAt = 3;
constexpr std::size_t kCapBarAt = 4;
constexpr std::size_t kCapOffsetAt = 8;
constexpr std::size_t kCapSizeAt = 12;
constexpr std::size_t kCapExtraAt = 16;

using Capability = std::array<std::uint8_t, kLongCapLength>;

void Store32(Capability* capability, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) {
    (*capability)[at + i] = static_cast<std::uint8_t>(value >> 8 * i);
  }
}

Capability MakeCapability(std::uint8_t type, std::size_t length, std::uint32_t offset,
                          std::uint32_t size) {
  Capability capability{};
  capability[0] = kVendorCapability;
  capability[kCapLengthAt] = static_cast<std::uint8_t>(length);
  capability[kCapTypeAt] = type;
  capability[kCapBarAt] = size == 0 ? 0 : kModernBar;
  Store32(&capability, kCapOffsetAt, offset);
  Store32(&capability, kCapSizeAt, size);
  return capability;
}

std::uint32_t Mask(std::uint8_t size) { return size >= 4 ? ~0u : (1u << 8 * size) - 1; }

bool IsOnBus(const Access& access) {
  const bool sized = access.size == 1 || access.size == 2 || access.size == 4 || access.size == 8;
  return sized && access.offset % access.size == 0;
}

}  // namespace

PciTransport::PciTransport(Interface interface, std::uint32_t vectors, PciConfig& pci,
                           const Memory& memory, Host& host)
    : interface_(interface), pci_(pci), host_(host), msix_(vectors, pci, memory) {
  AddCapabilities();
}

void PciTransport::Attach(VirtioDevice* device) {
  device_ = device;
  queues_.resize(device->queue_slots());
}

std::uint32_t PciTransport::LegacyBarSize(std::uint32_t vectors, std::uint32_t config_size) {
  return std::bit_ceil((vectors != 0 ? legacy::kConfigWithMsix : legacy::kConfig) + config_size);
}

void PciTransport::AddCapabilities() {
  const std::array<std::uint8_t, kLongCapLength> read_only{};
  const auto add = [&](const Capability& capability, Bytes writable) {
    return pci_.AddCapability(Bytes(capability).first(capability[kCapLengthAt]),
                              writable.first(capability[kCapLengthAt]));
  };
  if (HasModern()) {
    add(MakeCapability(cfg_type::kCommon, kCapLength, kCommonRegion, kRegionSize), read_only);
    add(MakeCapability(cfg_type::kIsr, kCapLength, kIsrRegion, kRegionSize), read_only);
    add(MakeCapability(cfg_type::kDevice, kCapLength, kDeviceRegion, kRegionSize), read_only);
    Capability notify =
        MakeCapability(cfg_type::kNotify, kLongCapLength, kNotifyRegion, kRegionSize);
    Store32(&notify, kCapExtraAt, kNotifyMultiplier);
    add(notify, read_only);
    std::array<std::uint8_t, kLongCapLength> writable{};
    writable[kCapBarAt] = 0xff;
    std::fill(writable.begin() + kCapOffsetAt, writable.end(), std::uint8_t{0xff});
    window_ = add(MakeCapability(cfg_type::kPci, kLongCapLength, 0, 0), writable);
  }
  msix_.AddCapability(kMsixBar);
}

std::uint64_t PciTransport::Read(const Access& access) {
  if (!IsOnBus(access)) return 0;
  if (access.bar == kLegacyBar && HasLegacy() && access.size <= 4) {
    return ReadLegacy(access.offset, access.size) & Mask(access.size);
  }
  if (access.bar != kMsixBar && access.bar != kModernBar) return 0;
  if (access.size == 8) {
    const std::uint64_t low = Read({access.bar, 4, access.offset});
    return low | Read({access.bar, 4, access.offset + 4}) << 32;
  }
  if (access.bar == kMsixBar) {
    return msix_.IsPresent() && access.size == 4 ? msix_.Read(access.offset) : 0;
  }
  return HasModern() ? ReadModern(access.offset, access.size) & Mask(access.size) : 0;
}

void PciTransport::Write(const Access& access, std::uint64_t value) {
  if (!IsOnBus(access)) return;
  const auto low = static_cast<std::uint32_t>(value) & Mask(access.size);
  if (access.bar == kLegacyBar && HasLegacy() && access.size <= 4) {
    WriteLegacy(access.offset, access.size, low);
    return;
  }
  if (access.bar != kMsixBar && access.bar != kModernBar) return;
  if (access.size == 8) {
    Write({access.bar, 4, access.offset}, low);
    Write({access.bar, 4, access.offset + 4}, value >> 32);
  } else if (access.bar == kModernBar) {
    if (HasModern()) WriteModern(access.offset, access.size, low);
  } else if (msix_.IsPresent() && access.size == 4) {
    msix_.Write(access.offset, low);
  }
}

std::uint32_t PciTransport::ReadModern(std::uint32_t offset, std::uint8_t size) {
  switch (offset & ~(kRegionSize - 1)) {
    case kCommonRegion:
      return ReadCommon(offset);
    case kIsrRegion:
      return ReadIsr();
    case kDeviceRegion:
      return ReadDeviceConfig(offset - kDeviceRegion, size);
    default:
      return 0;
  }
}

void PciTransport::WriteModern(std::uint32_t offset, std::uint8_t size, std::uint32_t value) {
  switch (offset & ~(kRegionSize - 1)) {
    case kCommonRegion:
      WriteCommon(offset, value);
      break;
    case kDeviceRegion:
      WriteDeviceConfig(offset - kDeviceRegion, size, value);
      break;
    case kNotifyRegion:
      device_->NotifyQueue((offset - kNotifyRegion) / kNotifyMultiplier);
      break;
    default:
      break;
  }
}

std::uint32_t PciTransport::ReadDeviceConfig(std::uint32_t offset, std::uint8_t size) const {
  if (offset + size > device_->config_size()) return ~std::uint32_t{0};
  std::array<std::uint8_t, 4> bytes{};
  device_->ReadConfig(offset, MutableBytes(bytes).first(size));
  return std::bit_cast<std::uint32_t>(bytes);
}

void PciTransport::WriteDeviceConfig(std::uint32_t offset, std::uint8_t size, std::uint32_t value) {
  if (offset + size > device_->config_size()) return;
  const auto bytes = std::bit_cast<std::array<std::uint8_t, 4>>(value);
  device_->WriteConfig(offset, Bytes(bytes).first(size));
}

// Reading clears, and takes INTA# back (4.1.4.5).
std::uint32_t PciTransport::ReadIsr() {
  const std::uint8_t isr = device_->TakeIsr();
  pci_.SetInterrupt(LineLevel::kLow, host_);
  return isr;
}

void PciTransport::Notify(std::uint16_t vector) {
  if (!msix_.IsEnabled()) {
    const bool high = (device_->isr() & kIsrQueue) != 0;
    pci_.SetInterrupt(high ? LineLevel::kHigh : LineLevel::kLow, host_);
  } else if (vector != kNoVector) {
    msix_.Notify(vector);
  }
}

void PciTransport::WriteStatus(std::uint8_t status) {
  device_->SetStatus(status);
  if (device_->status() == 0) ResetDevice();
}

// A vector that does not exist reads back as none (4.1.5.1.2).
std::uint16_t PciTransport::MoveVector(std::uint16_t from, std::uint32_t to) {
  if (from != kNoVector) msix_.Unuse(from);
  if (to >= msix_.vectors()) return kNoVector;
  const auto vector = static_cast<std::uint16_t>(to);
  msix_.Use(vector);
  return vector;
}

void PciTransport::SetConfigVector(std::uint32_t vector) {
  device_->set_config_vector(MoveVector(device_->config_vector(), vector));
}

void PciTransport::SetQueueVector(std::uint32_t vector) {
  if (!QueueExists()) return;
  SelectedQueue().set_vector(MoveVector(SelectedQueue().vector(), vector));
}

void PciTransport::ResetDevice() {
  device_->Reset();
  msix_.UnuseAll();
  queue_select_ = 0;
  std::fill(queues_.begin(), queues_.end(), QueueRegisters{});
}

void PciTransport::Reset() {
  ResetDevice();
  pci_.Reset(host_);
  msix_.Reset();
}

std::uint32_t PciTransport::ConfigRead(std::uint8_t offset, std::uint8_t size) {
  if (TouchesWindow(offset, size)) ReadWindow();
  return pci_.Read(offset, size);
}

void PciTransport::ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint32_t value) {
  pci_.Write(offset, size, value, host_);
  msix_.OnConfigWrite(offset, size, host_);
  if (offset == PciConfig::kCommand) {
    // Without bus mastering a driver cannot be running (QEMU).
    device_->SetDisabled(!pci_.bus_master());
    if (!pci_.bus_master()) {
      device_->SetStatus(device_->status() & static_cast<std::uint8_t>(~status::kDriverOk));
    }
  }
  if (TouchesWindow(offset, size)) WriteWindow();
}

bool PciTransport::TouchesWindow(std::uint8_t offset, std::uint8_t size) const {
  if (window_ == 0) return false;
  const std::size_t data = window_ + kCapExtraAt;
  return offset < data + 4 && data < std::size_t{offset} + size;
}

// The access that the capability's fields describe (4.1.4.9).  QEMU looks at the offset only, not
// at the BAR; a misaligned one is rounded down.
void PciTransport::ReadWindow() {
  const std::uint32_t size = pci_.Read(static_cast<std::uint8_t>(window_ + kCapSizeAt), 4);
  if (size != 1 && size != 2 && size != 4) return;
  const std::uint32_t offset =
      pci_.Read(static_cast<std::uint8_t>(window_ + kCapOffsetAt), 4) & ~(size - 1);
  if (offset >= kModernBarSize) return;
  const std::uint64_t value = Read({kModernBar, static_cast<std::uint8_t>(size), offset});
  for (std::uint32_t i = 0; i < size; ++i) {
    pci_.Preset(static_cast<std::uint8_t>(window_ + kCapExtraAt + i),
                static_cast<std::uint8_t>(value >> 8 * i));
  }
}

void PciTransport::WriteWindow() {
  const std::uint32_t size = pci_.Read(static_cast<std::uint8_t>(window_ + kCapSizeAt), 4);
  if (size != 1 && size != 2 && size != 4) return;
  const std::uint32_t offset =
      pci_.Read(static_cast<std::uint8_t>(window_ + kCapOffsetAt), 4) & ~(size - 1);
  if (offset >= kModernBarSize) return;
  const std::uint32_t value = pci_.Read(static_cast<std::uint8_t>(window_ + kCapExtraAt), 4);
  Write({kModernBar, static_cast<std::uint8_t>(size), offset}, value);
}

}  // namespace nicreplay::virtio
