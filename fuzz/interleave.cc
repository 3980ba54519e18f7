// SPDX-License-Identifier: MIT
#include "fuzz/interleave.h"

#include <array>
#include <limits>

namespace nicreplay {

namespace {

// One decision: which of what could run here did.
struct Choice {
  std::uint8_t taken = 0;
  std::uint8_t options = 1;
};

// Runs a scenario along a path of decisions; beyond its end, the first option (nothing) is taken,
// and the path grows.
class Walk {
 public:
  Walk(Lockstep& lockstep, bool polled, std::vector<Choice>* path)
      : lockstep_(lockstep), polled_(polled), path_(path) {}

  void Run(std::span<const Stimulus> set_up, std::span<const Stimulus> steps) {
    for (const Stimulus& operation : set_up) Do(operation);
    for (const Stimulus& operation : steps) {
      Gap(operation.time);
      Do(operation);
      poll_sees_something_ = true;
    }
    Gap(steps.empty() ? 0 : steps.back().time);
    // What is still pending has to come in time.
    Stimulus end;
    end.kind = StimulusKind::kWork;
    end.time = (steps.empty() ? 0 : steps.back().time) + 1'000'000;
    Do(end);
  }

  const std::vector<Stimulus>& operations() const { return operations_; }

 private:
  void Do(const Stimulus& operation) {
    operations_.push_back(operation);
    lockstep_.Do(operation);
  }

  void Gap(Nanoseconds time) {
    for (;;) {
      std::array<StimulusKind, 2> options;
      std::uint8_t count = 0;
      if (lockstep_.WorkPending()) options[count++] = StimulusKind::kWork;
      if (polled_ && poll_sees_something_) options[count++] = StimulusKind::kPoll;
      if (count == 0 || lockstep_.Done()) return;
      const std::uint8_t taken = Decide(count + 1);
      if (taken == 0) return;
      Stimulus turn;
      turn.kind = options[taken - 1u];
      turn.time = time;
      Do(turn);
      // After work a poll publishes something new; after a poll nothing is.
      poll_sees_something_ = turn.kind == StimulusKind::kWork;
    }
  }

  std::uint8_t Decide(int options) {
    if (depth_ == path_->size()) path_->push_back({0, static_cast<std::uint8_t>(options)});
    return (*path_)[depth_++].taken;
  }

  Lockstep& lockstep_;
  const bool polled_;
  std::vector<Choice>* path_;
  std::size_t depth_ = 0;
  bool poll_sees_something_ = false;
  std::vector<Stimulus> operations_;
};

// The next path in the order of decisions; false: that was the last one.
bool Next(std::vector<Choice>* path) {
  while (!path->empty() && path->back().taken + 1 == path->back().options) path->pop_back();
  if (path->empty()) return false;
  ++path->back().taken;
  return true;
}

}  // namespace

Result<Interleavings> RunInterleavings(const Pairing& pairing, std::span<const Stimulus> set_up,
                                       std::span<const Stimulus> steps, std::uint64_t limit) {
  Interleavings result;
  std::vector<Choice> path;
  do {
    if (result.count == limit) {
      result.complete = false;
      return result;
    }
    auto lockstep = Lockstep::Create(pairing, std::numeric_limits<std::uint64_t>::max());
    if (!lockstep) return tl::make_unexpected(lockstep.error());
    Walk walk(**lockstep, pairing.contract.polled, &path);
    walk.Run(set_up, steps);
    ++result.count;
    if ((*lockstep)->divergence()) {
      result.divergence = (*lockstep)->divergence();
      result.operations = walk.operations();
      return result;
    }
  } while (Next(&path));
  return result;
}

}  // namespace nicreplay
