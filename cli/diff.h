// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>

namespace nicreplay {

// `nicreplay diff`.  Sets *exit_code: 0 no difference, 1 a difference, 2 usage.
void AddDiffCommand(CLI::App& app, int* exit_code);

}  // namespace nicreplay
