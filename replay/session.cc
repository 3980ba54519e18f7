// SPDX-License-Identifier: MIT
#include "replay/session.h"

#include <algorithm>

#include "models/families.h"
#include "models/registry.h"

namespace nicreplay {

namespace {

using Clock = std::chrono::steady_clock;

Result<ReplayOutcome> CheckOnce(const Program& program, const Candidate& candidate,
                                std::size_t end) {
  auto memory = GuestMemory::Create();
  if (!memory) return tl::make_unexpected(memory.error());
  // The recorded device's names are the session's, whatever plays it.
  Checker checker(program, **memory, DescriberOfModel({program.header.model, candidate.model}));
  auto device = CreateModel(candidate.model, OptionsFor(program, candidate), checker);
  if (!device) return tl::make_unexpected(device.error());
  checker.Attach(device->get());
  checker.set_transmit_offloads(candidate.offered);
  ReplayOutcome outcome;
  end = std::min(end, program.steps.size());
  const auto start = Clock::now();
  outcome.divergence = checker.RunTo(end);
  outcome.time = Clock::now() - start;
  outcome.events = checker.position();
  outcome.unknown_reads = checker.unknown_reads();
  outcome.unknown_read_count = checker.unknown_read_count();
  return outcome;
}

}  // namespace

std::string OptionsFor(const Program& program, const Candidate& candidate) {
  return candidate.options.empty() ? program.header.options : candidate.options;
}

Result<ReplayOutcome> ReplayChecked(const Program& program, const Candidate& candidate,
                                    std::size_t end) {
  auto outcome = CheckOnce(program, candidate, end);
  if (!outcome || program.patching == Patching::kHoisted) return outcome;
  if (!outcome->divergence && outcome->unknown_read_count == 0) return outcome;
  auto hoisted = Hoist(program);
  if (!hoisted) return tl::make_unexpected(hoisted.error());
  return CheckOnce(*hoisted, candidate, end);
}

Result<ReplayOutcome> ReplayBare(const Program& program, const Candidate& candidate,
                                 std::size_t end) {
  auto memory = GuestMemory::Create();
  if (!memory) return tl::make_unexpected(memory.error());
  ReplayHost host(**memory);
  auto device = CreateModel(candidate.model, OptionsFor(program, candidate), host);
  if (!device) return tl::make_unexpected(device.error());
  host.Attach(device->get());
  host.set_transmit_offloads(candidate.offered);
  ReplayOutcome outcome;
  end = std::min(end, program.steps.size());
  const auto start = Clock::now();
  for (std::size_t i = 0; i < end; ++i) host.Run(program, i);
  outcome.time = Clock::now() - start;
  outcome.events = end;
  return outcome;
}

}  // namespace nicreplay
