// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>

namespace nicreplay {

// `nicreplay show`.  Sets *exit_code when it runs: 0, or 2 where the trace is damaged or
// unreadable.
void AddShowCommand(CLI::App& app, int* exit_code);

}  // namespace nicreplay
