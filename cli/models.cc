// SPDX-License-Identifier: MIT
#include "cli/models.h"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "models/registry.h"

namespace nicreplay {

namespace {

struct ModelsRequest {
  std::vector<std::string> plugins;
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
  for (const std::string& path : request.plugins) {
    if (auto loaded = LoadPlugin(path); !loaded) {
      fmt::print(stderr, "nicreplay: {}: {}\n", path, loaded.error().ToString());
      return 2;
    }
  }
  request.json ? PrintJson() : PrintText();
  return 0;
}

}  // namespace

void AddModelsCommand(CLI::App& app, int* exit_code) {
  auto request = std::make_shared<ModelsRequest>();
  CLI::App* command = app.add_subcommand("models", "List the device models and their options");
  command->add_option("--plugin", request->plugins,
                      "Shared object with further models (models/c_api.h); may be repeated");
  command->add_flag("--json", request->json, "Print JSON");
  command->callback([request, exit_code] { *exit_code = ListModels(*request); });
}

}  // namespace nicreplay
