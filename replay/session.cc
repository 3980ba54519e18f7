// SPDX-License-Identifier: MIT
#include "replay/session.h"

#include <algorithm>

#include "models/registry.h"
#include "replay/plain_describer.h"

namespace nicreplay {

namespace {

using Clock = std::chrono::steady_clock;

// The recorded device's names are the session's, whatever plays it; a model that is not built lends
// none.
std::unique_ptr<Describer> DescriberFor(const Program& program, const Candidate& candidate) {
  for (const std::string& name : {program.header.model, candidate.model}) {
    auto entry = FindModel(name);
    if (entry && (*entry)->describer != nullptr) return (*entry)->describer();
  }
  return std::make_unique<PlainDescriber>();
}

}  // namespace

std::string OptionsFor(const Program& program, const Candidate& candidate) {
  return candidate.options.empty() ? program.header.options : candidate.options;
}

Result<ReplayOutcome> ReplayChecked(const Program& program, const Candidate& candidate,
                                    std::size_t end) {
  auto memory = GuestMemory::Create();
  if (!memory) return tl::make_unexpected(memory.error());
  Checker checker(program, **memory, DescriberFor(program, candidate));
  auto device = CreateModel(candidate.model, OptionsFor(program, candidate), checker);
  if (!device) return tl::make_unexpected(device.error());
  checker.Attach(device->get());
  ReplayOutcome outcome;
  end = std::min(end, program.steps.size());
  const auto start = Clock::now();
  while (checker.position() < end && !outcome.divergence) outcome.divergence = checker.Next();
  outcome.time = Clock::now() - start;
  outcome.events = checker.position();
  outcome.unknown_reads = checker.unknown_reads();
  outcome.unknown_read_count = checker.unknown_read_count();
  return outcome;
}

Result<ReplayOutcome> ReplayBare(const Program& program, const Candidate& candidate,
                                 std::size_t end) {
  auto memory = GuestMemory::Create();
  if (!memory) return tl::make_unexpected(memory.error());
  ReplayHost host(**memory);
  auto device = CreateModel(candidate.model, OptionsFor(program, candidate), host);
  if (!device) return tl::make_unexpected(device.error());
  host.Attach(device->get());
  ReplayOutcome outcome;
  end = std::min(end, program.steps.size());
  const auto start = Clock::now();
  for (std::size_t i = 0; i < end; ++i) host.Run(program, i);
  outcome.time = Clock::now() - start;
  outcome.events = end;
  return outcome;
}

}  // namespace nicreplay
