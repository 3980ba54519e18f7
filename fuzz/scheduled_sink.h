// SPDX-License-Identifier: MIT
// Puts the turns of a schedule between operations, as operations of their own.
#pragma once

#include <utility>

#include "fuzz/operation_sink.h"
#include "replay/schedule.h"

namespace nicreplay {

class ScheduledSink : public OperationSink {
 public:
  ScheduledSink(Schedule schedule, OperationSink& next)
      : schedule_(std::move(schedule)), next_(next) {}

  std::uint64_t Do(const Stimulus& operation) override {
    const Schedule::Turn turn = schedule_.Next(operation.time);
    if (turn.work) Run(StimulusKind::kWork, operation.time);
    if (turn.poll) Run(StimulusKind::kPoll, operation.time);
    return next_.Do(operation);
  }
  bool Done() const override { return next_.Done(); }

 private:
  void Run(StimulusKind kind, Nanoseconds time) {
    Stimulus turn;
    turn.kind = kind;
    turn.time = time;
    next_.Do(turn);
  }

  Schedule schedule_;
  OperationSink& next_;
};

}  // namespace nicreplay
