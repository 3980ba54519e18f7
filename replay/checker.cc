// SPDX-License-Identifier: MIT
#include "replay/checker.h"

#include <algorithm>
#include <cstring>

#include "replay/exact.h"

namespace nicreplay {

namespace {

bool SameBytes(const Effect& a, const Effect& b) {
  // Empty frames are nowhere.
  return a.data_size == b.data_size &&
         (a.data_size == 0 || std::memcmp(a.data, b.data, a.data_size) == 0);
}

bool SameOffload(const Effect& a, const Effect& b) {
  if (a.offload == b.offload) return true;
  const Offload none;
  return (a.offload == nullptr ? none : *a.offload) == (b.offload == nullptr ? none : *b.offload);
}

bool Same(const Effect& a, const Effect& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case EffectKind::kDmaRead:
      return true;
    case EffectKind::kDmaWrite:
      return a.address == b.address && SameBytes(a, b);
    case EffectKind::kTransmit:
      return SameBytes(a, b) && SameOffload(a, b);
    case EffectKind::kDelivery:
      return a.result == b.result;
    case EffectKind::kTimerArmed:
      return a.detail == b.detail && a.address == b.address;
    case EffectKind::kInterrupt:
    case EffectKind::kReady:
    case EffectKind::kTimerCancelled:
      return a.detail == b.detail;
  }
  return false;
}

}  // namespace

Checker::Checker(StepSource& source, GuestMemory& memory, std::unique_ptr<Describer> describer)
    : ReplayHost(memory), source_(source), describer_(std::move(describer)) {
  deadline_.fill(Divergence::kNotArmed);
  deadline_before_.fill(Divergence::kNotArmed);
}

// Whether the effect is the next one expected.
bool Checker::Expect(const Effect& effect) {
  SkipReads();
  if (deviated_ || partial_ != 0 || cursor_ == end_ || !Same(*cursor_, effect)) return false;
  ++cursor_;
  return true;
}

// The same for a write, which may be a part of the expected one: devices split their DMA as they
// like.
bool Checker::ExpectWrite(const Effect& effect) {
  SkipReads();
  if (deviated_ || cursor_ == end_ || cursor_->kind != EffectKind::kDmaWrite) return false;
  if (effect.address != cursor_->address + partial_ ||
      effect.data_size > cursor_->data_size - partial_ ||
      std::memcmp(effect.data, cursor_->data + partial_, effect.data_size) != 0) {
    return false;
  }
  partial_ += effect.data_size;
  if (partial_ == cursor_->data_size) {
    partial_ = 0;
    ++cursor_;
  }
  return true;
}

// What the device did so far, all of it as expected.
void Checker::SeedActual() {
  UseWireFrames();
  actual_.assign(first_, cursor_);
  if (partial_ == 0) return;
  actual_.push_back(*cursor_);
  actual_.back().data_size = partial_;
  partial_ = 0;
}

void Checker::Deviate(const Effect& effect) {
  if (!deviated_) {
    deviated_ = true;
    SeedActual();
  }
  if (runaway_) return;
  if (kept_bytes_ + effect.data_size + actual_.size() * sizeof(Effect) > kMaxEffectBytes) {
    runaway_ = true;
    return;
  }
  Effect copy = effect;
  copy.data = kept_.Copy(effect.bytes());
  copy.offload = kept_.Copy(effect.offload);
  kept_bytes_ += effect.data_size;
  actual_.push_back(copy);
}

void Checker::DmaRead(GuestAddress address, MutableBytes out) {
  memory_.Read(address, out);
  if (memory_.Known(address, out.size())) return;
  ++unknown_read_count_;
  if (unknown_reads_.size() < kMaxUnknownReads) {
    unknown_reads_.push_back({index_, address, out.size()});
  }
}

void Checker::DmaWrite(GuestAddress address, Bytes data) {
  if (data.empty()) return;
  memory_.DeviceWrite(address, data);
  Effect effect;
  effect.kind = EffectKind::kDmaWrite;
  effect.address = address;
  effect.data = data.data();
  effect.data_size = static_cast<std::uint32_t>(data.size());
  if (!ExpectWrite(effect)) Deviate(effect);
}

// Whether the next effect expected is that very frame.
bool Checker::IsNext(const Frame& frame) const {
  if (deviated_ || partial_ != 0 || cursor_ == end_ || cursor_->kind != EffectKind::kTransmit) {
    return false;
  }
  Effect found;
  found.offload = &frame.offload;
  if (cursor_->data_size != frame.size() || !SameOffload(*cursor_, found)) return false;
  const std::uint8_t* at = cursor_->data;
  for (const Bytes& piece : frame.pieces) {
    if (!piece.empty() && std::memcmp(at, piece.data(), piece.size()) != 0) return false;
    at += piece.size();
  }
  return true;
}

