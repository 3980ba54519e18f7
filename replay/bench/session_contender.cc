// SPDX-License-Identifier: MIT
#include "replay/bench/session_contender.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "models/registry.h"
#include "replay/replay_host.h"

namespace nicreplay::bench {

Result<std::unique_ptr<SessionContender>> SessionContender::Create(const Row& row,
                                                                   const Program& program,
                                                                   std::uint64_t exit_cost) {
  if (row.model.empty() || row.contract != Contract::kExact) {
    return Fail(ErrorCode::kUsage, fmt::format("{} replays no sessions", row.name));
  }
  Candidate candidate{row.model, program.header.options};
  if (!row.options.empty()) {
    if (!candidate.options.empty()) candidate.options += ',';
    candidate.options += row.options;
  }
  auto checked = ReplayChecked(program, candidate, std::numeric_limits<std::size_t>::max());
  if (!checked) return tl::make_unexpected(checked.error());
  if (checked->divergence) {
    return Fail(ErrorCode::kCorrupt, fmt::format("{} diverges from the session at event {}",
                                                 row.name, checked->divergence->event));
  }
  std::unique_ptr<SessionContender> contender(
      new SessionContender(program, std::move(candidate), exit_cost));
  contender->exits_ =
      static_cast<std::uint64_t>(std::ranges::count_if(program.steps, [](const Step& step) {
        return step.stimulus.kind == StimulusKind::kRead ||
               step.stimulus.kind == StimulusKind::kWrite;
      }));
  return contender;
}

Status SessionContender::ReplayOnce(Measurement* measurement) {
  auto memory = GuestMemory::Create();
  if (!memory) return tl::make_unexpected(memory.error());
  ReplayHost host(**memory);
  auto device = CreateModel(candidate_.model, OptionsFor(program_, candidate_), host);
  if (!device) return tl::make_unexpected(device.error());
  host.Attach(device->get());
  stopwatch_.Resume();
  for (std::size_t i = 0; i < program_.steps.size(); ++i) host.Run(program_, i);
  stopwatch_.Pause();
  measurement->frames += program_.totals.frames_in + program_.totals.frames_out;
  measurement->bytes += program_.totals.bytes_in + program_.totals.bytes_out;
  measurement->exits += exits_;
  return Ok();
}

Result<Measurement> SessionContender::Run(std::chrono::nanoseconds time) {
  Measurement measurement;
  stopwatch_.Reset();
  do {
    if (auto done = ReplayOnce(&measurement); !done) return tl::make_unexpected(done.error());
    stopwatch_.Report(&measurement, 0);
  } while (std::chrono::duration<double>(measurement.seconds) < time);
  stopwatch_.Report(&measurement, exit_cost_);
  return measurement;
}

}  // namespace nicreplay::bench
