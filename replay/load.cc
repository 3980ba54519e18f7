// SPDX-License-Identifier: MIT
#include "replay/load.h"

#include <memory>

namespace nicreplay {

Result<LoadedProgram> LoadProgram(const std::string& path, Salvage salvage) {
  auto trace = LoadTrace(path, salvage);
  if (!trace) return tl::make_unexpected(trace.error());
  LoadedProgram loaded;
  if (trace->footer) loaded.digest = trace->footer->digest;
  loaded.damage = trace->error;
  ProgramBuilder builder(trace->header, Patching::kAsRead);
  for (EventChunk& chunk : trace->chunks) {
    auto owner = std::make_shared<EventChunk>(std::move(chunk));
    if (auto added = builder.Add(owner->batch, owner); !added) {
      return tl::make_unexpected(added.error());
    }
    // The program has its own copy of the records; the bytes stay.
    owner->batch = {};
  }
  loaded.program = builder.Finish();
  return loaded;
}

}  // namespace nicreplay
