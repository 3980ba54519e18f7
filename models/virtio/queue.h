// SPDX-License-Identifier: MIT
// A virtqueue as the device sees it (virtio 1.2, 2.6): what both ring formats have in common.  The
// rings are mapped once, when the driver enables the queue; everything later is held to that size.
#pragma once

#include <cstdint>

#include "models/virtio/element.h"
#include "models/virtio/memory.h"
#include "models/virtio/spec.h"

namespace nicreplay::virtio {

// A driver can make as many elements available at once as an index can count; rings that rewrite
// themselves can make more, and wait.
inline constexpr std::uint32_t kMaxElementsAtOnce = 65536;

enum class Wanted : std::uint8_t { kNo, kYes };  // notifications

enum class Taken : std::uint8_t {
  kNone,     // nothing is available
  kElement,  // an element was filled in
  kBroken,   // the ring makes no sense: the device needs a reset (2.1.2)
};

// What is available, counted only until it is enough.
struct AvailableBytes {
  std::uint64_t in = 0;    // for the device to write
  bool broken = false;     // the ring makes no sense
  bool readable = false;   // there was a ring to look at
  std::uint16_t seen = 0;  // how far the look went, for Queue::MoreThan
};

// Elements that were given back as they were.
struct Dropped {
  std::uint32_t count = 0;
  bool broken = false;  // the ring makes no sense
};

// The rings in guest memory.
struct RingMap {
  GuestAddress descriptors = 0;
  GuestAddress driver = 0;  // available ring or driver event suppression
  GuestAddress device = 0;  // used ring or device event suppression
  bool mapped = false;
  std::uint32_t size = 0;  // descriptors, when it was mapped
  bool operator==(const RingMap&) const = default;
};

// Where device and driver are in the rings.
struct RingPosition {
  std::uint16_t last_avail = 0;    // next to take
  std::uint16_t shadow_avail = 0;  // available index as last read
  std::uint16_t used = 0;          // next to give back
  std::uint16_t signalled = 0;     // used index at the last notification
  bool last_avail_wrap = true;     // packed: wrap counters
  bool shadow_avail_wrap = true;
  bool used_wrap = true;
  bool signalled_valid = false;
  bool notification = true;
  std::uint32_t in_use = 0;  // descriptors taken and not yet given back
};

class RingFormat;

class Queue {
 public:
  // `features`: those negotiated, as they are at any time; they decide the format.
  explicit Queue(const Features& features) : features_(features) {}

  // Of the queue as a register of the transport.
  std::uint32_t size() const { return size_; }
  std::uint32_t default_size() const { return default_size_; }
  std::uint16_t vector() const { return vector_; }
  void set_vector(std::uint16_t vector) { vector_ = vector; }
  GuestAddress descriptors() const { return map_.descriptors; }
  // The driver gave it rings.
  bool HasRing() const { return map_.descriptors != 0; }
  bool IsReady() const { return map_.driver != 0; }

  // A queue of size 0 does not exist.  Keeps the rings.
  void Resize(std::uint32_t default_size);
  // The driver's choice (4.1.4.3.2); what is not allowed changes nothing.
  void SetSize(std::uint32_t size);
  void SetRings(GuestAddress descriptors, GuestAddress driver, GuestAddress device);
  // One address for all rings, in the legacy layout (2.7.2).
  void SetLegacyRing(GuestAddress address);
  // Maps what was set once more, as negotiated features change the size of rings.
  void Map();
  // As after power-on.
  void Reset();

  // The next element.  Not to be called while the device is broken or has been disabled.
  Taken Take(const Memory& memory, Element* element);
  bool IsEmpty(const Memory& memory);
  // Puts the latest element back.
  void PutBack(const Element& element);
  // Forgets an element without giving it back.
  void Forget(const Element& element) { position_.in_use -= element.descriptors; }

  // Gives elements back: each is filled in, at `place` after those that were filled in since the
  // last flush, then all are shown to the driver at once.
  void Fill(const Memory& memory, const Element& element, std::uint32_t length,
            std::uint32_t place);
  void Flush(const Memory& memory, std::uint32_t count);
  void GiveBack(const Memory& memory, const Element& element, std::uint32_t length) {
    Fill(memory, element, length, 0);
    Flush(memory, 1);
  }

