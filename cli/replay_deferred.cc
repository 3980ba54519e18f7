// SPDX-License-Identifier: MIT
#include "cli/replay_deferred.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>

#include "fuzz/lockstep.h"
#include "fuzz/scheduled_sink.h"
#include "fuzz/session_operations.h"
#include "models/families.h"

namespace nicreplay {

namespace {

std::string ReproduceCommand(const DeferredReplay& request) {
  return fmt::format("nicreplay replay{} --model {} --options {} --schedule {} {}",
                     request.sources->ToArguments(), request.candidate.model,
                     request.candidate.options, request.schedule, request.path);
}

void PrintUnknownReads(const Lockstep& lockstep) {
  const UnknownReads reads = lockstep.unknown_reads();
  if (reads.count == 0) return;
  fmt::print("  {} reads of memory that the trace does not know, the first: {} bytes at {:#x}\n",
             reads.count, reads.first_size, reads.first_address);
}

void PrintDivergence(const DeferredReplay& request, const Pairing& pairing,
                     const Divergence& divergence, const OperationRecorder& recorder) {
  const DivergenceText text = DescribeOperations(divergence, pairing, recorder.operations());
  const auto describer = DescriberOfModel({pairing.left.model});
  for (std::size_t i = 0; i < divergence.event; ++i) Follow(*describer, recorder.operations()[i]);
  fmt::print("  operation {}: {}\n  {}: {}\n", divergence.event,
             DescribeStimulus(recorder.operations()[divergence.event], *describer),
             KindName(divergence.kind), text.name);
  for (const std::string& line : text.lines) fmt::print("    {}\n", line);
  fmt::print("  reproduce: {}\n", ReproduceCommand(request));
}

}  // namespace

Result<bool> ReplayDeferred(const DeferredReplay& request, const Program& program,
                            nlohmann::json* json) {
  auto hoisted = Hoist(program);
  if (!hoisted) return tl::make_unexpected(hoisted.error());
  auto session = OperationsOfSession(*hoisted);
  if (!session) return tl::make_unexpected(session.error());
  auto pairing = PairWithReference(request.candidate, session->ram_size);
  if (!pairing) return tl::make_unexpected(pairing.error());
  auto schedule = Schedule::Parse(request.schedule);
  if (!schedule) return tl::make_unexpected(schedule.error());
  auto lockstep = Lockstep::Create(*pairing, std::numeric_limits<std::uint64_t>::max());
  if (!lockstep) return tl::make_unexpected(lockstep.error());
  (*lockstep)->TrackKnownMemory();
  OperationRecorder recorder(**lockstep);
  ScheduledSink scheduled(std::move(*schedule), recorder);
  const std::size_t end = std::min<std::uint64_t>(request.to, session->operations.size());
  for (std::size_t i = 0; i < end && !scheduled.Done(); ++i) scheduled.Do(session->operations[i]);
  const auto& divergence = (*lockstep)->divergence();
  if (json != nullptr) {
    nlohmann::json report = {{"trace", request.path},
                             {"model", request.candidate.model},
                             {"optimizations", request.contract.switches},
                             {"contract", request.contract.ToString()},
                             {"reference", pairing->left.model},
                             {"schedule", request.schedule},
                             {"verdict", divergence ? "DIVERGES" : "identical"},
                             {"operations", (*lockstep)->count()},
                             {"unknown_reads", (*lockstep)->unknown_reads().count}};
    if (divergence) {
      report["divergence"] = {{"event", divergence->event},
                              {"kind", KindName(divergence->kind)},
                              {"reproduce", ReproduceCommand(request)}};
    }
    json->push_back(std::move(report));
    return !divergence;
  }
  fmt::print(
      "{}: {}\n  optimizations {}, contract {}; {} operations in lockstep with {}, schedule {}\n",
      std::filesystem::path(request.path).filename().string(),
      divergence ? "DIVERGES" : "identical", request.contract.switches, request.contract.ToString(),
      (*lockstep)->count(), pairing->left.model, request.schedule);
  if (divergence) PrintDivergence(request, *pairing, *divergence, recorder);
  PrintUnknownReads(**lockstep);
  return !divergence;
}

}  // namespace nicreplay
