// SPDX-License-Identifier: MIT
// A split ring (virtio 1.2, 2.7) from the side of a driver that keeps count of its descriptors:
// each buffer takes one, a direct one or one of an indirect table.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>

#include "models/device.h"
#include "models/virtio/driver.h"
#include "models/virtio/spec.h"

namespace nicreplay::bench {

class VirtioQueue {
 public:
  static constexpr std::uint16_t kSize = 256;

  VirtioQueue(GuestAddress base, MutableBytes ram)
      : ring_(virtio::DriverRing::Format::kSplit, base, kSize), ram_(ram) {
    for (std::uint16_t i = 0; i < kSize; ++i) free_[i] = static_cast<std::uint16_t>(kSize - 1 - i);
  }

  virtio::DriverRing& ring() { return ring_; }

  std::uint16_t free_slots() const { return free_count_; }
  // Buffers that the device has, as far as the driver looked.
  std::uint16_t outstanding() const { return static_cast<std::uint16_t>(added_ - taken_); }

  // The descriptor that Add uses next; there is one as long as there are free slots.
  std::uint16_t next_slot() const { return free_[free_count_ - 1]; }
  void Add(const virtio::SplitDescriptor& descriptor) {
    const std::uint16_t slot = free_[--free_count_];
    Store(ring_.descriptors() + slot * virtio::kDescriptorSize, descriptor);
    Store(ring_.driver_area() + virtio::kRingEntries + added_ % kSize * sizeof slot, slot);
    ++added_;
  }

  enum class Notification : std::uint8_t { kUnwanted, kWanted };
  // Shows what was added, and tells whether the device wants to hear of it (2.7.10).
  Notification Publish() {
    const std::uint16_t old = published_;
    Store(ring_.driver_area() + virtio::kRingIndex, added_);
    published_ = added_;
    const auto event = Load<std::uint16_t>(ring_.device_area() + virtio::kRingEntries +
                                           kSize * sizeof(virtio::UsedElement));
    const auto behind = static_cast<std::uint16_t>(added_ - event - 1);
    return behind < static_cast<std::uint16_t>(added_ - old) ? Notification::kWanted
                                                             : Notification::kUnwanted;
  }

  // The next buffer that the device is done with; its descriptor is free.
  std::optional<virtio::UsedElement> TakeUsed() {
    if (outstanding() == 0 || !HasUsed()) return {};
    auto used = Load<virtio::UsedElement>(ring_.device_area() + virtio::kRingEntries +
                                          taken_ % kSize * sizeof(virtio::UsedElement));
    used.id %= kSize;
    free_[free_count_++] = static_cast<std::uint16_t>(used.id);
    ++taken_;
    return used;
  }
  bool HasUsed() const {
    return Load<std::uint16_t>(ring_.device_area() + virtio::kRingIndex) != taken_;
  }

  // Asks for an interrupt (2.7.7.1) once so many more buffers are used, and another one.
  void InterruptAfter(std::uint16_t more) {
    Store(ring_.driver_area() + virtio::kRingEntries + kSize * sizeof more,
          static_cast<std::uint16_t>(taken_ + more));
  }

 private:
  template <typename T>
  void Store(GuestAddress address, const T& value) {
    std::memcpy(&ram_[address], &value, sizeof value);
  }
  template <typename T>
  T Load(GuestAddress address) const {
    T value;
    std::memcpy(&value, &ram_[address], sizeof value);
    return value;
  }

  virtio::DriverRing ring_;
  const MutableBytes ram_;
  std::array<std::uint16_t, kSize> free_;  // the last one is used first
  std::uint16_t free_count_ = kSize;
  std::uint16_t added_ = 0;
  std::uint16_t published_ = 0;
  std::uint16_t taken_ = 0;
};

}  // namespace nicreplay::bench
