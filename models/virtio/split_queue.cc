// SPDX-License-Identifier: MIT
// Split virtqueues (virtio 1.2, 2.7).
#include <algorithm>
#include <optional>

#include "models/virtio/chain.h"
#include "models/virtio/queue.h"

namespace nicreplay::virtio {

class SplitRing final : public RingFormat {
 public:
  Taken Take(Queue& queue, const Memory& memory, Element* element) const override;
  bool IsEmpty(Queue& queue, const Memory& memory) const override;
  void PutBack(Queue& queue, const Element&) const override { --queue.position_.last_avail; }
  void Fill(Queue& queue, const Memory& memory, const Element& element, std::uint32_t length,
            std::uint32_t place) const override {
    WriteUsed(queue, memory, element.id, length, place);
  }
  void Flush(Queue& queue, const Memory& memory, std::uint32_t count) const override;
  AvailableBytes Look(Queue& queue, const Memory& memory, std::uint64_t enough) const override;
  bool MoreThan(Queue& queue, const Memory& memory, std::uint16_t seen) const override {
    return seen != ReadAvailIndex(queue, memory);
  }
  void SetNotification(Queue& queue, const Memory& memory, Wanted wanted) const override;
  bool ShouldNotify(Queue& queue, const Memory& memory) const override;
  Dropped DropAll(Queue& queue, const Memory& memory) const override;

 private:
  // One descriptor after the other.
  struct Walk {
    Table table;
    bool indirect = false;
    std::uint32_t steps = 0;  // descriptors of the table that were visited
    SplitDescriptor now;
  };
  enum class Step : std::uint8_t { kMore, kEnd, kBroken };

  static std::uint16_t ReadDriver(const Queue& queue, const Memory& memory, std::size_t offset) {
    if (!queue.map_.mapped) return 0;
    return memory.ReadAs<std::uint16_t>(queue.map_.driver + offset);
  }
  static std::uint16_t ReadAvailIndex(Queue& queue, const Memory& memory) {
    queue.position_.shadow_avail = ReadDriver(queue, memory, kRingIndex);
    Memory::OrderReads();
    return queue.position_.shadow_avail;
  }
  static std::uint16_t ReadAvailEntry(const Queue& queue, const Memory& memory,
                                      std::uint32_t entry) {
    return ReadDriver(queue, memory, kRingEntries + entry * sizeof(std::uint16_t));
  }
  static std::optional<std::uint16_t> ReadHead(const Queue& queue, const Memory& memory,
                                               std::uint16_t index) {
    const std::uint16_t head = ReadAvailEntry(queue, memory, index % queue.size_);
    if (head >= queue.size_) return std::nullopt;
    return head;
  }
  static void WriteDevice(const Queue& queue, const Memory& memory, std::size_t offset,
                          std::uint16_t value) {
    if (queue.map_.mapped) memory.WriteAs(queue.map_.device + offset, value);
  }
  static void WriteUsed(Queue& queue, const Memory& memory, std::uint16_t id, std::uint32_t length,
                        std::uint32_t place) {
    if (!queue.map_.mapped || queue.map_.device == 0) return;
    const std::uint32_t entry = (place + queue.position_.used) % queue.size_;
    memory.WriteAs(queue.map_.device + kRingEntries + entry * sizeof(UsedElement),
                   UsedElement{id, length});
  }
  static void WriteAvailEvent(const Queue& queue, const Memory& memory, std::uint16_t index) {
    if (!queue.position_.notification) return;
    WriteDevice(queue, memory, kRingEntries + queue.size_ * sizeof(UsedElement), index);
  }

