// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>

namespace nicreplay {

// `nicreplay replay`.  Sets *exit_code when it runs: 0 identical, 1 divergence, 2 usage or
// unreadable input.
void AddReplayCommand(CLI::App& app, int* exit_code);

}  // namespace nicreplay
