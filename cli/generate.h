// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>

namespace nicreplay {

// `nicreplay generate`.  Sets *exit_code: 0 written, 2 usage or the file cannot be written.
void AddGenerateCommand(CLI::App& app, int* exit_code);

}  // namespace nicreplay