// A model that leaves work to its network sends super-frames where another sends what they stand
// for: unless recording and model agree, wire frames are compared.
void Checker::Transmit(const Frame& frame) {
  const OffloadSet needed = OffloadsNeeded(frame.offload);
  if (needed == 0 && recorded_offloads_ == 0) {
    TransmitWire(frame.pieces, frame.offload);
    return;
  }
  SkipReads();
  if (IsNext(frame)) {
    ++cursor_;
    return;
  }
  UseWireFrames();
  const bool taken = needed != 0 && (needed & ~(TransmitOffloads() | recorded_offloads_)) == 0;
  if (!taken || segmenter_.Parse(frame) != OffloadFault::kNone) {
    TransmitWire(frame.pieces, frame.offload);
    return;
  }
  for (std::size_t i = 0; i < segmenter_.count(); ++i) TransmitWire(segmenter_.Get(i), {});
}

void Checker::TransmitWire(std::span<const Bytes> pieces, const Offload& offload) {
  Effect effect;
  effect.kind = EffectKind::kTransmit;
  effect.offload = &offload;
  std::vector<std::uint8_t> whole;
  Bytes bytes;
  if (pieces.size() == 1) {
    bytes = pieces[0];
  } else {
    whole.reserve(Frame{pieces, {}}.size());
    for (const Bytes& piece : pieces) whole.insert(whole.end(), piece.begin(), piece.end());
    bytes = whole;
  }
  effect.data = bytes.data();
  effect.data_size = static_cast<std::uint32_t>(bytes.size());
  if (!Expect(effect)) Deviate(effect);
}

ReceiveResult Checker::Deliver(const Effect& delivery) {
  // The result is known only afterwards, but the delivery comes before its own effects.
  SkipReads();
  const bool expected =
      !deviated_ && partial_ == 0 && cursor_ != end_ && cursor_->kind == EffectKind::kDelivery;
  const Effect* at = cursor_;
  const bool wired = wired_;
  auto place = static_cast<std::size_t>(cursor_ - first_);
  std::size_t slot = 0;
  if (expected) {
    ++cursor_;
  } else {
    Deviate(delivery);
    slot = actual_.size();
  }
  const ReceiveResult result = ReplayHost::Deliver(delivery);
  if (expected && result != at->result) {
    if (!deviated_) {
      deviated_ = true;
      SeedActual();
    }
    if (wired_ != wired) place = wire_places_[place];
    actual_[place].result = result;
  } else if (!expected && slot != 0 && slot <= actual_.size()) {
    actual_[slot - 1].result = result;
  }
  return result;
}

void Checker::ArmTimer(TimerId id, Nanoseconds deadline) {
  levels_touched_ = true;
  deadline_[id] = deadline;
  if (!touched_[id]) {
    touched_[id] = true;
    touched_list_.push_back(id);
  }
}

void Checker::CancelTimer(TimerId id) { ArmTimer(id, Divergence::kNotArmed); }

void Checker::EndTimer(std::size_t id) {
  touched_[id] = false;
  if (deadline_[id] == deadline_before_[id]) return;
  deadline_before_[id] = deadline_[id];
  Effect effect;
  effect.detail = static_cast<std::uint8_t>(id);
  effect.kind = EffectKind::kTimerCancelled;
  if (deadline_[id] != Divergence::kNotArmed) {
    effect.kind = EffectKind::kTimerArmed;
    effect.address = deadline_[id];
  }
  if (!Expect(effect)) Deviate(effect);
}

// The order is the recorder's: interrupt line, readiness, timers by number.
void Checker::EndLevels() {
  Effect effect;
  if (line_ != line_before_) {
    line_before_ = line_;
    effect.kind = EffectKind::kInterrupt;
    effect.detail = line_ == LineLevel::kHigh ? 1 : 0;
    if (!Expect(effect)) Deviate(effect);
  }
  const bool ready = device_->CanReceive();
  if (ready != ready_before_) {
    ready_before_ = ready;
    effect.kind = EffectKind::kReady;
    effect.detail = ready ? 1 : 0;
    if (!Expect(effect)) Deviate(effect);
  }
  if (touched_list_.empty()) return;
  if (touched_list_.size() > 1) std::sort(touched_list_.begin(), touched_list_.end());
  for (const TimerId id : touched_list_) EndTimer(id);
  touched_list_.clear();
}

void Checker::SyncDescriber() {
  source_.ForEachStimulus(described_, index_,
                          [&](const Stimulus& stimulus) { Follow(*describer_, stimulus); });
  described_ = index_;
}

std::optional<Divergence> Checker::Compare(const Step& step, std::uint64_t value) {
  Divergence divergence;
  const Stimulus& stimulus = step.stimulus;
  if (stimulus.kind == StimulusKind::kRead || stimulus.kind == StimulusKind::kConfigRead) {
    if (value != stimulus.value) {
      divergence.kind = Divergence::Kind::kValue;
      divergence.expected = stimulus.value;
      divergence.found = value;
      return divergence;
    }
  }
  if (stimulus.kind == StimulusKind::kFrame &&
      value != static_cast<std::uint64_t>(stimulus.result)) {
    divergence.kind = Divergence::Kind::kResult;
    divergence.expected = static_cast<std::uint64_t>(stimulus.result);
    divergence.found = value;
    return divergence;
  }
  SkipReads();
  if (!deviated_ && cursor_ == end_) return std::nullopt;
  if (!deviated_) SeedActual();
  if (runaway_) {
    divergence.kind = Divergence::Kind::kRunaway;
    return divergence;
  }
  SyncDescriber();
  const auto has = [this](GuestAddress address, std::uint8_t expected) {
    std::uint8_t byte = 0;
    memory_.Read(address, {&byte, 1});
    return byte == expected && memory_.Known(address, 1);
  };
  return CompareExact({first_, end_}, actual_, *describer_, has);
}

