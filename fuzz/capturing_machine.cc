// SPDX-License-Identifier: MIT
#include "fuzz/capturing_machine.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "replay/bitmap.h"

namespace nicreplay {

namespace {

// What memory reads as after the budget: descriptors with a buffer and no length.
std::uint8_t SpentByteAt(GuestAddress address) { return address % 16 == 1 ? 0x10 : 0; }

// Such a write appears whole (device.h), which it would not as a part of a longer one.
bool IsWhole(GuestAddress address, std::uint64_t size) {
  return size != 0 && address / 8 == (address + size - 1) / 8;
}

}  // namespace

void ByteLog::Reserve(std::size_t capacity) {
  if (capacity <= capacity_) return;
  auto larger = std::make_unique_for_overwrite<std::uint8_t[]>(capacity);
  if (size_ != 0) std::memcpy(larger.get(), data_.get(), size_);
  data_ = std::move(larger);
  capacity_ = capacity;
}

void ByteLog::Append(Bytes bytes) {
  if (bytes.empty()) return;
  if (bytes.size() > capacity_ - size_) Reserve(std::max(size_ + bytes.size(), 2 * capacity_));
  // Not memmove, which a sanitizer does byte by byte.
  std::memcpy(&data_[size_], bytes.data(), bytes.size());
  size_ += bytes.size();
}

CapturingMachine::FramesHash::FramesHash() : state_(XXH3_createState()) {
  if (state_ == nullptr) throw std::bad_alloc();
  XXH3_64bits_reset(state_.get());
}

void CapturingMachine::FramesHash::Add(const Frame& frame) {
  for (const Bytes& piece : frame.pieces) {
    XXH3_64bits_update(state_.get(), piece.data(), piece.size());
  }
  const std::uint64_t size = frame.size();
  XXH3_64bits_update(state_.get(), &size, sizeof(size));
  XXH3_64bits_update(state_.get(), &frame.offload, sizeof(frame.offload));
}

CapturingMachine::FramesHash CapturingMachine::HashOfKept() const {
  FramesHash hash;
  for (const Effect& effect : Effects()) {
    if (effect.kind != EffectKind::kTransmit) continue;
    const Bytes frame(effect.data, effect.data_size);
    hash.Add({{&frame, 1}, *effect.offload});
  }
  return hash;
}

bool CapturingMachine::MakesRoomFor(std::size_t size) {
  if (overflowed_) return false;
  if (bytes_.bytes().size() + size <= kMaxBytes) return true;
  overflowed_ = true;
  all_frames_ = HashOfKept();
  return false;
}

void CapturingMachine::KeepFrame(const Frame& frame) {
  ++frames_sent_;
  const std::size_t size = frame.size();
  if (!MakesRoomFor(size)) {
    all_frames_->Add(frame);
    for (const Bytes& piece : frame.pieces) {
      excess_ = XXH3_64bits_withSeed(piece.data(), piece.size(), excess_);
    }
    return;
  }
  entries_.push_back({.size = size, .kind = EffectKind::kTransmit, .offload = frame.offload});
  for (const Bytes& piece : frame.pieces) bytes_.Append(piece);
}

void CapturingMachine::KeepWrite(GuestAddress address, Bytes data) {
  if (!MakesRoomFor(data.size())) {
    excess_ = XXH3_64bits_withSeed(data.data(), data.size(), excess_ + address);
    return;
  }
  const bool continues = !entries_.empty() && entries_.back().kind == EffectKind::kDmaWrite &&
                         entries_.back().address + entries_.back().size == address &&
                         !IsWhole(entries_.back().address, entries_.back().size) &&
                         !IsWhole(address, data.size());
  if (!continues) entries_.push_back({.address = address, .offload = {}});
  entries_.back().size += data.size();
  bytes_.Append(data);
}

// What is not RAM reads 0, and is known to.
bool CapturingMachine::Known(GuestAddress address, std::size_t size) {
  if (known_.empty() || address >= ram().size()) return true;
  return AllBitsSet(known_.data(), address, std::min<std::uint64_t>(size, ram().size() - address));
}

void CapturingMachine::SetBudget(std::uint64_t budget, void (*hang)()) {
  budget_ = budget;
  hang_ = hang;
  // What sessions within a budget need, so that none behaves differently for growing it.
  entries_.reserve(std::size_t{1} << 12);
  bytes_.Reserve(std::size_t{1} << 18);
}

void CapturingMachine::Restart(const SparseRam::Page& contents) {
  Machine::Restart(contents);
  Forget();
  segmenter_.Forget();
  checked_frames_ = 0;
  spent_ = 0;
}

void CapturingMachine::Spend(std::size_t bytes) {
  const bool was_within = !over_budget();
  spent_ += 1 + bytes / 1024;
  if (!over_budget()) return;
  if (was_within) EmptyMemory();
  if (spent_ - budget_ > kHang) hang_();
}

void CapturingMachine::EmptyMemory() {
  if (sparse_ram() == nullptr) return;
  SparseRam::Page page;
  for (std::size_t i = 0; i < page.size(); ++i) page[i] = SpentByteAt(i);
  sparse_ram()->Overwrite(page);
}

void CapturingMachine::DmaRead(GuestAddress address, MutableBytes out) {
  Spend(out.size());
  if (over_budget()) {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = SpentByteAt(address + i);
    return;
  }
  if (!Known(address, out.size()) && unknown_reads_.count++ == 0) {
    unknown_reads_.first_address = address;
    unknown_reads_.first_size = out.size();
  }
  Machine::DmaRead(address, out);
  if (watch_ != nullptr) watch_->OnRead(address, out);
  if (declares_checked_) checked_status_.OnRead(address, out);
}

void CapturingMachine::DmaWrite(GuestAddress address, Bytes data) {
  CheckedStatus::Descriptor changed;
  const Frame* const frame = declares_checked_ ? port().in_delivery() : nullptr;
  if (frame != nullptr && checked_status_.Declare(*frame, address, data, changed)) {
    if (data.size() == 1) ++checked_frames_;  // the last write of a descriptor
    data = Bytes(changed).first(data.size());
  }
  Spend(data.size());
  if (over_budget()) return;
  Machine::DmaWrite(address, data);
  if (data.empty()) return;
  if (watch_ != nullptr) watch_->OnWrite(address, data);
  if (!known_.empty() && address < ram().size()) {
    SetBits(known_.data(), address, std::min<std::uint64_t>(data.size(), ram().size() - address));
  }
  if (data.size() == 8 && address % 8 == 0) ++fast_paths_.whole_writes;
  KeepWrite(address, data);
}

void CapturingMachine::Transmit(const Frame& frame) {
  Spend(frame.size());
  if (over_budget()) return;
  if (frame.pieces.size() > 1) ++fast_paths_.scattered;
  if (frame.offload == Offload{}) {
    KeepFrame(frame);
    return;
  }
  // What was not asked for, or stands for no wire frames, stays as it is and so is a difference.
  const bool taken = (OffloadsNeeded(frame.offload) & ~TransmitOffloads()) == 0;
  if (!taken || segmenter_.Parse(frame) != OffloadFault::kNone) {
    KeepFrame(frame);
    return;
  }
  ++(segmenter_.count() > 1 ? fast_paths_.super_frames : fast_paths_.partial_checksums);
  for (std::size_t i = 0; i < segmenter_.count(); ++i) {
    KeepFrame({segmenter_.Get(i), {}});
  }
}

Bytes CapturingMachine::MapRead(GuestAddress address, std::size_t size) {
  Spend(0);
  if (over_budget()) return {};
  ++fast_paths_.mapped;
  // What is unknown is DmaRead's to count.
  return Known(address, size) ? Machine::MapRead(address, size) : Bytes{};
}

void CapturingMachine::RequestWork(Nanoseconds deadline) {
  ++fast_paths_.requests;
  Machine::RequestWork(deadline);
}

bool CapturingMachine::SameEffects(const CapturingMachine& other) const {
  return entries_ == other.entries_ && std::ranges::equal(bytes_.bytes(), other.bytes_.bytes()) &&
         overflowed_ == other.overflowed_ && excess_ == other.excess_;
}

bool CapturingMachine::SameOutcome(const CapturingMachine& other) const {
  const auto frames = [](const CapturingMachine& machine) {
    return machine.overflowed_ ? machine.all_frames_->value() : machine.HashOfKept().value();
  };
  return frames(*this) == frames(other) && sparse_ram() == nullptr &&
         std::ranges::equal(ram(), other.ram());
}

std::uint64_t CapturingMachine::Hash() const {
  std::uint64_t hash = XXH3_64bits_withSeed(bytes_.bytes().data(), bytes_.bytes().size(), excess_);
  for (const Captured& entry : entries_) {
    const std::uint64_t words[] = {entry.address, entry.size,
                                   static_cast<std::uint64_t>(entry.kind), entry.offload.gso_size};
    hash = XXH3_64bits_withSeed(words, sizeof(words), hash);
  }
  return hash;
}

std::vector<Effect> CapturingMachine::Effects() const {
  std::vector<Effect> effects;
  const std::uint8_t* next = bytes_.bytes().data();
  for (const Captured& entry : entries_) {
    Effect effect;
    effect.kind = entry.kind;
    effect.address = entry.address;
    effect.data = next;
    effect.data_size = static_cast<std::uint32_t>(entry.size);
    effect.offload = &entry.offload;
    effects.push_back(effect);
    next += entry.size;
  }
  return effects;
}

void CapturingMachine::Forget() {
  entries_.clear();
  bytes_.Clear();
  frames_sent_ = 0;
  overflowed_ = false;
  excess_ = 0;
}

}  // namespace nicreplay
