// SPDX-License-Identifier: MIT
#include "fuzz/lockstep.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>

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

void CapturingMachine::SetBudget(std::uint64_t budget, void (*hang)()) {
  budget_ = budget;
  hang_ = hang;
}

void CapturingMachine::Restart(const SparseRam::Page& contents) {
  Machine::Restart(contents);
  Forget();
  spent_ = 0;
}

void CapturingMachine::Spend(std::size_t bytes) {
  spent_ += 1 + bytes / 1024;
  if (over_budget() && spent_ - budget_ > kHang) hang_();
}

void CapturingMachine::Keep(Captured* entry, Bytes bytes) {
  if (bytes_.size() + bytes.size() > kMaxBytes) {
    excess_ = XXH3_64bits_withSeed(bytes.data(), bytes.size(), excess_ + entry->address) | 1;
    return;
  }
  // Not insert(), whose memmove a sanitizer does byte by byte.
  const std::size_t at = bytes_.size();
  bytes_.resize(at + bytes.size());
  if (!bytes.empty()) std::memcpy(&bytes_[at], bytes.data(), bytes.size());
  entry->size += bytes.size();
}

void CapturingMachine::DmaRead(GuestAddress address, MutableBytes out) {
  Spend(out.size());
  if (over_budget()) {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = (address + i) % 16 == 1 ? 0x10 : 0;
  } else {
    Machine::DmaRead(address, out);
  }
}

Bytes CapturingMachine::MapRead(GuestAddress address, std::size_t size) {
  Spend(0);
  return over_budget() ? Bytes{} : Machine::MapRead(address, size);
}

void CapturingMachine::DmaWrite(GuestAddress address, Bytes data) {
  Spend(data.size());
  if (over_budget()) return;
  Machine::DmaWrite(address, data);
  if (data.empty()) return;
  const bool continues = !entries_.empty() && entries_.back().kind == EffectKind::kDmaWrite &&
                         entries_.back().address + entries_.back().size == address;
  if (!continues) entries_.push_back({.address = address, .offload = {}});
  Keep(&entries_.back(), data);
}

void CapturingMachine::Transmit(const Frame& frame) {
  Spend(frame.size());
  if (over_budget()) return;
  entries_.push_back({.kind = EffectKind::kTransmit, .offload = frame.offload});
  for (const Bytes& piece : frame.pieces) Keep(&entries_.back(), piece);
}

bool CapturingMachine::SameEffects(const CapturingMachine& other) const {
  return entries_ == other.entries_ && bytes_ == other.bytes_ && excess_ == other.excess_;
}

std::uint64_t CapturingMachine::Hash() const {
  std::uint64_t hash = XXH3_64bits_withSeed(bytes_.data(), bytes_.size(), excess_);
  for (const Captured& entry : entries_) {
    const std::uint64_t words[] = {entry.address, entry.size,
                                   static_cast<std::uint64_t>(entry.kind), entry.offload.gso_size};
    hash = XXH3_64bits_withSeed(words, sizeof(words), hash);
  }
  return hash;
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

Status Lockstep::Side::Create(const Candidate& of) {
  auto created = CreateModel(of.model, of.options, machine);
  if (!created) return tl::make_unexpected(created.error());
  candidate = of;
  device = std::move(*created);
  machine.Attach(device.get());
  return Ok();
}

void Lockstep::Side::Restart(const SparseRam::Page& contents) {
  machine.Restart(contents);
  if (!device->PowerCycle()) device->Load(power_on);
}

Lockstep::Lockstep(const Pairing& pairing, std::uint64_t limit)
    : left_(pairing),
      right_(pairing),
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
  for (Side* side : {&lockstep->left_, &lockstep->right_}) {
    if (side->device->PowerCycle()) continue;
    side->power_on.resize(side->device->StateSize());
    side->device->Save(side->power_on);
  }
  return lockstep;
}

void Lockstep::Restart(const SparseRam::Page& contents) {
  left_.Restart(contents);
  right_.Restart(contents);
  describer_->OnReset();
  count_ = 0;
  digest_ = 0;
  abandoned_ = false;
  divergence_.reset();
}

void Lockstep::SetBudget(std::uint64_t budget, void (*hang)()) {
  left_.machine.SetBudget(budget, hang);
  right_.machine.SetBudget(budget, hang);
}

Status Lockstep::ReloadRight() {
  std::vector<std::uint8_t> state(right_.device->StateSize());
  right_.device->Save(state);
  auto created = right_.Create(right_.candidate);
  if (!created) return created;
  if (!right_.device->Load(state)) {
    return Fail(ErrorCode::kCorrupt, right_.candidate.model + " refuses its own state");
  }
  return Ok();
}

std::vector<std::uint64_t> Lockstep::TouchedPages() const {
  std::vector<std::uint64_t> pages;
  for (const Side* side : {&left_, &right_}) {
    const SparseRam* ram = side->machine.sparse_ram();
    if (ram != nullptr) pages.insert(pages.end(), ram->touched().begin(), ram->touched().end());
  }
  std::sort(pages.begin(), pages.end());
  pages.erase(std::unique(pages.begin(), pages.end()), pages.end());
  return pages;
}

std::optional<Divergence> Lockstep::CompareSpending() const {
  constexpr std::uint64_t kMuchMore = 16;
  if (!right_.machine.over_budget()) return std::nullopt;
  if (left_.machine.spent() > right_.machine.spent() / kMuchMore) return std::nullopt;
  Divergence divergence;
  divergence.kind = Divergence::Kind::kRunaway;
  divergence.expected = left_.machine.spent();
  divergence.found = right_.machine.spent();
  return divergence;
}

void Lockstep::Digest(std::uint64_t value) {
  const std::uint64_t words[] = {digest_, value, left_.machine.Hash(),
                                 left_.machine.line() == LineLevel::kHigh ? 1u : 0u,
                                 left_.device->CanReceive() ? 1u : 0u};
  digest_ = XXH3_64bits(words, sizeof(words));
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
  const auto out_of_memory = [](const Side& side) {
    return side.machine.sparse_ram() != nullptr && side.machine.sparse_ram()->exhausted();
  };
  abandoned_ = left_.machine.over_budget() || right_.machine.over_budget() ||
               out_of_memory(left_) || out_of_memory(right_);
  divergence_ = abandoned_ ? CompareSpending() : Compare(left, right);
  if (digesting_ && !abandoned_) Digest(left);
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