void Checker::AddWireEffects(const Effect& effect) {
  const bool partial = effect.kind == EffectKind::kTransmit && effect.offload != nullptr &&
                       OffloadsNeeded(*effect.offload) != 0;
  const Bytes pieces[] = {effect.bytes()};
  if (!partial || segmenter_.Parse({pieces, *effect.offload}) != OffloadFault::kNone) {
    wire_effects_.push_back(effect);
    return;
  }
  for (std::size_t i = 0; i < segmenter_.count(); ++i) {
    Effect wire = {.data_size = static_cast<std::uint32_t>(segmenter_.SizeOf(i)),
                   .kind = EffectKind::kTransmit};
    std::uint8_t* to = wire_bytes_.Allocate(wire.data_size);
    wire.data = to;
    for (const Bytes& piece : segmenter_.Get(i)) to = std::copy(piece.begin(), piece.end(), to);
    wire_effects_.push_back(wire);
  }
}

void Checker::UseWireFrames() {
  if (wired_) return;
  wired_ = true;
  wire_effects_.clear();
  wire_places_.clear();
  wire_bytes_.Reset();
  for (const Effect* effect = first_; effect != end_; ++effect) {
    wire_places_.push_back(wire_effects_.size());
    AddWireEffects(*effect);
  }
  wire_places_.push_back(wire_effects_.size());
  const std::size_t cursor = wire_places_[static_cast<std::size_t>(cursor_ - first_)];
  first_ = wire_effects_.data();
  cursor_ = first_ + cursor;
  end_ = first_ + wire_effects_.size();
}

inline void Checker::Begin(const Step& step) {
  const std::span<const Effect> expected = window_.EffectsOf(step);
  recorded_offloads_ = 0;
  for (const Effect& effect : expected) {
    if (effect.offload != nullptr) recorded_offloads_ |= OffloadsNeeded(*effect.offload);
  }
  wired_ = recorded_offloads_ == 0;
  first_ = cursor_ = expected.data();
  end_ = first_ + expected.size();
  levels_touched_ = false;
}

// Most stimuli are accesses to registers without further effect: those are done with here.  A read
// cannot make the device ready; if one did, the next write would show it.
inline bool Checker::NothingToCompare(const Step& step, std::uint64_t value) {
  if (levels_touched_ || deviated_ || cursor_ != end_) return false;
  const Stimulus& stimulus = step.stimulus;
  if (stimulus.kind == StimulusKind::kRead) return value == stimulus.value;
  return stimulus.kind == StimulusKind::kWrite && device_->CanReceive() == ready_before_;
}

std::optional<Divergence> Checker::End(const Step& step, std::uint64_t value) {
  EndLevels();
  auto divergence = Compare(step, value);
  if (divergence) divergence->event = index_;
  if (deviated_) {
    deviated_ = runaway_ = false;
    actual_.clear();
    kept_.Reset();
    kept_bytes_ = 0;
  }
  return divergence;
}

std::optional<Divergence> Checker::JudgeWork(const Stimulus& stimulus) {
  if (stimulus.time > work_deadline_) {
    Divergence overdue;
    overdue.kind = Divergence::Kind::kOverdue;
    overdue.event = index_;
    overdue.expected = work_deadline_;
    overdue.found = stimulus.time;
    return overdue;
  }
  if (stimulus.kind == StimulusKind::kWork) work_deadline_ = Divergence::kNotArmed;
  return std::nullopt;
}

std::optional<Divergence> Checker::RunTo(std::size_t end) {
  while (index_ < end) {
    if (index_ == window_.end()) {
      window_ = source_.Next();
      if (window_.steps.empty()) return std::nullopt;
    }
    const Step& step = window_.steps[index_ - window_.first];
    if (work_deadline_ != Divergence::kNotArmed) {
      if (auto overdue = JudgeWork(step.stimulus)) {
        ++index_;
        return overdue;
      }
    }
    Begin(step);
    if (step.stimulus.kind == StimulusKind::kTimer) {
      deadline_[step.stimulus.detail] = deadline_before_[step.stimulus.detail] =
          Divergence::kNotArmed;
    }
    const std::uint64_t value = Run(window_, step);
    if (!NothingToCompare(step, value)) {
      if (auto divergence = End(step, value)) {
        ++index_;
        return divergence;
      }
    }
    ++index_;
  }
  return std::nullopt;
}

}  // namespace nicreplay
