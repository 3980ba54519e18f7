// SPDX-License-Identifier: MIT
#include "replay/session.h"

#include <algorithm>

#include "models/families.h"
#include "models/registry.h"
#include "replay/load.h"

namespace nicreplay {

namespace {

using Clock = std::chrono::steady_clock;

Result<ReplayOutcome> CheckOnce(StepSource& steps, const TraceHeader& recorded,
                                const Candidate& candidate, std::size_t end) {
  auto memory = GuestMemory::Create();
  if (!memory) return tl::make_unexpected(memory.error());
  // The recorded device's names are the session's, whatever plays it.
  Checker checker(steps, **memory, DescriberOfModel({recorded.model, candidate.model}));
  auto device = CreateModel(candidate.model, OptionsFor(recorded, candidate), checker);
  if (!device) return tl::make_unexpected(device.error());
  checker.Attach(device->get());
  checker.set_transmit_offloads(candidate.offered);
  ReplayOutcome outcome;
  const auto start = Clock::now();
  outcome.divergence = checker.RunTo(end);
  outcome.time = Clock::now() - start;
  outcome.events = checker.position();
  outcome.unknown_reads = checker.unknown_reads();
  outcome.unknown_read_count = checker.unknown_read_count();
  return outcome;
}

Result<ReplayOutcome> RunBare(StepSource& steps, const TraceHeader& recorded,
                              const Candidate& candidate, std::size_t end) {
  auto memory = GuestMemory::Create();
  if (!memory) return tl::make_unexpected(memory.error());
  ReplayHost host(**memory);
  auto device = CreateModel(candidate.model, OptionsFor(recorded, candidate), host);
  if (!device) return tl::make_unexpected(device.error());
  host.Attach(device->get());
  host.set_transmit_offloads(candidate.offered);
  ReplayOutcome outcome;
  const auto start = Clock::now();
  while (outcome.events < end) {
    const StepWindow window = steps.Next();
    if (window.steps.empty()) break;
    const std::size_t count = std::min(window.steps.size(), end - outcome.events);
    for (const Step& step : window.steps.first(count)) host.Run(window, step);
    outcome.events += count;
  }
  outcome.time = Clock::now() - start;
  return outcome;
}

bool NeedsHoisting(const Result<ReplayOutcome>& outcome) {
  return outcome && (outcome->divergence || outcome->unknown_read_count != 0);
}

Result<ReplayOutcome> CheckHoisted(const Result<Program>& hoisted, const Candidate& candidate,
                                   std::size_t end) {
  if (!hoisted) return tl::make_unexpected(hoisted.error());
  ProgramSteps steps(*hoisted);
  return CheckOnce(steps, hoisted->header, candidate, end);
}

}  // namespace

std::string OptionsFor(const TraceHeader& recorded, const Candidate& candidate) {
  return candidate.options.empty() ? recorded.options : candidate.options;
}

Result<ReplayOutcome> ReplayChecked(const Program& program, const Candidate& candidate,
                                    std::size_t end) {
  ProgramSteps steps(program);
  auto outcome = CheckOnce(steps, program.header, candidate, end);
  if (program.patching == Patching::kHoisted || !NeedsHoisting(outcome)) return outcome;
  return CheckHoisted(Hoist(program), candidate, end);
}

Result<ReplayOutcome> ReplayChecked(const LoadedTrace& trace, const Candidate& candidate,
                                    std::size_t end) {
  TraceSteps steps(trace.chunks);
  auto outcome = CheckOnce(steps, trace.header, candidate, end);
  if (!NeedsHoisting(outcome)) return outcome;
  return CheckHoisted(BuildProgram(trace, Patching::kHoisted), candidate, end);
}

Result<ReplayOutcome> ReplayBare(const Program& program, const Candidate& candidate,
                                 std::size_t end) {
  ProgramSteps steps(program);
  return RunBare(steps, program.header, candidate, end);
}

Result<ReplayOutcome> ReplayBare(const LoadedTrace& trace, const Candidate& candidate,
                                 std::size_t end) {
  TraceSteps steps(trace.chunks);
  return RunBare(steps, trace.header, candidate, end);
}

}  // namespace nicreplay