  static bool Start(const Queue& queue, const Memory& memory, std::uint16_t head, Walk* walk);
  static Step Next(const Memory& memory, Walk* walk);
};

// At the first descriptor of a chain, which an indirect table may hold (2.7.5.3).
bool SplitRing::Start(const Queue& queue, const Memory& memory, std::uint16_t head, Walk* walk) {
  walk->table = {queue.map_.descriptors, queue.size_};
  walk->indirect = false;
  walk->steps = 1;
  walk->now = memory.ReadAs<SplitDescriptor>(queue.map_.descriptors + head * kDescriptorSize);
  if ((walk->now.flags & descriptor::kIndirect) == 0) return true;
  const std::uint32_t length = walk->now.len;
  if (length == 0 || length % kDescriptorSize != 0) return false;
  walk->indirect = true;
  walk->table = {walk->now.addr, static_cast<std::uint32_t>(length / kDescriptorSize)};
  walk->now = memory.ReadAs<SplitDescriptor>(walk->table.address);
  return true;
}

SplitRing::Step SplitRing::Next(const Memory& memory, Walk* walk) {
  if ((walk->now.flags & descriptor::kNext) == 0) return Step::kEnd;
  if (walk->now.next >= walk->table.size) return Step::kBroken;
  // A chain that is longer than its table goes in circles; longer than kMaxQueueSize it must not
  // be (2.7.5.3.1).
  if (++walk->steps > std::min(walk->table.size, kMaxQueueSize)) return Step::kBroken;
  walk->now =
      memory.ReadAs<SplitDescriptor>(walk->table.address + walk->now.next * kDescriptorSize);
  return Step::kMore;
}

bool SplitRing::IsEmpty(Queue& queue, const Memory& memory) const {
  if (!queue.IsReady()) return true;
  const RingPosition& position = queue.position_;
  if (position.shadow_avail != position.last_avail) return false;
  return ReadAvailIndex(queue, memory) == position.last_avail;
}

Taken SplitRing::Take(Queue& queue, const Memory& memory, Element* element) const {
  RingPosition& position = queue.position_;
  if (IsEmpty(queue, memory)) return Taken::kNone;
  if (position.in_use >= queue.size_) return Taken::kBroken;
  const auto head = ReadHead(queue, memory, position.last_avail++);
  if (!head) return Taken::kBroken;
  if (queue.Has(feature::kEventIdx)) WriteAvailEvent(queue, memory, position.last_avail);
  if (!queue.IsWhole()) return Taken::kBroken;
  Walk walk;
  if (!Start(queue, memory, *head, &walk)) return Taken::kBroken;
  ChainBuilder chain(element);
  Step step = Step::kMore;
  while (step == Step::kMore) {
    if (!chain.Add(walk.now.addr, walk.now.len, walk.now.flags)) return Taken::kBroken;
    step = Next(memory, &walk);
  }
  if (step == Step::kBroken) return Taken::kBroken;
  element->id = *head;
  element->descriptors = 1;
  ++position.in_use;
  return Taken::kElement;
}

void SplitRing::Flush(Queue& queue, const Memory& memory, std::uint32_t count) const {
  RingPosition& position = queue.position_;
  if (queue.map_.device == 0) return;
  const std::uint16_t old_index = position.used;
  const auto new_index = static_cast<std::uint16_t>(old_index + count);
  Memory::OrderWrites();
  WriteDevice(queue, memory, kRingIndex, new_index);
  position.used = new_index;
  position.in_use -= count;
  // Once the index has gone past the one last signalled, comparing with that means nothing.
  const auto ahead = static_cast<std::int16_t>(new_index - position.signalled);
  if (ahead < static_cast<std::uint16_t>(count)) position.signalled_valid = false;
}

AvailableBytes SplitRing::Look(Queue& queue, const Memory& memory, std::uint64_t enough) const {
  AvailableBytes look;
  const auto broken = [&look] {
    look.in = 0;
    look.broken = true;
    return look;
  };
  std::uint16_t index = queue.position_.last_avail;
  std::uint32_t visited = 0;  // descriptors of the ring
  for (;;) {
    const auto heads = static_cast<std::uint16_t>(ReadAvailIndex(queue, memory) - index);
    if (heads > queue.size_) return broken();
    if (heads == 0) return look;
    const auto head = ReadHead(queue, memory, index++);
    Walk walk;
    if (!head || !Start(queue, memory, *head, &walk)) return broken();
    if (walk.indirect && visited >= queue.size_) return broken();
    if (!walk.indirect) walk.steps += visited;
    if (walk.steps > walk.table.size) return broken();
    Step step = Step::kMore;
    while (step == Step::kMore) {
      if ((walk.now.flags & descriptor::kWrite) != 0) look.in += walk.now.len;
      if (look.in >= enough) return look;
      step = Next(memory, &walk);
    }
    if (step == Step::kBroken) return broken();
    visited = walk.indirect ? visited + 1 : walk.steps;
  }
}

void SplitRing::SetNotification(Queue& queue, const Memory& memory, Wanted wanted) const {
  if (queue.Has(feature::kEventIdx)) {
    const std::uint16_t index = ReadAvailIndex(queue, memory);
    WriteAvailEvent(queue, memory, index);
    return;
  }
  if (!queue.map_.mapped) return;
  const auto flags = memory.ReadAs<std::uint16_t>(queue.map_.device + kRingFlags);
  const int changed = wanted == Wanted::kYes ? flags & ~kUsedNoNotify : flags | kUsedNoNotify;
  WriteDevice(queue, memory, kRingFlags, static_cast<std::uint16_t>(changed));
}

bool SplitRing::ShouldNotify(Queue& queue, const Memory& memory) const {
  RingPosition& position = queue.position_;
  if (queue.Has(feature::kNotifyOnEmpty) && position.in_use == 0 && IsEmpty(queue, memory)) {
    return true;
  }
  if (!queue.Has(feature::kEventIdx)) {
    return (ReadDriver(queue, memory, kRingFlags) & kAvailNoInterrupt) == 0;
  }
  const bool valid = position.signalled_valid;
  const std::uint16_t old_index = position.signalled;
  position.signalled_valid = true;
  position.signalled = position.used;
  return !valid || NeedsEvent(ReadAvailEntry(queue, memory, queue.size_), position.used, old_index);
}

Dropped SplitRing::DropAll(Queue& queue, const Memory& memory) const {
  Dropped dropped;
  while (dropped.count < kMaxElementsAtOnce && !IsEmpty(queue, memory) &&
         queue.position_.in_use < queue.size_) {
    const auto head = ReadHead(queue, memory, queue.position_.last_avail);
    if (!head) {
      dropped.broken = true;
      break;
    }
    ++queue.position_.in_use;
    ++queue.position_.last_avail;
    if (queue.Has(feature::kEventIdx)) {
      WriteAvailEvent(queue, memory, queue.position_.last_avail);
    }
    WriteUsed(queue, memory, *head, 0, 0);
    Flush(queue, memory, 1);
    ++dropped.count;
  }
  return dropped;
}

const RingFormat& SplitFormat() {
  static const SplitRing format;
  return format;
}

}  // namespace nicreplay::virtio
