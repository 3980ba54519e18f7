// SPDX-License-Identifier: MIT
#include "models/virtio/queue.h"

namespace nicreplay::virtio {

const RingFormat& Queue::format() const {
  return features_.Has(feature::kRingPacked) ? PackedFormat() : SplitFormat();
}

void Queue::Resize(std::uint32_t default_size) {
  size_ = default_size;
  default_size_ = default_size;
  map_.mapped = false;
}

void Queue::SetSize(std::uint32_t size) {
  if (size == 0 || size_ == 0 || size > kMaxQueueSize) return;
  size_ = size;
}

void Queue::Map() {
  if (size_ == 0) return;
  map_.mapped = map_.descriptors != 0;
  map_.size = size_;
}

void Queue::SetRings(GuestAddress descriptors, GuestAddress driver, GuestAddress device) {
  if (size_ == 0) return;
  map_.descriptors = descriptors;
  map_.driver = driver;
  map_.device = device;
  Map();
}

void Queue::SetLegacyRing(GuestAddress address) {
  const GuestAddress driver = address + size_ * kDescriptorSize;
  const GuestAddress driver_end = driver + kRingEntries + size_ * sizeof(std::uint16_t);
  SetRings(address, driver, (driver_end + kLegacyAlign - 1) & ~(kLegacyAlign - 1));
}

void Queue::Reset() {
  size_ = default_size_;
  vector_ = kNoVector;
  map_ = {};
  position_ = {};
}

Taken Queue::Take(const Memory& memory, Element* element) {
  return format().Take(*this, memory, element);
}
bool Queue::IsEmpty(const Memory& memory) { return format().IsEmpty(*this, memory); }
void Queue::PutBack(const Element& element) {
  format().PutBack(*this, element);
  Forget(element);
}
void Queue::Fill(const Memory& memory, const Element& element, std::uint32_t length,
                 std::uint32_t place) {
  format().Fill(*this, memory, element, length, place);
}
void Queue::Flush(const Memory& memory, std::uint32_t count) {
  if (count != 0) format().Flush(*this, memory, count);
}
AvailableBytes Queue::Look(const Memory& memory, std::uint64_t enough) {
  if (!map_.mapped) return {};
  AvailableBytes look;
  if (!IsWhole()) {
    look.broken = true;
    return look;
  }
  look = format().Look(*this, memory, enough);
  look.readable = true;
  look.seen = position_.shadow_avail;
  return look;
}
bool Queue::MoreThan(const Memory& memory, const AvailableBytes& look) {
  return look.readable && format().MoreThan(*this, memory, look.seen);
}
void Queue::SetNotification(const Memory& memory, Wanted wanted) {
  position_.notification = wanted == Wanted::kYes;
  if (HasRing()) format().SetNotification(*this, memory, wanted);
  if (wanted == Wanted::kYes) Memory::OrderAll();
}
bool Queue::ShouldNotify(const Memory& memory) {
  Memory::OrderAll();
  return format().ShouldNotify(*this, memory);
}
Dropped Queue::DropAll(const Memory& memory) { return format().DropAll(*this, memory); }

}  // namespace nicreplay::virtio
