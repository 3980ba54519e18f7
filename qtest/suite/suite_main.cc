// SPDX-License-Identifier: MIT
// nicreplay-suite: the conformance suite of the e1000 on models of this process and on a live QEMU.
#include <CLI/CLI.hpp>
#include <cctype>
#include <cstdio>
#include <exception>

#include "cli/builtin_models.h"
#include "models/registry.h"
#include "qtest/suite/conformance.h"

namespace nicreplay::e1000 {
namespace {

struct Request {
  std::vector<std::string> models;
  std::vector<std::string> plugins;
  std::vector<std::string> gtest_arguments;
};

// "Stock", "QemuSource"; others in camel case: GoogleTest takes letters and digits only.
std::string InstanceName(const std::string& model) {
  if (model == "e1000-stock") return "Stock";
  if (model == "qemu-e1000") return "QemuSource";
  std::string name;
  bool upper = true;
  for (const char c : model) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0) {
      name += static_cast<char>(upper ? std::toupper(byte) : byte);
      upper = false;
    } else {
      upper = true;
    }
  }
  return name;
}

Result<std::unique_ptr<Target>> CreateReset(const std::string& model, const std::string& options) {
  auto target = CreateMachineTarget(model, options, Driver::kRamSize);
  if (!target) return target;
  Stimulus reset;
  reset.kind = StimulusKind::kReset;
  (*target)->Apply(reset);
  return target;
}

Status AddModel(const std::string& model) {
  const auto entry = FindModel(model);
  if (!entry) return tl::make_unexpected(entry.error());
  SuiteTargets().push_back(
      {InstanceName(model), VersionIn((*entry)->summary), NetworkPadding::kLeaves,
       [model](const std::string& options) { return CreateReset(model, options); }});
  return Ok();
}

Status Prepare(const Request& request) {
  RegisterBuiltinModels();
  for (const std::string& plugin : request.plugins) {
    if (auto loaded = LoadPlugin(plugin); !loaded) return loaded;
  }
  std::vector<std::string> models = request.models;
  if (models.empty()) {
    models.emplace_back("e1000-stock");
    if (FindModel("qemu-e1000")) models.emplace_back("qemu-e1000");
  }
  for (const std::string& model : models) {
    if (auto added = AddModel(model); !added) return added;
  }
  return Ok();
}

// Everything that is not ours goes to GoogleTest, which says what it does not know either.
int RunCases(const char* program, const Request& request) {
  std::vector<std::string> arguments = {program};
  arguments.insert(arguments.end(), request.gtest_arguments.begin(), request.gtest_arguments.end());
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  int count = static_cast<int>(pointers.size());
  pointers.push_back(nullptr);
  testing::InitGoogleTest(&count, pointers.data());
  if (count > 1) {
    std::fprintf(stderr, "nicreplay-suite: unknown argument %s\n", pointers[1]);
    return 2;
  }
  return RUN_ALL_TESTS();
}

int Run(int argc, char** argv) {
  CLI::App app{"Conformance suite of the e1000", "nicreplay-suite"};
  app.footer("GoogleTest's flags (--gtest_filter=...) work, too.");
  app.allow_extras();
  Request request;
  app.add_option("--model", request.models, "models to test (default: e1000-stock, qemu-e1000)");
  app.add_option("--plugin", request.plugins, "shared objects with further models");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  request.gtest_arguments = app.remaining();
  if (auto prepared = Prepare(request); !prepared) {
    std::fprintf(stderr, "nicreplay-suite: %s\n", prepared.error().ToString().c_str());
    return 2;
  }
  return RunCases(argv[0], request);
}

}  // namespace
}  // namespace nicreplay::e1000

int main(int argc, char** argv) {
  try {
    return nicreplay::e1000::Run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "nicreplay-suite: %s\n", error.what());
    return 2;
  }
}
