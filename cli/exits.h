// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>

namespace nicreplay {

// `nicreplay exits`.  Sets *exit_code when it runs: 0 done, 2 unreadable or not comparable.
void AddExitsCommand(CLI::App& app, int* exit_code);

}  // namespace nicreplay
