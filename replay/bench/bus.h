// SPDX-License-Identifier: MIT
// The way from a driver to a device's registers, as a VMM's bus is: it counts what would leave the
// guest.
#pragma once

#include <cstdint>

#include "models/device.h"
#include "models/shadow_pages.h"

namespace nicreplay::bench {

// Whether the VMM takes doorbells without leaving the guest for them (KVM_CAP_COALESCED_MMIO).
enum class Doorbells : std::uint8_t { kTrap, kCoalesced };

class Bus {
 public:
  Bus(Device& device, Doorbells doorbells)
      : device_(device), shadow_(device.shadow()), doorbells_(doorbells) {}

  std::uint64_t Read(const Access& access) {
    if (const auto* word = Shadowed(access)) return word->load(std::memory_order_acquire);
    ++exits_;
    return device_.Read(access);
  }

  void Write(const Access& access, std::uint64_t value) {
    if (auto* word = Shadowed(access)) {
      word->store(static_cast<std::uint32_t>(value), std::memory_order_release);
      return;
    }
    ++exits_;
    device_.Write(access, value);
  }

  // A write of a register that the VMM may coalesce.
  void WriteDoorbell(const Access& access, std::uint64_t value) {
    if (auto* word = Shadowed(access)) {
      word->store(static_cast<std::uint32_t>(value), std::memory_order_release);
      return;
    }
    if (doorbells_ == Doorbells::kTrap) ++exits_;
    device_.Write(access, value);
  }

  // Configuration space, which nobody counts: drivers go there to set up the device.
  std::uint32_t ConfigRead(std::uint8_t offset, std::uint8_t size) {
    return device_.ConfigRead(offset, size);
  }
  void ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint32_t value) {
    device_.ConfigWrite(offset, size, value);
  }

  // Accesses that trapped.
  std::uint64_t exits() const { return exits_; }

 private:
  std::atomic<std::uint32_t>* Shadowed(const Access& access) const {
    return shadow_ != nullptr && access.bar == 0 && shadow_->active() ? shadow_->Find(access.offset)
                                                                      : nullptr;
  }

  Device& device_;
  ShadowPages* const shadow_;
  const Doorbells doorbells_;
  std::uint64_t exits_ = 0;
};

}  // namespace nicreplay::bench
