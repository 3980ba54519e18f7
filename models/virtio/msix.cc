// SPDX-License-Identifier: MIT
#include "models/virtio/msix.h"

namespace nicreplay::virtio {
namespace {

constexpr std::uint8_t kCapabilityId = 0x11;
constexpr std::uint8_t kControlAt = 2;

}  // namespace

void Msix::AddCapability(std::uint8_t bar) {
  if (!IsPresent()) return;
  std::array<std::uint8_t, kCapabilitySize> capability{};
  capability[0] = kCapabilityId;
  capability[kControlAt] = static_cast<std::uint8_t>(vectors_ - 1);
  capability[4] = bar;
  capability[8] = static_cast<std::uint8_t>(kPendingAt & 0xff) | bar;
  capability[9] = static_cast<std::uint8_t>(kPendingAt >> 8);
  std::array<std::uint8_t, kCapabilitySize> writable{};
  writable[kControlAt + 1] = (kEnable | kMaskAll) >> 8;
  capability_ = pci_.AddCapability(capability, writable);
}

std::uint16_t Msix::Control() const {
  if (!IsPresent()) return 0;
  return static_cast<std::uint16_t>(pci_.Read(capability_ + kControlAt, 2));
}

std::uint32_t Msix::Read(std::uint32_t offset) const {
  if (offset < vectors_ * kEntrySize) return table_[offset / kEntrySize][offset % kEntrySize / 4];
  if (offset < kPendingAt || offset >= kPendingAt + (vectors_ + 63) / 64 * 8) return 0;
  std::uint32_t bits = 0;
  for (std::uint32_t i = 0; i < 32; ++i) {
    const std::uint32_t vector = (offset - kPendingAt) * 8 + i;
    if (vector < vectors_ && pending_[vector]) bits |= 1u << i;
  }
  return bits;
}

void Msix::Write(std::uint32_t offset, std::uint32_t value) {
  if (offset >= vectors_ * kEntrySize) return;
  const std::uint32_t vector = offset / kEntrySize;
  const bool was_masked = IsMasked(vector, function_masked_);
  table_[vector][offset % kEntrySize / 4] = value;
  MaskChanged(vector, was_masked);
}

void Msix::MaskChanged(std::uint32_t vector, bool was_masked) {
  if (!was_masked || IsMasked(vector, function_masked_) || !pending_[vector]) return;
  pending_[vector] = false;
  Notify(static_cast<std::uint16_t>(vector));
}

void Msix::OnConfigWrite(std::uint8_t offset, std::uint8_t size, Host& host) {
  if (!IsPresent()) return;
  const int position = capability_ + kControlAt + 1;
  if (position < offset || position >= offset + size) return;
  const bool was_masked = function_masked_;
  function_masked_ = !IsEnabled() || (Control() & kMaskAll) != 0;
  if (!IsEnabled()) return;
  pci_.SetInterrupt(LineLevel::kLow, host);
  if (function_masked_ == was_masked) return;
  for (std::uint32_t i = 0; i < vectors_; ++i) MaskChanged(i, IsMasked(i, was_masked));
}

void Msix::Use(std::uint16_t vector) { ++users_[vector]; }

void Msix::Unuse(std::uint16_t vector) {
  if (users_[vector] == 0) return;
  if (--users_[vector] == 0) pending_[vector] = false;
}

void Msix::UnuseAll() {
  users_.fill(0);
  pending_.fill(false);
}

void Msix::Notify(std::uint16_t vector) {
  if (users_[vector] == 0) return;
  if (IsMasked(vector, function_masked_)) {
    pending_[vector] = true;
    return;
  }
  const auto& entry = table_[vector];
  memory_.WriteAs(std::uint64_t{entry[kUpperAddress]} << 32 | entry[kAddress], entry[kData]);
}

void Msix::Reset() {
  if (capability_ != 0) {
    constexpr std::uint32_t kKept = 0xff & ~((kEnable | kMaskAll) >> 8);
    const auto at = static_cast<std::uint8_t>(capability_ + kControlAt + 1);
    pci_.Preset(at, static_cast<std::uint8_t>(pci_.Read(at, 1) & kKept));
  }
  pending_.fill(false);
  table_ = {};
  for (auto& entry : table_) entry[kControl] = kMaskBit;
}

}  // namespace nicreplay::virtio
