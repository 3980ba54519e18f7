// SPDX-License-Identifier: MIT
#include "fuzz/lockstep.h"

#include <xxhash.h>

#include "models/families.h"
#include "replay/exact.h"

namespace nicreplay {

namespace {

std::optional<Divergence> Differ(Divergence::Kind kind, std::uint64_t left, std::uint64_t right) {
  if (left == right) return std::nullopt;
  Divergence divergence;
  divergence.kind = kind;
  divergence.expected = left;
  divergence.found = right;
  return divergence;
}

}  // namespace

void CapturingMachine::Keep(Captured* entry, Bytes bytes) {
  if (bytes_.size() + bytes.size() > kMaxBytes) {
    excess_ = XXH3_64bits_withSeed(bytes.data(), bytes.size(), excess_ + entry->address) | 1;
    return;
  }
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  entry->size += bytes.size();
}

void CapturingMachine::DmaWrite(GuestAddress address, Bytes data) {
  Machine::DmaWrite(address, data);
  if (data.empty()) return;
  const bool continues = !entries_.empty() && entries_.back().kind == EffectKind::kDmaWrite &&
                         entries_.back().address + entries_.back().size == address;
  if (!continues) entries_.push_back({.address = address, .offload = {}});
  Keep(&entries_.back(), data);
}

void CapturingMachine::Transmit(const Frame& frame) {
  entries_.push_back({.kind = EffectKind::kTransmit, .offload = frame.offload});
  for (const Bytes& piece : frame.pieces) Keep(&entries_.back(), piece);
}

bool CapturingMachine::SameEffects(const CapturingMachine& other) const {
  return entries_ == other.entries_ && bytes_ == other.bytes_ && excess_ == other.excess_;
}

std::vector<Effect> CapturingMachine::Effects() const {
  std::vector<Effect> effects;
  const std::uint8_t* next = bytes_.data();
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
  bytes_.clear();
  excess_ = 0;
}

Status Lockstep::Side::Create(const Candidate& candidate) {
  auto created = CreateModel(candidate.model, candidate.options, machine);
  if (!created) return tl::make_unexpected(created.error());
  device = std::move(*created);
  machine.Attach(device.get());
  return Ok();
}

Lockstep::Lockstep(const Pairing& pairing, std::uint64_t limit)
    : left_(pairing.ram_size),
      right_(pairing.ram_size),
      describer_(DescriberOfModel({pairing.left.model, pairing.right.model})),
      limit_(limit) {}

Result<std::unique_ptr<Lockstep>> Lockstep::Create(const Pairing& pairing, std::uint64_t limit) {
  std::unique_ptr<Lockstep> lockstep(new Lockstep(pairing, limit));
  if (auto created = lockstep->left_.Create(pairing.left); !created) {
    return tl::make_unexpected(created.error());
  }
  if (auto created = lockstep->right_.Create(pairing.right); !created) {
    return tl::make_unexpected(created.error());
  }
  return lockstep;
}

std::optional<Divergence> Lockstep::CompareState() const {
  using Kind = Divergence::Kind;
  if (auto found = Differ(Kind::kInterrupt, left_.machine.line() == LineLevel::kHigh,
                          right_.machine.line() == LineLevel::kHigh)) {
    return found;
  }
  if (auto found = Differ(Kind::kReady, left_.device->CanReceive(), right_.device->CanReceive())) {
    return found;
  }
  if (left_.machine.SameDeadlines(right_.machine)) return std::nullopt;
  for (TimerId id = 0; id < Machine::kMaxTimers; ++id) {
    if (auto found =
            Differ(Kind::kTimer, left_.machine.deadline(id), right_.machine.deadline(id))) {
      found->item = id;
      return found;
    }
  }
  return std::nullopt;
}

std::optional<Divergence> Lockstep::Compare(std::uint64_t left, std::uint64_t right) const {
  if (auto found = Differ(Divergence::Kind::kValue, left, right)) return found;
  if (!left_.machine.SameEffects(right_.machine)) {
    if (auto found = CompareExact(left_.machine.Effects(), right_.machine.Effects(), *describer_)) {
      return found;
    }
    if (!left_.machine.complete() || !right_.machine.complete()) {
      Divergence divergence;
      divergence.kind = Divergence::Kind::kRunaway;
      return divergence;
    }
  }
  return CompareState();
}

std::uint64_t Lockstep::Do(const Stimulus& operation) {
  if (Done()) return 0;
  left_.machine.Forget();
  right_.machine.Forget();
  const std::uint64_t left = left_.machine.Apply(operation);
  const std::uint64_t right = right_.machine.Apply(operation);
  divergence_ = Compare(left, right);
  if (divergence_) divergence_->event = count_;
  ++count_;
  Follow(*describer_, operation);
  return left;
}

std::uint64_t OperationRecorder::Do(const Stimulus& operation) {
  Stimulus copy = operation;
  copy.data = bytes_.Copy(operation.bytes());
  copy.offload = bytes_.Copy(operation.offload);
  operations_.push_back(copy);
  return next_.Do(operation);
}

Result<std::optional<Divergence>> CompareOperations(const Pairing& pairing,
                                                    std::span<const Stimulus> operations) {
  auto lockstep = Lockstep::Create(pairing, operations.size());
  if (!lockstep) return tl::make_unexpected(lockstep.error());
  for (const Stimulus& operation : operations) (*lockstep)->Do(operation);
  return (*lockstep)->divergence();
}

DivergenceText DescribeOperations(const Divergence& divergence, const Pairing& pairing,
                                  std::span<const Stimulus> operations) {
  Program program;
  program.steps.reserve(divergence.event + 1);
  for (std::size_t i = 0; i <= divergence.event; ++i) {
    program.steps.push_back({operations[i], 0, 0});
  }
  const std::unique_ptr<Describer> describer =
      DescriberOfModel({pairing.left.model, pairing.right.model});
  return Describe(divergence, program, *describer);
}

}  // namespace nicreplay
