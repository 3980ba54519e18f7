// SPDX-License-Identifier: MIT
#include "cli/models.h"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/model_sources.h"
#include "models/registry.h"

namespace nicreplay {

namespace {

struct ModelsRequest {
  ModelSources sources;
  bool json = false;
};

void PrintText() {
  for (const ModelEntry* entry : Models()) {
    fmt::print("{:<14} {}\n", entry->name, entry->summary);
    std::istringstream lines(entry->options);
    for (std::string line; std::getline(lines, line);) fmt::print("{:<14}   {}\n", "", line);
  }
}

void PrintJson() {
  nlohmann::json all = nlohmann::json::array();
  for (const ModelEntry* entry : Models()) {
    all.push_back(
        {{"name", entry->name}, {"summary", entry->summary}, {"options", entry->options}});
  }
  fmt::print("{}\n", all.dump(2));
}

int ListModels(const ModelsRequest& request) {
  if (auto loaded = request.sources.Load(); !loaded) {
    fmt::print(stderr, "nicreplay: {}\n", loaded.error().ToString());
    return 2;
  }
  request.json ? PrintJson() : PrintText();
  return 0;
}

}  // namespace

void AddModelsCommand(CLI::App& app, int* exit_code) {
  auto request = std::make_shared<ModelsRequest>();
  CLI::App* command = app.add_subcommand("models", "List the device models and their options");
  request->sources.AddTo(command);
  command->add_flag("--json", request->json, "Print JSON");
  command->callback([request, exit_code] { *exit_code = ListModels(*request); });
}

}  // namespace nicreplay
