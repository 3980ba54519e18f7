// SPDX-License-Identifier: MIT
#include "fuzz/target.h"

#include <fmt/format.h>

#include <array>
#include <cstdlib>

#include "fuzz/e1000_input.h"
#include "fuzz/scheduled_sink.h"
#include "fuzz/shrink.h"
#include "fuzz/virtio_input.h"
#include "fuzz/virtio_invariants.h"

// AFL++'s runtime, where it is linked: forgets what ran so far of this input.
// NOLINTNEXTLINE(bugprone-reserved-identifier)
extern "C" void __afl_coverage_discard() __attribute__((weak));

namespace nicreplay {

namespace {

constexpr std::size_t kRamSize = 256 * SparseRam::kPageSize;
// Of host calls, roughly; a lap of the largest ring goes over it.
constexpr std::uint64_t kBudget = 1500;

// Before which operations a state may be saved and loaded.
constexpr unsigned kReloadWithin = 256;

using Family = FuzzTarget::Family;
constexpr std::array kTargets = {
    FuzzTarget{"e1000-stock-qemu", Family::kE1000, "e1000-stock", "qemu-e1000"},
    FuzzTarget{"e1000-stock-opt", Family::kE1000, "", "e1000-opt", FuzzTarget::Reload::kIfAsked},
    FuzzTarget{"e1000-reload", Family::kE1000, "e1000-stock", "e1000-stock",
               FuzzTarget::Reload::kAlways},
    FuzzTarget{"virtio-net", Family::kVirtioNet, "virtio-net", "virtio-net",
               FuzzTarget::Reload::kAlways},
};

// Of InputHeader::switches, by bit: those of e1000-opt.
constexpr std::array<std::string_view, 11> kSwitches = {
    "tso",     "csum",     "zerocopy", "ring",   "rxbatch", "rxlro",
    "asynctx", "doorbell", "sidecore", "irqmod", "rxcsum"};
constexpr std::uint32_t kSwitchMask = (1u << kSwitches.size()) - 1;

std::string SwitchesOf(const InputHeader& header) {
  std::string list;
  for (std::size_t bit = 0; bit < kSwitches.size(); ++bit) {
    if ((header.switches >> bit & 1u) == 0) continue;
    if (!list.empty()) list += '+';
    list += kSwitches[bit];
  }
  return list.empty() ? "exact" : list;
}

Schedule ScheduleOf(const InputHeader& header) {
  constexpr unsigned kLongest = 32;  // operations between turns
  switch (header.turns()) {
    case InputHeader::Turns::kLazy:
      return *Schedule::Parse("lazy");
    case InputHeader::Turns::kEvery:
      return *Schedule::Parse(fmt::format("every={}", 1 + header.number % kLongest));
    case InputHeader::Turns::kSeeded:
      return *Schedule::Parse(fmt::format("seed={}", header.number));
    case InputHeader::Turns::kItems:
      break;
  }
  return *Schedule::Parse("recorded");
}

// The input's operations; where work may be put off, also its turns.
void Play(const FuzzTarget& target, Bytes input, const InputStart& start, const Contract& contract,
          OperationSink& sink) {
  if (target.family == Family::kVirtioNet) {
    VirtioInput(input, start, sink).Run();
  } else if (contract.deferred.empty()) {
    E1000Input(input, start, sink).Run();
  } else {
    ScheduledSink scheduled(ScheduleOf(start.header), sink);
    E1000Input(input, start, scheduled).Run();
  }
}

// The same; returns what of invariants did not hold.
std::optional<std::string> PlayWatched(const FuzzTarget& target, Bytes input,
                                       const InputStart& start, Lockstep& lockstep,
                                       OperationSink& sink) {
  if (target.family != Family::kVirtioNet) {
    Play(target, input, start, lockstep.contract(), sink);
    return std::nullopt;
  }
  VirtioInvariants invariants(lockstep.right(), sink);
  VirtioInput session(input, start, invariants);
  invariants.set_layout(&session.layout());
  session.Run();
  return invariants.violation();
}

[[noreturn]] void Hang() {
  fmt::print(stderr, "nicreplay: hang: one operation asked its host {} times and did not end\n",
             CapturingMachine::kHang);
  std::abort();
}

// Has the right device save and load its state before operations.
class Reloading : public OperationSink {
 public:
  static constexpr std::uint64_t kEverywhere = ~std::uint64_t{0};

  // `at`: before which operation, or kEverywhere.
  Reloading(Lockstep& lockstep, std::uint64_t at) : lockstep_(lockstep), at_(at) {}

