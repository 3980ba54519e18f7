// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>

namespace nicreplay {

// `nicreplay info`.  Sets *exit_code when it runs: 0 whole, 2 damaged, unfinished or unreadable.
void AddInfoCommand(CLI::App& app, int* exit_code);

}  // namespace nicreplay
