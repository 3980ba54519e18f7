// SPDX-License-Identifier: MIT
#include "replay/machine.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "models/pci_config.h"
#include "models/shadow_pages.h"
#include "replay/apply.h"

namespace nicreplay {

Machine::Machine(std::size_t ram_size, MemoryKind kind)
    : ram_size_(kind == MemoryKind::kFlat ? ram_size : 0), direct_size_(ram_size_) {
  ram_.reset(static_cast<std::uint8_t*>(std::calloc(ram_size_ + 1, 1)));
  if (ram_ == nullptr) throw std::bad_alloc();
  if (kind == MemoryKind::kSparse) {
    sparse_ = std::make_unique<SparseRam>(ram_size / SparseRam::kPageSize);
  }
  deadlines_.fill(kNotArmed);
}

void Machine::Restart(const SparseRam::Page& contents) {
  if (sparse_) sparse_->Restart(contents);
  port_.Restart();
  now_ = 0;
  line_ = LineLevel::kLow;
  window_size_ = 0;
  direct_size_ = ram_size_;
  deadlines_.fill(kNotArmed);
  ++armed_;
  work_deadline_ = kNotArmed;
  next_deadline_ = kNotArmed;
  transmit_offloads_ = 0;
}

void Machine::Attach(Device* device) {
  device_ = device;
  port_.Attach(device);
}

// Calls f(offset of the part in the range, its length, where it lies in RAM or null).
template <typename F>
void Machine::ForEachPart(GuestAddress address, std::size_t size, F f) {
  std::size_t done = 0;
  while (done < size) {
    const GuestAddress at = address + done;
    std::uint64_t room =
        at == 0 ? size : std::uint64_t{0} - at;  // up to the end of the address space
    std::uint8_t* ram = nullptr;
    if (window_size_ != 0 && at >= window_ && at - window_ < window_size_) {
      room = std::min(room, window_size_ - (at - window_));
    } else {
      if (window_size_ != 0 && at < window_) room = std::min(room, window_ - at);
      if (sparse_) {
        ram = sparse_->At(at);
        room = std::min<std::uint64_t>(room, SparseRam::kPageSize - at % SparseRam::kPageSize);
      } else if (at < ram_size_) {
        ram = ram_.get() + at;
        room = std::min<std::uint64_t>(room, ram_size_ - at);
      }
    }
    const std::size_t part = static_cast<std::size_t>(std::min<std::uint64_t>(size - done, room));
    f(done, part, ram);
    done += part;
  }
}

void Machine::ReadParts(GuestAddress address, MutableBytes out) {
  ForEachPart(address, out.size(), [&](std::size_t offset, std::size_t size, std::uint8_t* ram) {
    if (ram != nullptr) {
      std::memcpy(out.data() + offset, ram, size);
    } else {
      std::memset(out.data() + offset, 0, size);
    }
  });
}

void Machine::WriteParts(GuestAddress address, Bytes data) {
  ForEachPart(address, data.size(), [&](std::size_t offset, std::size_t size, std::uint8_t* ram) {
    if (ram != nullptr) std::memcpy(ram, data.data() + offset, size);
  });
}

Bytes Machine::MapRead(GuestAddress address, std::size_t size) {
  if (const std::uint8_t* direct = Direct(address, size)) return {direct, size};
  Bytes mapped;
  ForEachPart(address, size, [&](std::size_t offset, std::size_t part, std::uint8_t* ram) {
    if (offset == 0 && ram != nullptr) mapped = {ram, part};
  });
  return mapped;
}

void Machine::MapWindow() {
  window_size_ = 0;
  direct_size_ = ram_size_;
  if (device_->info().bars[0].kind != BarInfo::Kind::kMemory32) return;
  if ((device_->ConfigRead(PciConfig::kCommand, 2) & PciConfig::kCommandMemory) == 0) return;
  window_ = device_->ConfigRead(PciConfig::kBar0, 4) & ~std::uint32_t{0xf};
  // A BAR at address 0 is not mapped, as in QEMU.
  if (window_ == 0) return;
  window_size_ = device_->info().bars[0].size;
  direct_size_ = static_cast<std::size_t>(std::min<GuestAddress>(ram_size_, window_));
}

void Machine::FindNextDeadline() {
  next_deadline_ =
      std::min(work_deadline_, *std::min_element(deadlines_.begin(), deadlines_.end()));
}

void Machine::ArmTimer(TimerId id, Nanoseconds deadline) {
  if (id >= kMaxTimers) return;
  deadlines_[id] = deadline;
  order_[id] = ++armed_;
  FindNextDeadline();
}

void Machine::CancelTimer(TimerId id) { ArmTimer(id, kNotArmed); }

void Machine::RequestWork(Nanoseconds deadline) {
  work_deadline_ = std::min(work_deadline_, deadline);
  FindNextDeadline();
}

void Machine::CancelWork() {
  work_deadline_ = kNotArmed;
  FindNextDeadline();
}

// The timer, or work, that is due at next_deadline_.
void Machine::FireTimer() {
  std::size_t first = kMaxTimers;
  for (std::size_t id = 0; id < kMaxTimers; ++id) {
    if (deadlines_[id] != next_deadline_) continue;
    if (first == kMaxTimers || order_[id] < order_[first]) first = id;
  }
  if (first == kMaxTimers) {
    CancelWork();
    device_->Work();
    return;
  }
  CancelTimer(static_cast<TimerId>(first));
  device_->Timer(static_cast<TimerId>(first));
}

void Machine::AdvanceTo(Nanoseconds time) {
  while (next_deadline_ <= time && next_deadline_ != kNotArmed) {
    now_ = std::max(now_, next_deadline_);
    FireTimer();
  }
  now_ = std::max(now_, time);
}

void Machine::OfferFrame(const Stimulus& stimulus) {
  const Offload offload = stimulus.offload == nullptr ? Offload{} : *stimulus.offload;
  if (stimulus.detail == 0 && !port_.gathering()) {
    port_.Offer(stimulus.bytes(), offload);
    return;
  }
  port_.Gather(stimulus.bytes(), offload);
  if (stimulus.detail == 0) port_.OfferBurst();
}

bool Machine::IsShadowed(const Stimulus& stimulus) const {
  const bool access = stimulus.kind == StimulusKind::kRead || stimulus.kind == StimulusKind::kWrite;
  if (!access || stimulus.bar != 0 || stimulus.size == 0) return false;
  const ShadowPages* shadow = device_->shadow();
  if (shadow == nullptr || !shadow->active()) return false;
  return stimulus.offset % stimulus.size == 0 && shadow->Find(stimulus.offset) != nullptr;
}

// As the bus does it without an exit: plain memory, whatever the size.
std::uint64_t Machine::AccessShadow(const Stimulus& stimulus) {
  std::uint64_t value = stimulus.value;
  for (std::uint32_t done = 0; done < stimulus.size;) {
    const std::uint32_t offset = stimulus.offset + done;
    const std::uint32_t part = std::min<std::uint32_t>(stimulus.size, 4);
    std::atomic<std::uint32_t>& word = *device_->shadow()->Find(offset);
    const std::uint32_t shift = 8 * (offset % 4);
    const std::uint32_t mask = (part == 4 ? ~0u : (1u << 8 * part) - 1) << shift;
    const std::uint32_t old = word.load(std::memory_order_acquire);
    if (stimulus.kind == StimulusKind::kWrite) {
      const auto wanted = static_cast<std::uint32_t>(value >> 8 * done) << shift;
      word.store((old & ~mask) | (wanted & mask), std::memory_order_release);
    } else {
      value = (done == 0 ? 0 : value) | std::uint64_t{(old & mask) >> shift} << 8 * done;
    }
    done += part;
  }
  return stimulus.kind == StimulusKind::kRead ? value : 0;
}

std::uint64_t Machine::Apply(const Stimulus& stimulus) {
  // A burst whose end does not come ends here.
  if (stimulus.kind != StimulusKind::kFrame) port_.OfferBurst();
  AdvanceTo(stimulus.time);
  if (IsShadowed(stimulus)) return AccessShadow(stimulus);
  switch (stimulus.kind) {
    case StimulusKind::kMemory:
      DmaWrite(stimulus.value, stimulus.bytes());
      return 0;
    case StimulusKind::kFrame:
      OfferFrame(stimulus);
      return 0;
    case StimulusKind::kLink:
      port_.SetLink(stimulus.detail != 0 ? LinkState::kUp : LinkState::kDown);
      return 0;
    case StimulusKind::kWork:
      if (work_deadline_ == kNotArmed) return 0;
      CancelWork();
      device_->Work();
      return 0;
    case StimulusKind::kConfigWrite:
    case StimulusKind::kReset:
      ApplyToDevice(*device_, stimulus);
      MapWindow();
      return 0;
    default:
      return ApplyToDevice(*device_, stimulus);
  }
}

}  // namespace nicreplay
