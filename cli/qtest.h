// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>

namespace nicreplay {

// nicreplay qtest: the conformance suite and recorded sessions on a live QEMU.
void AddQtestCommand(CLI::App& app, int* exit_code);

}  // namespace nicreplay
