// SPDX-License-Identifier: MIT
#include "fuzz/lockstep.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "models/families.h"
#include "models/shadow_pages.h"
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

Status Lockstep::Side::Create(const Candidate& of) {
  candidate = of;
  if (auto made = MakeSpare(); !made) return made;
  device = std::move(spare);
  machine.Attach(device.get());
  return Ok();
}

void Lockstep::Side::PowerCycle() {
  if (!device->PowerCycle()) device->Load(power_on);
}

Status Lockstep::Side::MakeSpare() {
  if (spare != nullptr) return Ok();
  auto created = CreateModel(candidate.model, candidate.options, machine);
  if (!created) return tl::make_unexpected(created.error());
  spare = std::move(*created);
  return Ok();
}

Status Lockstep::Side::Reload() {
  if (auto made = MakeSpare(); !made) return made;
  reload_state.resize(device->StateSize());
  device->Save(reload_state);
  std::swap(device, spare);
  machine.Attach(device.get());
  if (!spare->PowerCycle()) spare.reset();
  if (device->Load(reload_state)) return Ok();
  return Fail(ErrorCode::kCorrupt, candidate.model + " refuses its own state");
}

Result<Pairing> PairWithReference(const Candidate& right, std::size_t ram_size) {
  Pairing pairing;
  pairing.right = right;
  pairing.ram_size = ram_size;
  auto contract = ContractOf(right);
  if (!contract) return tl::make_unexpected(contract.error());
  pairing.contract = std::move(*contract);
  auto reference = ReferenceOf(right, pairing.contract);
  if (!reference) return tl::make_unexpected(reference.error());
  pairing.left = std::move(*reference);
  return pairing;
}

Lockstep::Lockstep(const Pairing& pairing, std::uint64_t limit, std::shared_ptr<Machines> machines)
    : contract_(pairing.contract),
      network_(pairing.network),
      machines_(std::move(machines)),
      left_(machines_->left),
      right_(machines_->right),
      describer_(DescriberOfModel({pairing.left.model, pairing.right.model})),
      limit_(limit) {}

Result<std::unique_ptr<Lockstep>> Lockstep::Create(const Pairing& pairing, std::uint64_t limit,
                                                   std::shared_ptr<Machines> machines) {
  std::unique_ptr<Lockstep> lockstep(new Lockstep(pairing, limit, std::move(machines)));
  if (auto created = lockstep->left_.Create(pairing.left); !created) {
    return tl::make_unexpected(created.error());
  }
  if (auto created = lockstep->right_.Create(pairing.right); !created) {
    return tl::make_unexpected(created.error());
  }
  for (Side* side : {&lockstep->left_, &lockstep->right_}) {
    if (pairing.memory == MemoryKind::kFlat || side->device->PowerCycle()) continue;
    side->power_on.resize(side->device->StateSize());
    side->device->Save(side->power_on);
  }
  lockstep->SetNetwork(kOffloadAll);
  lockstep->left_.machine.DeclareCheckedFrames(pairing.contract.receive_checksums);
  if (!pairing.contract.deferred.empty()) {
    lockstep->reference_ = dynamic_cast<e1000::DeferredDevice*>(lockstep->left_.device.get());
    if (lockstep->reference_ == nullptr) {
      return Fail(ErrorCode::kUsage, pairing.contract.switches +
                                         " may put work off: only e1000-deferred can say when " +
                                         pairing.left.model + " would have done it");
    }
  }
  return lockstep;
}

void Lockstep::TrackKnownMemory() {
  left_.machine.TrackKnownMemory();
  right_.machine.TrackKnownMemory();
}

UnknownReads Lockstep::unknown_reads() const {
  const UnknownReads& right = right_.machine.unknown_reads();
  return right.count > left_.machine.unknown_reads().count ? right : UnknownReads{};
}

void Lockstep::Restart(const SparseRam::Page& contents) {
  RestartMachines(contents);
  left_.PowerCycle();
  right_.PowerCycle();
  describer_->OnReset();
  count_ = 0;
  digest_ = 0;
  finished_ = false;
  late_ = false;
  abandoned_ = false;
  divergence_.reset();
}

