// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>

namespace nicreplay {

// `nicreplay import`: other programs' records as a trace.
void AddImportCommand(CLI::App& app, int* exit_code);

}  // namespace nicreplay
