// SPDX-License-Identifier: MIT
#include "replay/step_source.h"

#include <gtest/gtest.h>

#include "replay/load.h"
#include "replay/trace_testing.h"

namespace nicreplay {
namespace {

using testing::EveryEvent;
using testing::Same;

constexpr std::size_t kBatches = 20;

// More than one window and more than one chunk, with frames that repeat.
LoadedTrace Example() {
  testing::TempFolder folder;
  auto writer =
      TraceWriter::Create(folder / "x.nrt", testing::ExampleHeader(), {.chunk_stimuli = 200})
          .value();
  for (std::size_t i = 0; i < kBatches; ++i) {
    testing::Append(*writer, testing::Later(EveryEvent(0), 1000 * i));
  }
  writer->Finish().value();
  return LoadTrace(folder / "x.nrt").value();
}

bool SameStep(const StepWindow& a, const Step& one, const StepWindow& b, const Step& other) {
  return Same(one.stimulus, other.stimulus) && one.memory == other.memory &&
         std::ranges::equal(a.EffectsOf(one), b.EffectsOf(other),
                            [](const Effect& x, const Effect& y) { return Same(x, y); });
}

TEST(StepSource, ATraceGivesTheStepsOfItsProgram) {
  const LoadedTrace trace = Example();
  ASSERT_GT(trace.chunks.size(), 1u);
  const Program program = BuildProgram(trace, Patching::kAsRead).value();
  ProgramSteps from_program(program);
  const StepWindow all = from_program.Next();
  ASSERT_EQ(all.steps.size(), trace.totals.stimuli);
  TraceSteps from_trace(trace.chunks);
  std::uint64_t next = 0;
  for (StepWindow window = from_trace.Next(); !window.steps.empty(); window = from_trace.Next()) {
    EXPECT_EQ(window.first, next);
    for (const Step& step : window.steps) {
      EXPECT_TRUE(SameStep(window, step, all, all.steps[next])) << next;
      ++next;
    }
  }
  EXPECT_EQ(next, all.steps.size());
  EXPECT_TRUE(from_program.Next().steps.empty());
}

TEST(StepSource, StimuliOfAnyPart) {
  const LoadedTrace trace = Example();
  const Program program = BuildProgram(trace, Patching::kAsRead).value();
  const ProgramSteps from_program(program);
  const TraceSteps from_trace(trace.chunks);
  const StepSource* const sources[] = {&from_program, &from_trace};
  // One after the other, within a window and over several, with gaps, and back.
  constexpr std::pair<std::uint64_t, std::uint64_t> kParts[] = {
      {150, 333}, {333, 334}, {334, 390}, {390, 390}, {395, 396}, {10, 20}, {15, 300}};
  for (const StepSource* source : sources) {
    for (const auto& [begin, end] : kParts) {
      std::uint64_t at = begin;
      source->ForEachStimulus(begin, end, [&](const Stimulus& stimulus) {
        EXPECT_TRUE(Same(stimulus, program.steps[at].stimulus)) << at;
        ++at;
      });
      EXPECT_EQ(at, end);
    }
  }
}

}  // namespace
}  // namespace nicreplay
