// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>

namespace nicreplay {

// `nicreplay models`.
void AddModelsCommand(CLI::App& app, int* exit_code);

}  // namespace nicreplay
