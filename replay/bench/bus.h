// SPDX-License-Identifier: MIT
// The way from a driver to a device's registers, as a VMM's bus is: it counts what would leave the
// guest.
#pragma once

#include <array>
#include <cstdint>

#include "models/device.h"
#include "models/shadow_pages.h"

namespace nicreplay::bench {

// Whether the VMM takes doorbells without leaving the guest for them (KVM_CAP_COALESCED_MMIO).
enum class Doorbells : std::uint8_t { kTrap, kCoalesced };

class Bus {
 public:
  Bus(Device& device, Doorbells doorbells)
      : device_(device), shadow_(device.shadow()), doorbells_(doorbells) {
    if (shadow_ == nullptr) return;
    for (const ShadowPages::Page& page : shadow_->pages()) {
      pages_.at(page.offset / ShadowPages::kPageSize) = page.words;
    }
  }

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
    if (shadow_ == nullptr || access.bar != 0 || !shadow_->active()) return nullptr;
    const std::size_t page = access.offset / ShadowPages::kPageSize;
    if (page >= pages_.size() || pages_[page] == nullptr) return nullptr;
    return &pages_[page][access.offset % ShadowPages::kPageSize / sizeof(std::uint32_t)];
  }

  Device& device_;
  ShadowPages* const shadow_;
  // Where the pages of BAR 0 are in memory, if they are: a guest's processor looks that up for
  // free.
  std::array<std::atomic<std::uint32_t>*, 32> pages_{};
  const Doorbells doorbells_;
  std::uint64_t exits_ = 0;
};

}  // namespace nicreplay::bench
