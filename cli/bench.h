// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>

namespace nicreplay {

// `nicreplay bench`.  Sets *exit_code: 0 measured, 1 a row did not do what the workload says, 2
// usage, or a backend that this machine does not have.
void AddBenchCommand(CLI::App& app, int* exit_code);

}  // namespace nicreplay