void Lockstep::RestartMachines(const SparseRam::Page& contents) {
  for (Side* side : {&left_, &right_}) {
    side->machine.Restart(contents);
    side->machine.Attach(side->device.get());
  }
  left_.machine.DeclareCheckedFrames(contract_.receive_checksums);
  SetNetwork(kOffloadAll);
}

void Lockstep::SetBudget(std::uint64_t budget, void (*hang)()) {
  left_.machine.SetBudget(budget, hang);
  right_.machine.SetBudget(budget, hang);
}

Status Lockstep::ReloadRight() {
  auto reloaded = right_.Reload();
  if (!reloaded) return reloaded;
  // Its registers trap until the next poll.
  if (reference_ != nullptr) reference_->StopShadowing();
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
  // The budget may end for one side before, for the other after it took up a descriptor of 64 KiB
  // in segments of a byte, each of them a read and a frame.
  constexpr std::uint64_t kOneDescriptor = std::uint64_t{4} << 16;
  const std::uint64_t right = right_.machine.spent();
  if (right <= kMuchMore * left_.machine.spent() + kOneDescriptor) return std::nullopt;
  Divergence divergence;
  divergence.kind = Divergence::Kind::kRunaway;
  divergence.expected = left_.machine.spent();
  divergence.found = right;
  return divergence;
}

void Lockstep::Digest(std::uint64_t value) {
  const std::uint64_t words[] = {digest_, value, left_.machine.Hash(),
                                 left_.machine.line() == LineLevel::kHigh ? 1u : 0u,
                                 left_.device->CanReceive() ? 1u : 0u};
  digest_ = XXH3_64bits(words, sizeof(words));
}

// The left side's too: it may be of the same kind.
void Lockstep::SetNetwork(OffloadSet offers) {
  left_.machine.set_transmit_offloads(offers);
  right_.machine.set_transmit_offloads(offers);
}

// By the time, so that operations that are left out change nothing about the others.
void Lockstep::OfferNetwork(Nanoseconds now) {
  static constexpr OffloadSet kOffers[] = {
      kOffloadAll, kOffloadChecksum,
      kOffloadAll, kOffloadChecksum | kOffloadTcp4,
      kOffloadAll, 0,
      kOffloadAll, kOffloadChecksum | kOffloadTcp4 | kOffloadTcp6 | kOffloadEcn,
  };
  SetNetwork(kOffers[(now >> 23) % std::size(kOffers)]);
}

// Makes the reference do what the right side did.
bool Lockstep::CatchUpOnce() {
  const bool right_idle = right_.machine.work_deadline() == Machine::kNotArmed;
  const bool pending = reference_->TransmitPending() || reference_->RisePending();
  if (pending && right_idle) {
    finished_ = true;
    reference_->Work();
    return true;
  }
  if (reference_->RisePending() && right_.machine.line() == LineLevel::kHigh) {
    reference_->CompleteLine();
    return true;
  }
  // A transmitter that did not wait for the line.
  if (reference_->TransmitPending() && right_.machine.frames_sent() > left_.machine.frames_sent()) {
    reference_->CompleteTransmit();
    return true;
  }
  return false;
}

void Lockstep::CatchUp() {
  while (CatchUpOnce()) {
  }
}

void Lockstep::AdvanceTo(Nanoseconds time) {
  for (;;) {
    const Nanoseconds next =
        std::min(left_.machine.next_deadline(), right_.machine.next_deadline());
    if (next > time) return;
    const bool due = left_.machine.work_deadline() <= next;
    left_.machine.AdvanceTo(next);
    right_.machine.AdvanceTo(next);
    if (due) {
      finished_ = true;
      late_ = late_ || right_.machine.work_deadline() != Machine::kNotArmed;
    }
    CatchUp();
  }
}

// A missing effect where the reference had to be finished: it is missing because it is late.
void Lockstep::JudgeLate(Divergence* divergence) const {
  using Kind = Divergence::Kind;
  if (!finished_) return;
  const bool no_frame = divergence->kind == Kind::kFrame && divergence->found == 0;
  const bool no_write = divergence->kind == Kind::kMemory && divergence->found_bytes.empty();
  const bool no_rise = divergence->kind == Kind::kInterrupt && divergence->found == 0;
  const bool no_timer = divergence->kind == Kind::kTimer;
  if (no_frame || no_write || no_rise || no_timer) divergence->kind = Kind::kLate;
}

