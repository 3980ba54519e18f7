// SPDX-License-Identifier: MIT
// MSI-X (PCI 3.0, 6.8.2) in a BAR of its own: table and pending bits.  A message is a DMA write of
// the device.  Vectors that the driver assigned to nothing never fire, as in QEMU.
#pragma once

#include <array>
#include <cstdint>

#include "models/device.h"
#include "models/pci_config.h"
#include "models/virtio/memory.h"

namespace nicreplay::virtio {

class Msix {
 public:
  static constexpr std::uint32_t kMaxVectors = 128;
  static constexpr std::uint32_t kBarSize = 4096;
  static constexpr std::uint32_t kPendingAt = 2048;
  static constexpr std::size_t kCapabilitySize = 12;

  // `vectors`: 0 for a device without MSI-X.
  Msix(std::uint32_t vectors, PciConfig& pci, const Memory& memory)
      : vectors_(vectors), pci_(pci), memory_(memory) {
    Reset();
  }

  std::uint32_t vectors() const { return vectors_; }
  bool IsPresent() const { return vectors_ != 0; }
  bool IsEnabled() const { return (Control() & kEnable) != 0; }

  // Puts the capability into configuration space, with its table in BAR `bar`.
  void AddCapability(std::uint8_t bar);

  std::uint32_t Read(std::uint32_t offset) const;  // a dword of the BAR
  void Write(std::uint32_t offset, std::uint32_t value);
  // To be called after the configuration write of that range.
  void OnConfigWrite(std::uint8_t offset, std::uint8_t size, Host& host);

  // Counts what a vector is assigned to.
  void Use(std::uint16_t vector);
  void Unuse(std::uint16_t vector);
  void UnuseAll();
  void Notify(std::uint16_t vector);

  // Bus reset, after that of configuration space.
  void Reset();

  template <typename Self, typename Archive>
  static void Archived(Self& self, Archive& archive) {
    for (std::uint32_t i = 0; i < self.vectors_; ++i) {
      for (auto& dword : self.table_[i]) archive.Number(dword);
      archive.Flag(self.pending_[i]);
      archive.Number(self.users_[i]);
    }
    archive.Flag(self.function_masked_);
  }

 private:
  static constexpr std::uint16_t kEnable = 0x8000;
  static constexpr std::uint16_t kMaskAll = 0x4000;
  static constexpr std::uint32_t kMaskBit = 1;
  static constexpr std::uint32_t kEntrySize = 16;
  enum Dword : std::uint8_t { kAddress, kUpperAddress, kData, kControl, kDwords };

  std::uint16_t Control() const;
  bool IsMasked(std::uint32_t vector, bool function_masked) const {
    return function_masked || (table_[vector][kControl] & kMaskBit) != 0;
  }
  void MaskChanged(std::uint32_t vector, bool was_masked);

  std::uint32_t vectors_;
  PciConfig& pci_;
  const Memory& memory_;
  std::uint8_t capability_ = 0;
  std::array<std::array<std::uint32_t, kDwords>, kMaxVectors> table_{};
  std::array<bool, kMaxVectors> pending_{};
  std::array<std::uint32_t, kMaxVectors> users_{};
  bool function_masked_ = true;
};

}  // namespace nicreplay::virtio
