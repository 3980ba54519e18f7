// SPDX-License-Identifier: MIT
// Replays a program or a trace on a model: checked, bare, or for its digest.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "replay/checker.h"
#include "replay/program.h"
#include "replay/stream.h"

namespace nicreplay {

// Which model, with which options.  Empty options: those of the recording.
struct Candidate {
  std::string model;
  std::string options;
  OffloadSet offered = 0;  // what the network takes besides wire frames
};

struct ReplayOutcome {
  std::uint64_t events = 0;  // replayed, the diverging one included
  std::optional<Divergence> divergence;
  std::vector<UnknownRead> unknown_reads;
  std::uint64_t unknown_read_count = 0;
  std::chrono::nanoseconds time{0};
};

// `end`: steps to replay at most.  What is patched as read, as traces are, and does not come out
// identical, or reads what the trace does not know, is hoisted and replayed again: only that says
// whether the model or the patching is to blame.
Result<ReplayOutcome> ReplayChecked(const Program& program, const Candidate& candidate,
                                    std::size_t end);
Result<ReplayOutcome> ReplayChecked(const LoadedTrace& trace, const Candidate& candidate,
                                    std::size_t end);
// The same stimuli with the effects discarded: what the model alone costs.
Result<ReplayOutcome> ReplayBare(const Program& program, const Candidate& candidate,
                                 std::size_t end);
Result<ReplayOutcome> ReplayBare(const LoadedTrace& trace, const Candidate& candidate,
                                 std::size_t end);
// The digest of what the model does with the stimuli (not of the recording).
Result<Digest> ReplayDigest(const Program& program, const Candidate& candidate);
Result<Digest> ReplayDigest(const LoadedTrace& trace, const Candidate& candidate);

// The options with which a candidate plays a recording.
std::string OptionsFor(const TraceHeader& recorded, const Candidate& candidate);

}  // namespace nicreplay
