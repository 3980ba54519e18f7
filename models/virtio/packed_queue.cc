// SPDX-License-Identifier: MIT
// Packed virtqueues (virtio 1.2, 2.8).
#include <algorithm>

#include "models/virtio/chain.h"
#include "models/virtio/queue.h"

namespace nicreplay::virtio {

class PackedRing final : public RingFormat {
 public:
  Taken Take(Queue& queue, const Memory& memory, Element* element) const override;
  bool IsEmpty(Queue& queue, const Memory& memory) const override;
  void PutBack(Queue& queue, const Element& element) const override;
  void Fill(Queue& queue, const Memory&, const Element& element, std::uint32_t length,
            std::uint32_t place) const override {
    queue.filled_[place] = {element.id, element.descriptors, length};
  }
  void Flush(Queue& queue, const Memory& memory, std::uint32_t count) const override;
  AvailableBytes Look(Queue& queue, const Memory& memory, std::uint64_t enough) const override;
  bool MoreThan(Queue& queue, const Memory& memory, std::uint16_t seen) const override;
  void SetNotification(Queue& queue, const Memory& memory, Wanted wanted) const override;
  bool ShouldNotify(Queue& queue, const Memory& memory) const override;
  Dropped DropAll(Queue& queue, const Memory& memory) const override;

 private:
  // A place in the ring with its wrap counter.
  struct Cursor {
    std::uint16_t index;
    bool wrap;

    void Advance(std::uint32_t count, std::uint32_t size) {
      const std::uint32_t next = index + count;
      if (next >= size) wrap = !wrap;
      index = static_cast<std::uint16_t>(next >= size ? next - size : next);
    }
  };
  struct Walk {
    Table table;
    bool indirect = false;
    std::uint32_t index = 0;
    std::uint32_t steps = 0;  // descriptors that were visited
    PackedDescriptor now;
  };
  enum class Step : std::uint8_t { kMore, kEnd, kBroken };