  // Bytes that the device may write, counted up to `enough`.
  AvailableBytes Look(const Memory& memory, std::uint64_t enough);
  // Whether there is more than what that look saw.
  bool MoreThan(const Memory& memory, const AvailableBytes& look);
  void SetNotification(const Memory& memory, Wanted wanted);
  // Whether the driver wants to hear of what was given back.
  bool ShouldNotify(const Memory& memory);

  // Gives everything that is available back as it is.
  Dropped DropAll(const Memory& memory);

  template <typename Self, typename Archive>
  static void Archived(Self& self, Archive& archive);

 private:
  friend class SplitRing;
  friend class PackedRing;

  // What the packed format fills in before a flush.
  struct Filled {
    std::uint16_t id;
    std::uint16_t descriptors;
    std::uint32_t length;
  };

  const RingFormat& format() const;
  bool Has(unsigned bit) const { return features_.Has(bit); }
  // The rings are as large as the driver says.
  bool IsWhole() const { return map_.mapped && size_ <= map_.size; }

  const Features& features_;
  std::uint32_t size_ = 0;
  std::uint32_t default_size_ = 0;
  std::uint16_t vector_ = kNoVector;
  RingMap map_;
  RingPosition position_;
  std::array<Filled, kMaxQueueSize> filled_{};
};

// What differs between the formats.  Stateless: a queue is in the format that was negotiated.
class RingFormat {
 public:
  virtual ~RingFormat() = default;
  virtual Taken Take(Queue& queue, const Memory& memory, Element* element) const = 0;
  virtual bool IsEmpty(Queue& queue, const Memory& memory) const = 0;
  virtual void PutBack(Queue& queue, const Element& element) const = 0;
  virtual void Fill(Queue& queue, const Memory& memory, const Element& element,
                    std::uint32_t length, std::uint32_t place) const = 0;
  virtual void Flush(Queue& queue, const Memory& memory, std::uint32_t count) const = 0;
  virtual AvailableBytes Look(Queue& queue, const Memory& memory, std::uint64_t enough) const = 0;
  virtual bool MoreThan(Queue& queue, const Memory& memory, std::uint16_t seen) const = 0;
  virtual void SetNotification(Queue& queue, const Memory& memory, Wanted wanted) const = 0;
  virtual bool ShouldNotify(Queue& queue, const Memory& memory) const = 0;
  virtual Dropped DropAll(Queue& queue, const Memory& memory) const = 0;
};

const RingFormat& SplitFormat();
const RingFormat& PackedFormat();

// (2.7.10): whether `event` is among the indices from `old_index` up to, but not, `new_index`.
constexpr bool NeedsEvent(std::uint16_t event, std::uint16_t new_index, std::uint16_t old_index) {
  return static_cast<std::uint16_t>(new_index - event - 1) <
         static_cast<std::uint16_t>(new_index - old_index);
}

template <typename Self, typename Archive>
void Queue::Archived(Self& self, Archive& archive) {
  archive.Bounded(self.size_, kMaxQueueSize);
  archive.Bounded(self.default_size_, kMaxQueueSize);
  archive.Number(self.vector_);
  archive.Number(self.map_.descriptors);
  archive.Number(self.map_.driver);
  archive.Number(self.map_.device);
  archive.Flag(self.map_.mapped);
  archive.Bounded(self.map_.size, kMaxQueueSize);
  archive.Number(self.position_.last_avail);
  archive.Number(self.position_.shadow_avail);
  archive.Number(self.position_.used);
  archive.Number(self.position_.signalled);
  archive.Flag(self.position_.last_avail_wrap);
  archive.Flag(self.position_.shadow_avail_wrap);
  archive.Flag(self.position_.used_wrap);
  archive.Flag(self.position_.signalled_valid);
  archive.Flag(self.position_.notification);
  archive.Number(self.position_.in_use);
}

}  // namespace nicreplay::virtio
