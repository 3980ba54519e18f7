// SPDX-License-Identifier: MIT
#include "replay/load.h"

#include <memory>

namespace nicreplay {

Result<Program> BuildProgram(const LoadedTrace& trace, Patching patching) {
  ProgramBuilder builder(trace.header, patching);
  for (const EventChunk& chunk : trace.chunks) {
    auto arena = std::make_shared<Arena>();
    if (auto added = builder.Add(AllEvents(chunk, *arena), arena); !added) {
      return tl::make_unexpected(added.error());
    }
  }
  return builder.Finish();
}

Result<LoadedProgram> LoadProgram(const std::string& path, Salvage salvage) {
  auto loaded = LoadTrace(path, salvage);
  if (!loaded) return tl::make_unexpected(loaded.error());
  const auto trace = std::make_shared<const LoadedTrace>(std::move(*loaded));
  return BuildProgram(*trace, Patching::kAsRead).map([&](Program program) {
    program.owners.push_back(trace);
    LoadedProgram whole;
    whole.program = std::move(program);
    if (trace->footer) whole.digest = trace->footer->digest;
    whole.damage = trace->error;
    return whole;
  });
}

}  // namespace nicreplay
