// SPDX-License-Identifier: MIT
#include "fuzz/virtio_invariants.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "models/virtio/net_spec.h"

namespace nicreplay {

using virtio::DriverRing;
namespace descriptor = virtio::descriptor;

namespace {

template <typename T>
T As(Bytes data, std::size_t at = 0) {
  T value{};
  std::memcpy(&value, data.data() + at, sizeof(value));
  return value;
}

}  // namespace

VirtioInvariants::VirtioInvariants(CapturingMachine& machine, OperationSink& next)
    : machine_(machine), next_(next) {
  machine_.set_watch(this);
}

VirtioInvariants::~VirtioInvariants() { machine_.set_watch(nullptr); }

void VirtioInvariants::Violate(const std::string& what) {
  if (!violation_) violation_ = what;
}

// Rings that were laid out anew hold nothing that was taken.
void VirtioInvariants::Follow() {
  for (std::size_t i = 0; i < queues_.size(); ++i) {
    if (queues_[i].epoch == layout_->epochs[i]) continue;
    queues_[i] = {};
    queues_[i].epoch = layout_->epochs[i];
  }
}

std::uint64_t VirtioInvariants::Do(const Stimulus& operation) {
  watching_ = layout_->known && operation.kind != StimulusKind::kMemory;
  if (watching_) Follow();
  for (Watched& queue : queues_) queue.latest = nullptr;
  return next_.Do(operation);
}

void VirtioInvariants::ReadDescriptor(Watched& watched, const DriverRing& ring, Place place,
                                      Bytes data) {
  if (watched.latest == nullptr) return;
  const auto address = As<std::uint64_t>(data);
  const auto length = As<std::uint32_t>(data, offsetof(virtio::SplitDescriptor, len));
  const auto flags = ring.format() == DriverRing::Format::kSplit
                         ? As<virtio::SplitDescriptor>(data).flags
                         : As<virtio::PackedDescriptor>(data).flags;
  const Range range{address, length};
  const bool begins = std::exchange(watched.begins, false);
  // In a table the flag means nothing (2.7.5.3.1), nor behind the first descriptor of a chain, as
  // QEMU has it.  A packed ring does not show whether one that follows is behind it or begins
  // another.
  const bool indirect = place == Place::kRing && (flags & descriptor::kIndirect) != 0;
  Element& look = watched.latest->looks.back();
  if (indirect) look.tables.push_back(range);
  if ((flags & descriptor::kWrite) != 0 && !(indirect && begins)) look.writable.push_back(range);
}

// Whether it was of this queue.
bool VirtioInvariants::ReadOfRing(std::size_t queue, GuestAddress address, Bytes data) {
  const DriverRing& ring = layout_->rings[queue];
  Watched& watched = queues_[queue];
  const bool split = ring.format() == DriverRing::Format::kSplit;
  const Range entries{ring.driver_area() + virtio::kRingEntries, ring.size() * std::uint64_t{2}};
  if (split && data.size() == 2 && entries.Holds(address, 2)) {
    watched.latest = &watched.taken[As<std::uint16_t>(data)];
    watched.latest->looks.emplace_back();
    watched.begins = true;
    return true;
  }
  if (data.size() != virtio::kDescriptorSize) return false;
  const Range table{ring.descriptors(), ring.size() * virtio::kDescriptorSize};
  if (table.Holds(address, data.size())) {
    const auto slot = static_cast<std::uint32_t>((address - table.address) / data.size());
    if (!split) {
      // Each descriptor of a chain may be the one that has the id.
      const bool begins = watched.latest == nullptr || slot != watched.packed_next;
      const Element before = begins ? Element{} : watched.latest->looks.back();
      watched.latest = &watched.taken[As<virtio::PackedDescriptor>(data).id];
      watched.latest->looks.push_back(before);
      watched.begins = begins;
    }
    watched.packed_next = (slot + 1) % ring.size();
    ReadDescriptor(watched, ring, Place::kRing, data);
    return true;
  }
  if (watched.latest == nullptr) return false;
  const bool of_table =
      std::ranges::any_of(watched.latest->looks.back().tables,
                          [&](const Range& range) { return range.Holds(address, data.size()); });
  if (of_table) ReadDescriptor(watched, ring, Place::kTable, data);
  return of_table;
}

void VirtioInvariants::OnRead(GuestAddress address, Bytes data) {
  if (!watching_ || machine_.over_budget()) return;
  for (std::size_t i = 0; i < queues_.size(); ++i) {
    if (layout_->rings[i].size() != 0 && ReadOfRing(i, address, data)) return;
  }
}

void VirtioInvariants::GiveBack(std::size_t queue, std::uint32_t id, std::uint64_t length) {
  Watched& watched = queues_[queue];
  const auto found = watched.taken.find(id);
  if (found == watched.taken.end()) {
    Violate(fmt::format("queue {} gives back buffer {}, which it has not taken", queue, id));
    return;
  }
  std::uint64_t room = 0;
  for (const Element& look : found->second.looks) {
    std::uint64_t bytes = 0;
    for (const Range& range : look.writable) bytes += range.size;
    room = std::max(room, bytes);
  }
  if (length > room) {
    Violate(fmt::format("queue {} says that {} bytes were written to buffer {}, which has {}",
                        queue, length, id, room));
  }
  if (watched.latest == &found->second) watched.latest = nullptr;
  if (++found->second.returned == found->second.looks.size()) watched.taken.erase(found);
}

// Whether it is the device's to write for this queue.
bool VirtioInvariants::WriteOfRing(std::size_t queue, GuestAddress address, Bytes data) {
  const DriverRing& ring = layout_->rings[queue];
  Watched& watched = queues_[queue];
  const GuestAddress device = ring.device_area();
  if (ring.format() == DriverRing::Format::kSplit) {
    const std::uint64_t elements = ring.size() * sizeof(virtio::UsedElement);
    const Range entries{device + virtio::kRingEntries, elements};
    if (data.size() == sizeof(virtio::UsedElement) && entries.Holds(address, data.size())) {
      const auto used = As<virtio::UsedElement>(data);
      GiveBack(queue, used.id, used.len);
      return true;
    }
    const Range around{device, virtio::kRingEntries + elements + 2};
    if (around.Holds(address, data.size()) && data.size() == 2) return true;
  } else {
    const Range event{device, virtio::kEventSize};
    if (event.Holds(address, data.size())) return true;
    const Range table{ring.descriptors(), ring.size() * virtio::kDescriptorSize};
    if (table.Holds(address, data.size())) {
      const std::uint64_t at = (address - table.address) % virtio::kDescriptorSize;
      if (at == offsetof(virtio::PackedDescriptor, id) && data.size() == 2) {
        watched.returned = As<std::uint16_t>(data);
        return true;
      }
      if (at == offsetof(virtio::PackedDescriptor, len) && data.size() == 4) {
        // Without an id: that lay in a buffer, too.  The length is not judged: descriptors of one
        // chain may have several ids.
        if (watched.returned) GiveBack(queue, *watched.returned, 0);
        watched.returned.reset();
        return true;
      }
      if (at == offsetof(virtio::PackedDescriptor, flags) && data.size() == 2) return true;
    }
  }
  return false;
}

// Whether it is in a buffer that the device has.
bool VirtioInvariants::WriteOfBuffer(const Watched& watched, GuestAddress address,
                                     Bytes data) const {
  for (const auto& [id, taken] : watched.taken) {
    for (const Element& look : taken.looks) {
      for (const Range& range : look.writable) {
        if (range.Holds(address, data.size())) return true;
      }
    }
  }
  return false;
}

void VirtioInvariants::OnWrite(GuestAddress address, Bytes data) {
  if (!watching_ || machine_.over_budget() || violation_) return;
  // First, because a buffer may lie in a ring.
  for (const Watched& queue : queues_) {
    if (WriteOfBuffer(queue, address, data)) return;
  }
  for (std::size_t i = 0; i < queues_.size(); ++i) {
    if (layout_->rings[i].size() != 0 && WriteOfRing(i, address, data)) return;
  }
  const Range messages{VirtioLayout::kMessages, VirtioLayout::kMessageBytes};
  const bool message = data.size() == 4 && (messages.Holds(address, 4) || address == 0);
  if (message) return;
  Violate(fmt::format("{} bytes are written at 0x{:x}, where nothing is for the device to write",
                      data.size(), address));
}

}  // namespace nicreplay
