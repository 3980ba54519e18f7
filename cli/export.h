// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>

namespace nicreplay {

// `nicreplay export`: a trace in another form.
void AddExportCommand(CLI::App& app, int* exit_code);

}  // namespace nicreplay
