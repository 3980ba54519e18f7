// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>

namespace nicreplay {

// `nicreplay fuzz`: inputs of the fuzz targets, outside a fuzzer.
void AddFuzzCommand(CLI::App& app, int* exit_code);

}  // namespace nicreplay