std::optional<Divergence> Lockstep::CompareShadow(bool published) {
  ShadowPages* left = left_.device->shadow();
  ShadowPages* right = right_.device->shadow();
  if (left == nullptr || right == nullptr) return std::nullopt;
  Divergence divergence;
  divergence.kind = Divergence::Kind::kShadow;
  divergence.item = Divergence::kUnchanged;
  divergence.expected = left->active() ? 1 : 0;
  divergence.found = right->active() ? 1 : 0;
  if (divergence.expected != divergence.found) return divergence;
  if (!left->active() || !published) return std::nullopt;
  for (const ShadowPages::Page& page : left->pages()) {
    // Nobody else is at them; byte by byte only what differs.
    const std::atomic<std::uint32_t>* const other = right->Find(page.offset);
    if (other != nullptr && std::memcmp(page.words, other, ShadowPages::kPageSize) == 0) continue;
    for (std::uint32_t at = 0; at < ShadowPages::kPageSize; at += 4) {
      const std::atomic<std::uint32_t>* word = right->Find(page.offset + at);
      divergence.item = page.offset + at;
      divergence.expected = page.words[at / 4];
      divergence.found = word == nullptr ? ~std::uint64_t{0} : word->load();
      if (divergence.expected != divergence.found) return divergence;
    }
  }
  return std::nullopt;
}

std::optional<Divergence> Lockstep::CompareState() {
  using Kind = Divergence::Kind;
  if (auto found = Differ(Kind::kInterrupt, left_.machine.line() == LineLevel::kHigh,
                          right_.machine.line() == LineLevel::kHigh)) {
    return found;
  }
  if (auto found = Differ(Kind::kReady, left_.device->CanReceive(), right_.device->CanReceive())) {
    return found;
  }
  const std::uint64_t changes = left_.machine.timer_changes() + right_.machine.timer_changes();
  if (std::exchange(compared_changes_, changes) == changes) return std::nullopt;
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

std::optional<Divergence> Lockstep::CompareEffects() {
  if (left_.machine.SameEffects(right_.machine)) return std::nullopt;
  if (!left_.machine.complete() || !right_.machine.complete()) {
    if (left_.machine.SameOutcome(right_.machine)) return std::nullopt;
    Divergence differs;
    differs.kind = Divergence::Kind::kRunaway;
    return differs;
  }
  const auto has = [this](GuestAddress address, std::uint8_t value) {
    std::uint8_t byte = 0;
    right_.machine.Machine::DmaRead(address, {&byte, 1});  // not the device's
    return byte == value;
  };
  return CompareExact(left_.machine.Effects(), right_.machine.Effects(), *describer_, has);
}

std::optional<Divergence> Lockstep::Compare(const Stimulus& operation, std::uint64_t left,
                                            std::uint64_t right) {
  if (auto found = Differ(Divergence::Kind::kValue, left, right)) return found;
  auto found = CompareEffects();
  if (!found) found = CompareState();
  if (!found && contract_.polled) found = CompareShadow(operation.kind == StimulusKind::kPoll);
  if (found) JudgeLate(&*found);
  return found;
}

std::uint64_t Lockstep::Do(const Stimulus& operation) {
  if (Done()) return 0;
  left_.machine.Forget();
  right_.machine.Forget();
  finished_ = false;
  if (network_ == Network::kVaries) OfferNetwork(operation.time);
  if (reference_ != nullptr) {
    if (operation.kind != StimulusKind::kFrame) {
      left_.machine.port().OfferBurst();
      right_.machine.port().OfferBurst();
    }
    AdvanceTo(operation.time);
  }
  const std::uint64_t left = left_.machine.Apply(operation);
  const std::uint64_t right = right_.machine.Apply(operation);
  if (reference_ != nullptr) CatchUp();
  const auto out_of_memory = [](const Side& side) {
    return side.machine.sparse_ram() != nullptr && side.machine.sparse_ram()->exhausted();
  };
  abandoned_ = left_.machine.over_budget() || right_.machine.over_budget() ||
               out_of_memory(left_) || out_of_memory(right_);
  divergence_ = abandoned_ ? CompareSpending() : Compare(operation, left, right);
  if (!divergence_ && late_) divergence_.emplace().kind = Divergence::Kind::kLate;
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
