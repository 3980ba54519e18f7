// SPDX-License-Identifier: MIT
// Replays of models that may put work off: their recordings cannot say when it runs, so they run
// in lockstep with the reference of their contract.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cli/model_sources.h"
#include "replay/contract.h"
#include "replay/program.h"

namespace nicreplay {

struct DeferredReplay {
  std::string path;  // of the session, for messages
  const ModelSources* sources = nullptr;
  Candidate candidate;  // with its options
  Contract contract;
  std::string schedule;  // as Schedule::Parse takes it
  std::uint64_t to = 0;  // events at most
};

// Prints the verdict, or adds it to `json` where that is not null.  True: no difference.
Result<bool> ReplayDeferred(const DeferredReplay& request, const Program& program,
                            nlohmann::json* json);

}  // namespace nicreplay