  std::uint64_t Do(const Stimulus& operation) override {
    if ((at_ == kEverywhere || lockstep_.count() == at_) && !Done()) Reload(operation.time);
    return lockstep_.Do(operation);
  }
  bool Done() const override { return error_ || lockstep_.Done(); }
  const std::optional<Error>& error() const { return error_; }

 private:
  // A host polls before it saves: the state does not have what waits in shadowed registers.
  void Reload(Nanoseconds now) {
    if (lockstep_.contract().polled) lockstep_.Do({.time = now, .kind = StimulusKind::kPoll});
    if (lockstep_.Done()) return;
    if (auto reloaded = lockstep_.ReloadRight(); !reloaded) error_ = reloaded.error();
  }

  Lockstep& lockstep_;
  std::uint64_t at_;
  std::optional<Error> error_;
};

// How many inputs there were, and how many of them got the device to work.
struct Statistics {
  std::uint64_t inputs = 0;
  std::uint64_t moved_data = 0;
  std::uint64_t operations = 0;

  ~Statistics() {
    if (inputs == 0 || std::getenv("NICREPLAY_FUZZ_STATISTICS") == nullptr) return;
    fmt::print(stderr, "{} inputs, {:.1f} operations each, {:.1f} % moved data\n", inputs,
               static_cast<double>(operations) / static_cast<double>(inputs),
               100.0 * static_cast<double>(moved_data) / static_cast<double>(inputs));
  }
};

// The target with that name, or what the environment makes of it.
FuzzTarget TargetOf(std::string_view name) {
  FuzzTarget target = **FindFuzzTarget(name);
  const char* const plugin = std::getenv("NICREPLAY_FUZZ_PLUGIN");
  if (plugin == nullptr) return target;
  const std::string_view text(plugin);
  const std::size_t colon = text.rfind(':');
  const auto loaded = LoadPlugin(std::string(text.substr(0, colon)));
  if (!loaded || colon == std::string_view::npos) {
    fmt::print(stderr, "nicreplay: {}: {}\n", text,
               loaded ? "names no model" : loaded.error().ToString());
    std::exit(2);
  }
  target.right = text.substr(colon + 1);
  return target;
}

[[noreturn]] void ReportAndAbort(const FuzzTarget& target, Bytes input) {
  const auto list = FuzzOperations::Of(target, input);
  const auto found = list->Compare(list->operations());
  if (found && *found) {
    const DivergenceText text = DescribeOperations(**found, list->pairing(), list->operations());
    fmt::print(stderr, "nicreplay: {}: {}\n",
               FailureName(**found, list->pairing(), list->operations()), text.name);
    for (const std::string& line : text.lines) fmt::print(stderr, "    {}\n", line);
  } else {
    fmt::print(stderr, "nicreplay: a difference that does not show again\n");
  }
  std::abort();
}

}  // namespace

std::span<const FuzzTarget> FuzzTargets() { return kTargets; }

Result<const FuzzTarget*> FindFuzzTarget(std::string_view name) {
  std::string names;
  for (const FuzzTarget& target : kTargets) {
    if (target.name == name) return &target;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", target.name);
  }
  return Fail(ErrorCode::kUsage, fmt::format("no fuzz target {}; there are {}", name, names));
}

Result<Pairing> FuzzTarget::PairingOf(const InputHeader& header) const {
  const std::string settings(family == Family::kVirtioNet ? VirtioInput::SettingsOf(header)
                                                          : E1000Input::SettingsOf(header));
  Pairing pairing;
  if (left.empty()) {
    const Candidate optimized{std::string(right), WithSwitches(settings, SwitchesOf(header))};
    auto referred = PairWithReference(optimized, kRamSize);
    if (!referred) return referred;
    pairing = std::move(*referred);
    pairing.network = Network::kVaries;
  } else {
    pairing.left = {std::string(left), settings};
    pairing.right = {std::string(right), settings};
    pairing.ram_size = kRamSize;
  }
  pairing.memory = MemoryKind::kSparse;
  return pairing;
}

Result<Lockstep*> FuzzRunner::PairFor(const InputHeader& header) {
  static_assert(E1000Input::kSettings.size() == VirtioInput::kSettings.size());
  std::uint32_t key = header.settings % E1000Input::kSettings.size();
  if (target_.left.empty()) key |= (header.switches & kSwitchMask) << 8;
  if (auto found = pairs_.find(key); found != pairs_.end()) return found->second.get();
  if (pairs_.size() >= kMaxPairs) pairs_.clear();
  auto pairing = target_.PairingOf(header);
  if (!pairing) return tl::make_unexpected(pairing.error());
  if (!machines_) {
    machines_ = std::make_shared<Lockstep::Machines>(*pairing);
    machines_->left.SetBudget(kBudget, Hang);
    machines_->right.SetBudget(kBudget, Hang);
  }
  auto created = Lockstep::Create(*pairing, ~std::uint64_t{0}, machines_);
  if (!created) return tl::make_unexpected(created.error());
  if (digesting_) (*created)->EnableDigest();
  return pairs_.emplace(key, std::move(*created)).first->second.get();
}

Result<FuzzRunner::Outcome> FuzzRunner::Run(Bytes input) {
  const InputStart start = StartOf(input);
  auto pair = PairFor(start.header);
  if (!pair) return tl::make_unexpected(pair.error());
  Lockstep& lockstep = **pair;
  const bool reloads = reloads_everywhere_ || target_.Reloads(start.header);
  if (reloads) {
    if (auto prepared = lockstep.PrepareReload(); !prepared) {
      return tl::make_unexpected(prepared.error());
    }
  }
  lockstep.RestartMachines(start.contents);
  // Whether the devices had to be made is nothing about the input.
  if (__afl_coverage_discard != nullptr) __afl_coverage_discard();
  std::optional<std::string> violation;
  if (!reloads) {
    violation = PlayWatched(target_, input, start, lockstep, lockstep);
  } else {
    Reloading reloading(lockstep, reloads_everywhere_ ? Reloading::kEverywhere
                                                      : start.header.number % kReloadWithin);
    violation = PlayWatched(target_, input, start, lockstep, reloading);
    if (reloading.error()) return tl::make_unexpected(*reloading.error());
  }
  Outcome outcome{lockstep.divergence(), std::move(violation), lockstep.count(), lockstep.digest(),
                  lockstep.left().spent() != 0};
  // Cleaning up after this input is its own coverage, not the next one's.
  lockstep.Restart(start.contents);
  return outcome;
}

Result<FuzzOperations> FuzzOperations::Of(const FuzzTarget& target, Bytes input) {
  const InputStart start = StartOf(input);
  FuzzOperations made;
  made.reloads_ = target.Reloads(start.header);
  auto pairing = target.PairingOf(start.header);
  if (!pairing) return tl::make_unexpected(pairing.error());
  made.pairing_ = std::move(*pairing);
  auto created = Lockstep::Create(made.pairing_, ~std::uint64_t{0});
  if (!created) return tl::make_unexpected(created.error());
  Lockstep& lockstep = **created;
  lockstep.SetBudget(kBudget, Hang);
  lockstep.Restart(start.contents);
  const auto recorder = std::make_shared<OperationRecorder>(lockstep);
  Play(target, input, start, lockstep.contract(), *recorder);
  made.contents_ = std::make_shared<const SparseRam::Page>(start.contents);
  for (const std::uint64_t page : lockstep.TouchedPages()) {
    made.operations_.push_back({.value = page * SparseRam::kPageSize,
                                .data = made.contents_->data(),
                                .data_size = SparseRam::kPageSize,
                                .kind = StimulusKind::kMemory});
  }
  const auto& played = recorder->operations();
  made.operations_.insert(made.operations_.end(), played.begin(), played.end());
  made.recorder_ = recorder;
  return made;
}

Result<std::optional<Divergence>> FuzzOperations::Compare(
    std::span<const Stimulus> operations) const {
  auto created = Lockstep::Create(pairing_, operations.size());
  if (!created) return tl::make_unexpected(created.error());
  Lockstep& lockstep = **created;
  lockstep.SetBudget(kBudget, Hang);
  Reloading reloading(lockstep, Reloading::kEverywhere);
  OperationSink& sink = reloads_ ? static_cast<OperationSink&>(reloading) : lockstep;
  for (const Stimulus& operation : operations) sink.Do(operation);
  if (reloading.error()) return tl::make_unexpected(*reloading.error());
  return lockstep.divergence();
}

int FuzzOneInput(std::string_view name, const std::uint8_t* data, std::size_t size) {
  static const FuzzTarget target = TargetOf(name);
  static FuzzRunner runner(target);
  static Statistics statistics;
  const auto outcome = runner.Run({data, size});
  if (!outcome) {
    fmt::print(stderr, "nicreplay: {}\n", outcome.error().ToString());
    std::abort();
  }
  ++statistics.inputs;
  statistics.operations += outcome->operations;
  if (outcome->moved_data) ++statistics.moved_data;
  if (outcome->violation) {
    fmt::print(stderr, "nicreplay: {}\n", *outcome->violation);
    std::abort();
  }
  if (outcome->divergence) ReportAndAbort(target, {data, size});
  return 0;
}

}  // namespace nicreplay
