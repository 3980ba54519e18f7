// SPDX-License-Identifier: MIT
#include "cli/generate.h"

#include <fmt/format.h>

#include <memory>

#include "cli/model_sources.h"
#include "fuzz/generators.h"
#include "fuzz/save.h"

namespace nicreplay {

namespace {

struct GenerateRequest {
  ModelSources sources;
  std::string model = "e1000-stock";
  std::string options;
  std::uint64_t seed = 1;
  std::uint64_t operations = 10'000;
  std::string output;
};

Status WriteSession(const GenerateRequest& request) {
  const Pairing pairing{{request.model, request.options}, {}, GeneratorWindow::kSize};
  auto recording = RecordingSession::Create(
      request.output, pairing.left, pairing.ram_size,
      fmt::format("nicreplay generate, seed {}, {} operations", request.seed, request.operations));
  if (!recording) return tl::make_unexpected(recording.error());
  (*recording)->set_limit(request.operations);
  GeneratorOf(request.model)(request.seed, **recording, {}, GeneratorTraffic::kAny);
  return (*recording)->Finish();
}

int GenerateTrace(const GenerateRequest& request) {
  if (auto loaded = request.sources.Load(); !loaded) {
    fmt::print(stderr, "nicreplay: {}\n", loaded.error().ToString());
    return 2;
  }
  if (auto written = WriteSession(request); !written) {
    fmt::print(stderr, "nicreplay: {}: {}\n", request.output, written.error().ToString());
    return 2;
  }
  return 0;
}

}  // namespace

void AddGenerateCommand(CLI::App& app, int* exit_code) {
  auto request = std::make_shared<GenerateRequest>();
  CLI::App* command =
      app.add_subcommand("generate", "Write a generated session of a model as a trace");
  command->footer(
      "The sessions are those of `nicreplay diff`: the same seed gives the same trace, "
      "everywhere.\n\n"
      "Example:\n"
      "  nicreplay generate --seed 7 --ops 100000 -o seed7.nrt && nicreplay replay seed7.nrt");
  command->add_option("-o,--output", request->output, "Trace file to write")->required();
  command->add_option("--model", request->model, "Model to record")->capture_default_str();
  command->add_option("--options", request->options, "Options of the model, key=value,...");
  request->sources.AddTo(command);
  command->add_option("--seed", request->seed, "Seed")->capture_default_str();
  command->add_option("--ops", request->operations, "Operations")->capture_default_str();
  command->callback([request, exit_code] { *exit_code = GenerateTrace(*request); });
}

}  // namespace nicreplay
