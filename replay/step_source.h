// SPDX-License-Identifier: MIT
// The steps of a replay in order, a window at a time: those of a program, which are all there, or
// those of a trace, which are decoded as they are needed into memory that stays warm.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "replay/arena.h"
#include "replay/event_chunk.h"
#include "replay/program.h"

namespace nicreplay {

struct StepWindow {
  std::uint64_t first = 0;  // index of the first step in the session
  std::span<const Step> steps;
  std::span<const Effect> effects;  // where first_effect of the steps counts from
  Patching patching = Patching::kAsRead;
  std::span<const MemoryPatch> patches;  // kHoisted: of the whole session
  std::span<const Hole> holes;           // the same

  std::uint64_t end() const { return first + steps.size(); }
  std::span<const Effect> EffectsOf(const Step& step) const {
    return {effects.data() + step.stimulus.first_effect, step.stimulus.effect_count};
  }
};

class StepSource {
 public:
  virtual ~StepSource() = default;

  // The window after the one before, which is void from now on; without steps: the end.
  virtual StepWindow Next() = 0;
  // Of the steps from `begin` to before `end`; leaves windows as they are.
  virtual void ForEachStimulus(std::uint64_t begin, std::uint64_t end,
                               const std::function<void(const Stimulus&)>& call) const = 0;
};

class ProgramSteps : public StepSource {
 public:
  explicit ProgramSteps(const Program& program) : program_(program) {}

  StepWindow Next() override;
  void ForEachStimulus(std::uint64_t begin, std::uint64_t end,
                       const std::function<void(const Stimulus&)>& call) const override;

 private:
  const Program& program_;
  bool given_ = false;
};

// Patched as read.
class TraceSteps : public StepSource {
 public:
  // The chunks outlive it.
  explicit TraceSteps(std::span<const EventChunk> chunks) : all_(chunks), chunks_(chunks) {}

  StepWindow Next() override;
  void ForEachStimulus(std::uint64_t begin, std::uint64_t end,
                       const std::function<void(const Stimulus&)>& call) const override;

 private:
  // Enough to pay for a call, few enough for the nearest cache.
  static constexpr std::size_t kSteps = 128;
  static constexpr std::size_t kAssembledBytes = 256u << 10;

  std::span<const EventChunk> all_;
  std::span<const EventChunk> chunks_;  // those that are not begun
  std::optional<EventCursor> cursor_;
  Arena arena_;
  std::vector<Step> steps_;
  std::vector<Effect> effects_;
  std::uint64_t next_ = 0;
  // What ForEachStimulus reads with, and where it is.
  mutable std::unique_ptr<TraceSteps> follower_;
  mutable StepWindow followed_;
};

}  // namespace nicreplay
