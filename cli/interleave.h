// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>

namespace nicreplay {

void AddInterleaveCommand(CLI::App& app, int* exit_code);

}  // namespace nicreplay
