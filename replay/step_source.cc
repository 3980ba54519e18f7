// SPDX-License-Identifier: MIT
#include "replay/step_source.h"

#include <algorithm>

namespace nicreplay {

StepWindow ProgramSteps::Next() {
  StepWindow window;
  if (given_) {
    window.first = program_.steps.size();
    return window;
  }
  given_ = true;
  window.steps = program_.steps;
  window.effects = program_.effects;
  window.patching = program_.patching;
  window.patches = program_.patches;
  window.holes = program_.holes;
  return window;
}

void ProgramSteps::ForEachStimulus(std::uint64_t begin, std::uint64_t end,
                                   const std::function<void(const Stimulus&)>& call) const {
  for (std::uint64_t i = begin; i < end; ++i) call(program_.steps[i].stimulus);
}

StepWindow TraceSteps::Next() {
  StepWindow window;
  window.first = next_;
  while (!cursor_ || cursor_->done()) {
    if (chunks_.empty()) return window;
    cursor_.emplace(chunks_.front(), arena_);
    chunks_ = chunks_.subspan(1);
  }
  cursor_->Reuse();
  effects_.clear();
  steps_.resize(kSteps);
  std::size_t count = 0;
  while (count < kSteps && !cursor_->done() && cursor_->assembled() < kAssembledBytes) {
    Step& step = steps_[count++];
    step.memory = cursor_->Next(step.stimulus, effects_).reads_dma;
  }
  next_ += count;
  window.steps = std::span(steps_).first(count);
  window.effects = effects_;
  return window;
}

// Calls mostly go on where the one before ended; expanding the trace anew for each would cost its
// square.
void TraceSteps::ForEachStimulus(std::uint64_t begin, std::uint64_t end,
                                 const std::function<void(const Stimulus&)>& call) const {
  if (!follower_ || begin < followed_.first) {
    follower_ = std::make_unique<TraceSteps>(all_);
    followed_ = follower_->Next();
  }
  while (!followed_.steps.empty() && followed_.first < end) {
    for (std::size_t i = 0; i < followed_.steps.size(); ++i) {
      const std::uint64_t index = followed_.first + i;
      if (index >= begin && index < end) call(followed_.steps[i].stimulus);
    }
    if (followed_.first + followed_.steps.size() > end) return;
    followed_ = follower_->Next();
  }
}

}  // namespace nicreplay
