// SPDX-License-Identifier: MIT
#include <malloc.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "cli/bench.h"
#include "cli/diff.h"
#include "cli/exits.h"
#include "cli/export.h"
#include "cli/fuzz.h"
#include "cli/generate.h"
#include "cli/import.h"
#include "cli/info.h"
#include "cli/interleave.h"
#include "cli/models.h"
#include "cli/qtest.h"
#include "cli/replay.h"
#include "cli/show.h"

namespace {

int Run(int argc, char** argv) {
  CLI::App app{"nicreplay: record, replay, test and fuzz NIC device models, deterministically",
               "nicreplay"};
  app.footer("Exit codes: 0 identical, 1 divergence, 2 usage or unreadable input.");
  app.set_version_flag("--version", NICREPLAY_VERSION);
  app.require_subcommand(1);
  int exit_code = 0;
  nicreplay::AddReplayCommand(app, &exit_code);
  nicreplay::AddInfoCommand(app, &exit_code);
  nicreplay::AddInterleaveCommand(app, &exit_code);
  nicreplay::AddShowCommand(app, &exit_code);
  nicreplay::AddDiffCommand(app, &exit_code);
  nicreplay::AddBenchCommand(app, &exit_code);
  nicreplay::AddGenerateCommand(app, &exit_code);
  nicreplay::AddFuzzCommand(app, &exit_code);
  nicreplay::AddQtestCommand(app, &exit_code);
  nicreplay::AddExportCommand(app, &exit_code);
  nicreplay::AddImportCommand(app, &exit_code);
  nicreplay::AddExitsCommand(app, &exit_code);
  nicreplay::AddModelsCommand(app, &exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  // Memory that was used once stays with the process: fresh pages cost more than what is written to
  // them.
  constexpr int kKept = 1 << 30;
  mallopt(M_MMAP_THRESHOLD, kKept);
  mallopt(M_TRIM_THRESHOLD, kKept);
  try {
    return Run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "nicreplay: %s\n", error.what());
    return 2;
  }
}
