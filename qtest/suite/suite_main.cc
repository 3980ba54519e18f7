// SPDX-License-Identifier: MIT
// nicreplay-suite: the conformance suites of the e1000 and of virtio-net, on models of this process
// and on a live QEMU.
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "cli/builtin_models.h"
#include "models/registry.h"
#include "qtest/suite/targets.h"

namespace nicreplay::suite {
namespace {

struct Request {
  std::vector<std::string> models;
  std::vector<std::string> plugins;
  std::string qemu;
  std::string device = "e1000";
};

Status Add(const Result<SuiteTarget>& target) {
  if (!target) return tl::make_unexpected(target.error());
  SuiteTargets(target->family).push_back(*target);
  return Ok();
}

// Without a request: what this build has.
Status AddTargets(Request request) {
  for (const std::string& plugin : request.plugins) {
    if (auto loaded = LoadPlugin(plugin); !loaded) return loaded;
  }
  if (request.models.empty() && request.qemu.empty()) {
    request.models.emplace_back("e1000-stock");
    if (FindModel("qemu-e1000")) request.models.emplace_back("qemu-e1000");
    request.models.emplace_back("virtio-net");
  }
  for (const std::string& model : request.models) {
    if (auto added = Add(ModelTarget(model)); !added) return added;
  }
  if (request.qemu.empty()) return Ok();
  return Add(LiveTarget(request.qemu, request.device));
}

// What is not ours is GoogleTest's, or a mistake.
int RunCases(const char* program, const std::vector<std::string>& extra) {
  std::vector<std::string> arguments = {program};
  arguments.insert(arguments.end(), extra.begin(), extra.end());
  std::vector<char*> pointers;
  pointers.reserve(arguments.size() + 1);
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
  CLI::App app{"Conformance suites of the e1000 and of virtio-net", "nicreplay-suite"};
  app.footer(
      "A device is tested by the cases of its kind.\n"
      "Without --model and --qemu: e1000-stock, virtio-net and, where it is built, qemu-e1000.\n"
      "GoogleTest's flags (--gtest_filter=...) work, too.\n"
      "Exit codes: 0 passed, 1 failed, 2 usage.");
  app.allow_extras();
  Request request;
  app.add_option("--model", request.models, "models to test");
  app.add_option("--plugin", request.plugins, "shared objects with further models");
  app.add_option("--qemu", request.qemu, "a qemu-system-x86_64 with qtest to test")
      ->envname("NICREPLAY_QEMU");
  app.add_option("--device", request.device,
                 "its device, an e1000 or virtio-net as -device takes it");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  RegisterBuiltinModels();
  if (auto added = AddTargets(request); !added) {
    std::fprintf(stderr, "nicreplay-suite: %s\n", added.error().ToString().c_str());
    return 2;
  }
  return RunCases(argv[0], app.remaining());
}

}  // namespace
}  // namespace nicreplay::suite

int main(int argc, char** argv) {
  try {
    return nicreplay::suite::Run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "nicreplay-suite: %s\n", error.what());
    return 2;
  }
}
