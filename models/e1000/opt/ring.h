// SPDX-License-Identifier: MIT
// ring: the descriptors that are due are read in batches, where they lie, instead of one at a time.
//
// Why a driver cannot tell: stock reads a descriptor after it has finished those before, so reading
// it earlier differs only if what the device writes meanwhile reaches it.  Slots do not overlap (a
// ring's base is a multiple of 16), and a write-back stays in its own slot; what else the device
// writes while it works a ring, the users of this class look after.  Nothing past the tail is read.
// Write-backs stay 4 bytes each: joining those of neighbours would rewrite the driver's fields in
// between.
#pragma once

#include <array>
#include <cstdint>

#include "models/e1000/control_plane.h"
#include "models/e1000/descriptors.h"

namespace nicreplay::e1000 {

enum class RingReading : std::uint8_t { kSingle, kBatch };

// A ring and the part of it that is due.
struct RingSpan {
  GuestAddress base = 0;
  std::uint32_t size = 0;   // descriptors of the ring, not 0
  std::uint32_t first = 0;  // below size
  std::uint32_t count = 0;  // of descriptors that are due, at most size

  // Whether bytes of guest memory lie in the ring, due or not.
  bool Overlaps(GuestAddress address, std::size_t bytes) const {
    return address - base < std::uint64_t{size} * kDescriptorSize || base - address < bytes;
  }
};

// From head to tail; the whole ring where the tail is outside of it, because it is never reached.
// The head is inside.
inline RingSpan DueDescriptors(const RegisterFile& registers, Offset base, Offset length,
                               Offset head, Offset tail) {
  const std::uint32_t size = registers.RingSize(length);
  const std::uint32_t first = registers[head];
  const std::uint32_t end = registers[tail];
  const std::uint32_t count = end >= size ? size : end >= first ? end - first : size + end - first;
  return {registers.RingBase(base), size, first, count};
}

// The descriptors that are due, from the first on.
class DescriptorWindow {
 public:
  DescriptorWindow(ControlPlane& control, const RingSpan& ring, RingReading reading)
      : control_(control),
        ring_{ring.base, ring.size, ring.first, ring.count},
        reading_(reading),
        head_(ring.first),
        left_(ring.count) {}

  const RingSpan& ring() const { return ring_; }
  std::uint32_t head() const { return head_; }
  std::uint32_t left() const { return left_; }

  // `ahead` is below left().
  GuestAddress AddressOf(std::uint32_t ahead) const {
    return ring_.base + kDescriptorSize * std::uint64_t{IndexOf(ahead)};
  }

  // A copy, because the driver may change what lies in memory at any time.
  template <typename Descriptor>
  Descriptor At(std::uint32_t ahead) {
    const std::uint32_t index = IndexOf(ahead);
    if (index - batch_first_ >= batch_size_) Fetch(index, ahead);
    Descriptor descriptor;
    std::memcpy(&descriptor, batch_ + kDescriptorSize * (index - batch_first_), kDescriptorSize);
    return descriptor;
  }

  // `count` is at most left().
  void Advance(std::uint32_t count) {
    head_ = IndexOf(count);
    left_ -= count;
  }

 private:
  static constexpr std::uint32_t kCopied = 16;  // descriptors a batch where memory cannot be mapped

  std::uint32_t IndexOf(std::uint32_t ahead) const {
    const std::uint32_t index = head_ + ahead;
    return index >= ring_.size ? index - ring_.size : index;
  }
  void Fetch(std::uint32_t index, std::uint32_t ahead);

  ControlPlane& control_;
  const RingSpan ring_;
  const RingReading reading_;
  std::uint32_t head_;
  std::uint32_t left_;
  std::uint32_t batch_first_ = 0;  // index in the ring
  std::uint32_t batch_size_ = 0;
  const std::uint8_t* batch_ = nullptr;
  std::array<std::uint8_t, kCopied * kDescriptorSize> copies_;
};

}  // namespace nicreplay::e1000
