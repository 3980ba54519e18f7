// SPDX-License-Identifier: MIT
// A trace as a program.
#pragma once

#include <optional>
#include <string>

#include "replay/program.h"
#include "replay/stream.h"

namespace nicreplay {

struct LoadedProgram {
  Program program;               // kAsRead
  std::optional<Digest> digest;  // the footer's
  std::optional<Error> damage;   // what ended a salvage
};

Result<LoadedProgram> LoadProgram(const std::string& path, Salvage salvage);

// The program points into the trace, which outlives it.  Errors are ProgramBuilder's.
Result<Program> BuildProgram(const LoadedTrace& trace, Patching patching);

}  // namespace nicreplay