  static Cursor LastAvail(const Queue& queue) {
    return {queue.position_.last_avail, queue.position_.last_avail_wrap};
  }
  static void SetLastAvail(Queue& queue, Cursor cursor) {
    queue.position_.last_avail = cursor.index;
    queue.position_.last_avail_wrap = cursor.wrap;
  }
  static PackedDescriptor ReadDescriptor(GuestAddress table, const Memory& memory,
                                         std::uint32_t index) {
    return memory.ReadAs<PackedDescriptor>(table + index * kDescriptorSize);
  }
  // (2.8.1)
  static bool IsAvailable(std::uint16_t flags, bool wrap) {
    const bool avail = (flags & descriptor::kAvail) != 0;
    const bool used = (flags & descriptor::kUsed) != 0;
    return avail != used && avail == wrap;
  }
  static bool IsAvailableAt(const Queue& queue, const Memory& memory, Cursor cursor) {
    if (!queue.map_.mapped) return false;
    const PackedDescriptor first = ReadDescriptor(queue.map_.descriptors, memory, cursor.index);
    Memory::OrderReads();
    return IsAvailable(first.flags, cursor.wrap);
  }
  static bool Start(const Queue& queue, const Memory& memory, std::uint16_t index, Walk* walk);
  static Step Next(const Queue& queue, const Memory& memory, Walk* walk);
  static void WriteUsed(const Queue& queue, const Memory& memory, const Queue::Filled& filled,
                        std::uint32_t distance);
};

// The buffer id of a chain in the ring is that of its last descriptor (2.8.6), but of the first in
// QEMU, as all drivers write it to each.
bool PackedRing::Start(const Queue& queue, const Memory& memory, std::uint16_t index, Walk* walk) {
  walk->table = {queue.map_.descriptors, queue.size_};
  walk->indirect = false;
  walk->index = index;
  walk->steps = 1;
  walk->now = ReadDescriptor(queue.map_.descriptors, memory, index);
  if ((walk->now.flags & descriptor::kIndirect) == 0) return true;
  const std::uint32_t length = walk->now.len;
  if (length == 0 || length % kDescriptorSize != 0) return false;
  walk->table = {walk->now.addr, static_cast<std::uint32_t>(length / kDescriptorSize)};
  walk->indirect = true;
  walk->index = 0;
  walk->now = ReadDescriptor(walk->table.address, memory, 0);
  return true;
}

// An indirect table is a chain by its length (2.8.8).
PackedRing::Step PackedRing::Next(const Queue& queue, const Memory& memory, Walk* walk) {
  if (!walk->indirect && (walk->now.flags & descriptor::kNext) == 0) return Step::kEnd;
  if (++walk->index == walk->table.size) {
    if (walk->indirect) return Step::kEnd;
    walk->index -= queue.size_;
  }
  if (++walk->steps > std::min(walk->table.size, kMaxQueueSize)) return Step::kBroken;
  walk->now = ReadDescriptor(walk->table.address, memory, walk->index);
  return Step::kMore;
}

bool PackedRing::IsEmpty(Queue& queue, const Memory& memory) const {
  return !IsAvailableAt(queue, memory, LastAvail(queue));
}

Taken PackedRing::Take(Queue& queue, const Memory& memory, Element* element) const {
  RingPosition& position = queue.position_;
  if (IsEmpty(queue, memory)) return Taken::kNone;
  if (position.in_use >= queue.size_ || !queue.IsWhole()) return Taken::kBroken;
  element->id = ReadDescriptor(queue.map_.descriptors, memory, position.last_avail).id;
  Walk walk;
  if (!Start(queue, memory, position.last_avail, &walk)) return Taken::kBroken;
  ChainBuilder chain(element);
  Step step = Step::kMore;
  while (step == Step::kMore) {
    if (!chain.Add(walk.now.addr, walk.now.len, walk.now.flags)) return Taken::kBroken;
    step = Next(queue, memory, &walk);
  }
  if (step == Step::kBroken) return Taken::kBroken;
  element->descriptors = static_cast<std::uint16_t>(walk.indirect ? 1 : walk.steps);
  Cursor cursor = LastAvail(queue);
  cursor.Advance(element->descriptors, queue.size_);
  SetLastAvail(queue, cursor);
  position.in_use += element->descriptors;
  position.shadow_avail = cursor.index;
  position.shadow_avail_wrap = cursor.wrap;
  return Taken::kElement;
}

void PackedRing::PutBack(Queue& queue, const Element& element) const {
  Cursor cursor = LastAvail(queue);
  if (cursor.index < element.descriptors) cursor.wrap = !cursor.wrap;
  cursor.index = static_cast<std::uint16_t>(cursor.index < element.descriptors
                                                ? cursor.index + queue.size_ - element.descriptors
                                                : cursor.index - element.descriptors);
  SetLastAvail(queue, cursor);
}

void PackedRing::WriteUsed(const Queue& queue, const Memory& memory, const Queue::Filled& filled,
                           std::uint32_t distance) {
  if (!queue.map_.mapped) return;
  Cursor cursor{queue.position_.used, queue.position_.used_wrap};
  cursor.Advance(distance, queue.size_);
  const GuestAddress at = queue.map_.descriptors + cursor.index * kDescriptorSize;
  memory.WriteAs(at + offsetof(PackedDescriptor, id), filled.id);
  memory.WriteAs(at + offsetof(PackedDescriptor, len), filled.length);
  const int flags = cursor.wrap ? descriptor::kAvail | descriptor::kUsed : 0;
  Memory::OrderWrites();
  memory.WriteAs(at + offsetof(PackedDescriptor, flags), static_cast<std::uint16_t>(flags));
}

// The first descriptor last: the driver polls it, and finds the others complete (2.8.5).
void PackedRing::Flush(Queue& queue, const Memory& memory, std::uint32_t count) const {
  if (!queue.HasRing()) return;
  std::uint32_t descriptors = queue.filled_[0].descriptors;
  for (std::uint32_t i = 1; i < count; ++i) {
    WriteUsed(queue, memory, queue.filled_[i], descriptors);
    descriptors += queue.filled_[i].descriptors;
  }
  WriteUsed(queue, memory, queue.filled_[0], 0);
  RingPosition& position = queue.position_;
  position.in_use -= descriptors;
  Cursor cursor{position.used, position.used_wrap};
  cursor.Advance(descriptors, queue.size_);
  if (cursor.wrap != position.used_wrap) position.signalled_valid = false;
  position.used = cursor.index;
  position.used_wrap = cursor.wrap;
}

AvailableBytes PackedRing::Look(Queue& queue, const Memory& memory, std::uint64_t enough) const {
  AvailableBytes look;
  const auto broken = [&look] {
    look.in = 0;
    look.broken = true;
    return look;
  };
  Cursor cursor = LastAvail(queue);
  std::uint32_t visited = 0;  // descriptors of the ring
  while (IsAvailableAt(queue, memory, cursor)) {
    Walk walk;
    if (!Start(queue, memory, cursor.index, &walk)) return broken();
    if (walk.indirect && visited >= queue.size_) return broken();
    if (!walk.indirect) walk.steps += visited;
    if (walk.steps > walk.table.size) return broken();
    Step step = Step::kMore;
    while (step == Step::kMore) {
      if ((walk.now.flags & descriptor::kWrite) != 0) look.in += walk.now.len;
      if (look.in >= enough) return look;
      step = Next(queue, memory, &walk);
    }
    if (step == Step::kBroken) return broken();
    const std::uint32_t taken = walk.indirect ? 1 : walk.steps - visited;
    cursor.Advance(taken, queue.size_);
    visited += taken;
  }
  queue.position_.shadow_avail = cursor.index;
  queue.position_.shadow_avail_wrap = cursor.wrap;
  return look;
}

bool PackedRing::MoreThan(Queue& queue, const Memory& memory, std::uint16_t seen) const {
  return IsAvailableAt(queue, memory, {seen, queue.position_.shadow_avail_wrap});
}

void PackedRing::SetNotification(Queue& queue, const Memory& memory, Wanted wanted) const {
  if (!queue.map_.mapped) return;
  std::uint16_t flags = kEventEnable;
  if (wanted == Wanted::kNo) {
    flags = kEventDisable;
  } else if (queue.Has(feature::kEventIdx)) {
    const RingPosition& position = queue.position_;
    const int place = position.shadow_avail | (position.shadow_avail_wrap ? 1 << 15 : 0);
    memory.WriteAs(queue.map_.device + kEventOffset, static_cast<std::uint16_t>(place));
    Memory::OrderWrites();
    flags = kEventDescriptor;
  }
  memory.WriteAs(queue.map_.device + kEventFlags, flags);
}

bool PackedRing::ShouldNotify(Queue& queue, const Memory& memory) const {
  if (!queue.map_.mapped) return false;
  const auto flags = memory.ReadAs<std::uint16_t>(queue.map_.driver + kEventFlags);
  Memory::OrderReads();
  const auto place = memory.ReadAs<std::uint16_t>(queue.map_.driver + kEventOffset);
  RingPosition& position = queue.position_;
  const std::uint16_t old_index = position.signalled;
  const bool valid = position.signalled_valid;
  position.signalled = position.used;
  position.signalled_valid = true;
  if (flags == kEventDisable) return false;
  if (flags == kEventEnable) return true;
  const bool wrap = place >> 15 != 0;
  auto event = static_cast<std::uint16_t>(place & 0x7fff);
  if (wrap != position.used_wrap) event = static_cast<std::uint16_t>(event - queue.size_);
  return !valid || NeedsEvent(event, position.used, old_index);
}

Dropped PackedRing::DropAll(Queue& queue, const Memory& memory) const {
  Dropped dropped;
  if (!queue.map_.mapped) return dropped;
  queue.SetNotification(memory, Wanted::kNo);
  // What was given back is not available, so that this ends after one lap.
  while (dropped.count < queue.size_ && queue.position_.in_use < queue.size_ &&
         !IsEmpty(queue, memory)) {
    Walk walk;
    const std::uint16_t first = queue.position_.last_avail;
    walk.table = {queue.map_.descriptors, queue.size_};
    walk.index = first;
    walk.steps = 1;
    walk.now = ReadDescriptor(queue.map_.descriptors, memory, first);
    queue.filled_[0] = {walk.now.id, 0, 0};
    while (Next(queue, memory, &walk) == Step::kMore) {
    }
    const std::uint32_t descriptors = std::min(walk.steps, queue.size_);
    queue.filled_[0].descriptors = static_cast<std::uint16_t>(descriptors);
    queue.position_.in_use += descriptors;
    Flush(queue, memory, 1);
    Cursor cursor = LastAvail(queue);
    cursor.Advance(descriptors, queue.size_);
    SetLastAvail(queue, cursor);
    ++dropped.count;
  }
  return dropped;
}

const RingFormat& PackedFormat() {
  static const PackedRing format;
  return format;
}

}  // namespace nicreplay::virtio
