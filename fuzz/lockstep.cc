// SPDX-License-Identifier: MIT
#include "fuzz/lockstep.h"

#include <xxhash.h>

#include <cstring>

#include "models/families.h"
#include "replay/exact.h"

namespace nicreplay {

namespace {

// A machine with its device; the device goes first.
struct Captured {
  explicit Captured(std::size_t ram_size) : machine(ram_size) {}
  Status Create(const Candidate& candidate) {
    auto created = CreateModel(candidate.model, candidate.options, machine);
    if (!created) return tl::make_unexpected(created.error());
    device = std::move(*created);
    machine.Attach(device.get());
    return Ok();
  }

  CapturingMachine machine;
  std::unique_ptr<Device> device;
};

std::optional<Divergence> Differ(Divergence::Kind kind, std::uint64_t left, std::uint64_t right) {
  if (left == right) return std::nullopt;
  Divergence divergence;
  divergence.kind = kind;
  divergence.expected = left;
  divergence.found = right;
  return divergence;
}

std::optional<Divergence> CompareState(const Captured& left, const Captured& right) {
  using Kind = Divergence::Kind;
  if (auto found = Differ(Kind::kInterrupt, left.machine.line() == LineLevel::kHigh,
                          right.machine.line() == LineLevel::kHigh)) {
    return found;
  }
  if (auto found = Differ(Kind::kReady, left.device->CanReceive(), right.device->CanReceive())) {
    return found;
  }
  for (TimerId id = 0; id < Machine::kMaxTimers; ++id) {
    if (auto found = Differ(Kind::kTimer, left.machine.deadline(id), right.machine.deadline(id))) {
      found->item = id;
      return found;
    }
  }
  return std::nullopt;
}

}  // namespace

void HashingMachine::EndRun() {
  hash_ =
      XXH3_64bits_withSeed(run_.data(), run_.size(), hash_ + run_address_ * 0x9e3779b97f4a7c15u);
  run_.clear();
}

void HashingMachine::DmaWrite(GuestAddress address, Bytes data) {
  Machine::DmaWrite(address, data);
  if (!run_.empty() && run_address_ + run_.size() != address) EndRun();
  if (run_.empty()) run_address_ = address;
  run_.insert(run_.end(), data.begin(), data.end());
}

void HashingMachine::Transmit(const Frame& frame) {
  if (!run_.empty()) EndRun();
  hash_ += 0xd1b54a32d192ed03u + frame.size();
  for (const Bytes& piece : frame.pieces) {
    hash_ = XXH3_64bits_withSeed(piece.data(), piece.size(), hash_);
  }
}

// Where to put the effect's bytes.
std::uint8_t* CapturingMachine::Add(EffectKind kind, std::uint64_t address, std::size_t size) {
  std::uint8_t* const bytes = bytes_.Allocate(size);
  Effect effect;
  effect.kind = kind;
  effect.address = address;
  effect.data = bytes;
  effect.data_size = static_cast<std::uint32_t>(size);
  effects_.push_back(effect);
  return bytes;
}

void CapturingMachine::DmaWrite(GuestAddress address, Bytes data) {
  Machine::DmaWrite(address, data);
  std::memcpy(Add(EffectKind::kDmaWrite, address, data.size()), data.data(), data.size());
}

void CapturingMachine::Transmit(const Frame& frame) {
  std::uint8_t* at = Add(EffectKind::kTransmit, 0, frame.size());
  for (const Bytes& piece : frame.pieces) {
    std::memcpy(at, piece.data(), piece.size());
    at += piece.size();
  }
}

void CapturingMachine::Forget() {
  effects_.clear();
  bytes_.Reset();
}

Result<std::unique_ptr<Lockstep>> Lockstep::Create(const Pairing& pairing, std::uint64_t limit) {
  std::unique_ptr<Lockstep> lockstep(new Lockstep(pairing.ram_size, limit));
  for (auto [side, candidate] :
       {std::pair(&lockstep->left_, &pairing.left), std::pair(&lockstep->right_, &pairing.right)}) {
    auto device = CreateModel(candidate->model, candidate->options, side->machine);
    if (!device) return tl::make_unexpected(device.error());
    side->device = std::move(*device);
    side->machine.Attach(side->device.get());
  }
  return lockstep;
}

bool Lockstep::Same() {
  if (left_.machine.TakeHash() != right_.machine.TakeHash()) return false;
  if (left_.machine.line() != right_.machine.line()) return false;
  if (left_.device->CanReceive() != right_.device->CanReceive()) return false;
  return left_.machine.SameDeadlines(right_.machine);
}

std::uint64_t Lockstep::Do(const Stimulus& operation) {
  if (Done()) return 0;
  const std::uint64_t left = left_.machine.Apply(operation);
  const std::uint64_t right = right_.machine.Apply(operation);
  ++count_;
  diverged_ = left != right || !Same();
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
  Captured left(pairing.ram_size);
  Captured right(pairing.ram_size);
  if (auto created = left.Create(pairing.left); !created) {
    return tl::make_unexpected(created.error());
  }
  if (auto created = right.Create(pairing.right); !created) {
    return tl::make_unexpected(created.error());
  }
  const std::unique_ptr<Describer> describer =
      DescriberOfModel({pairing.left.model, pairing.right.model});
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const Stimulus& operation = operations[i];
    left.machine.Forget();
    right.machine.Forget();
    const std::uint64_t left_value = left.machine.Apply(operation);
    const std::uint64_t right_value = right.machine.Apply(operation);
    auto divergence = Differ(Divergence::Kind::kValue, left_value, right_value);
    if (!divergence) {
      divergence = CompareExact(left.machine.effects(), right.machine.effects(), *describer);
    }
    if (!divergence) divergence = CompareState(left, right);
    if (divergence) {
      divergence->event = i;
      return divergence;
    }
    if (operation.kind == StimulusKind::kWrite) {
      describer->OnWrite(operation.access(), operation.value);
    } else if (operation.kind == StimulusKind::kReset) {
      describer->OnReset();
    }
  }
  return std::optional<Divergence>();
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
