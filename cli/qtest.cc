// SPDX-License-Identifier: MIT
#include "cli/qtest.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/model_sources.h"
#include "cli/text.h"
#include "qtest/live_replay.h"
#include "replay/load.h"

namespace nicreplay {

namespace {

struct QtestRequest {
  QtestOptions qemu;
  ModelSources sources;
  std::vector<std::string> traces;
  std::uint64_t to = std::numeric_limits<std::uint64_t>::max();
  bool no_suite = false;
  bool json = false;
};

// The suite is a program of its own, beside this one.
Result<std::string> FindSuite() {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path suite = self.parent_path() / "nicreplay-suite";
  if (error || !std::filesystem::exists(suite, error)) {
    return Fail(ErrorCode::kIo, fmt::format("{} is not there", suite.string()));
  }
  return suite.string();
}

// Its exit code.
Result<int> RunSuite(const QtestRequest& request) {
  auto suite = FindSuite();
  if (!suite) return tl::make_unexpected(suite.error());
  std::vector<std::string> words = {
      *suite, "--qemu", request.qemu.qemu, "--device", request.qemu.device, "--gtest_brief=1"};
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, suite->c_str(), nullptr, nullptr, arguments.data(), environ);
  if (error != 0) return Fail(ErrorCode::kIo, *suite + ": " + std::strerror(error));
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

Result<LiveReplayOutcome> ReplayOne(const std::string& path, const QtestRequest& request) {
  auto loaded = LoadProgram(path, Salvage::kNo);
  if (!loaded) return tl::make_unexpected(loaded.error());
  return ReplayLive(std::move(loaded->program), request.qemu, request.to);
}

void PrintText(const std::string& path, const LiveReplayOutcome& outcome,
               const QtestRequest& request) {
  fmt::print("{}: {}\n  {}: {} events, {} operations, {} frames sent\n",
             std::filesystem::path(path).filename().string(),
             outcome.divergence ? "DIVERGES" : "identical", Printable(outcome.qemu), outcome.events,
             outcome.operations, outcome.sent);
  if (!outcome.levelled.empty()) fmt::print("  without {}\n", outcome.levelled);
  if (!outcome.divergence) return;
  fmt::print("  event {}: {}\n  {}: {}\n", outcome.divergence->event, outcome.stimulus,
             KindName(outcome.divergence->kind), outcome.text.name);
  for (const std::string& line : outcome.text.lines) fmt::print("    {}\n", line);
  fmt::print("  reproduce: nicreplay qtest --no-suite --qemu {} --device {} --to {} {}\n",
             request.qemu.qemu, request.qemu.device, outcome.divergence->event + 1, path);
}

nlohmann::json ToJson(const std::string& path, const LiveReplayOutcome& outcome) {
  nlohmann::json json = {{"trace", path},
                         {"qemu", outcome.qemu},
                         {"verdict", outcome.divergence ? "DIVERGES" : "identical"},
                         {"events", outcome.events},
                         {"operations", outcome.operations},
                         {"sent", outcome.sent}};
  if (!outcome.levelled.empty()) json["without"] = outcome.levelled;
  if (outcome.divergence) {
    json["divergence"] = {{"event", outcome.divergence->event},
                          {"kind", KindName(outcome.divergence->kind)},
                          {"stimulus", outcome.stimulus},
                          {"name", outcome.text.name},
                          {"details", outcome.text.lines}};
  }
  return json;
}

int ReplayAll(const QtestRequest& request) {
  int exit_code = 0;
  nlohmann::json all = nlohmann::json::array();
  for (const std::string& path : request.traces) {
    auto outcome = ReplayOne(path, request);
    if (!outcome) {
      fmt::print(stderr, "nicreplay: {}: {}\n", path, outcome.error().ToString());
      exit_code = 2;
      continue;
    }
    if (outcome->divergence) exit_code = std::max(exit_code, 1);
    if (request.json) {
      all.push_back(ToJson(path, *outcome));
    } else {
      PrintText(path, *outcome, request);
    }
  }
  if (request.json) fmt::print("{}\n", Dump(all, 2));
  return exit_code;
}

int RunQtest(const QtestRequest& request) {
  if (auto loaded = request.sources.Load(); !loaded) {
    fmt::print(stderr, "nicreplay: {}\n", loaded.error().ToString());
    return 2;
  }
  int exit_code = 0;
  if (!request.no_suite) {
    auto suite = RunSuite(request);
    if (!suite) {
      fmt::print(stderr, "nicreplay: {}\n", suite.error().ToString());
      return 2;
    }
    exit_code = *suite;
  }
  return request.traces.empty() ? exit_code : std::max(exit_code, ReplayAll(request));
}

}  // namespace

void AddQtestCommand(CLI::App& app, int* exit_code) {
  auto request = std::make_shared<QtestRequest>();
  CLI::App* command = app.add_subcommand(
      "qtest", "Run the conformance suite and recorded sessions on the NIC of a live QEMU");
  command->footer(
      "QEMU must have qtest (`ci/qemu` builds one).  A session is replayed over qtest in virtual "
      "time: every value read,\nthe interrupt line, every frame sent and all memory that the "
      "device wrote must be the recording's.  What qtest\ndoes not show is not compared: armed "
      "timers, readiness to receive, frames without any byte.\nA virtio-net's session is replayed "
      "without offloads, which QEMU's network does not take there; name "
      "virtio-net-pci,ioeventfd=off.\n\n"
      "Examples:\n"
      "  nicreplay qtest --qemu ./qemu-system-x86_64 --device e1000 corpus/sessions/*.nrt\n"
      "  nicreplay qtest --qemu ./qemu-system-x86_64 --device nicreplay,model=mine,library=./l.so\n"
      "Exit codes: 0 identical, 1 a failure or divergence, 2 usage or a QEMU that does not work.");
  command->add_option("trace", request->traces, "Trace files (.nrt)");
  command->add_option("--qemu", request->qemu.qemu, "The QEMU to test, with qtest")->required();
  command->add_option("--device", request->qemu.device, "Its NIC, as -device takes it")
      ->capture_default_str();
  command->add_option("--machine", request->qemu.machine, "Its machine, one with an i440FX")
      ->capture_default_str();
  command->add_option("--to", request->to, "Stop after this many events of a trace");
  command->add_flag("--no-suite", request->no_suite, "Replay the traces only");
  command->add_flag("--json", request->json, "Print JSON, for traces");
  command->callback([request, exit_code] { *exit_code = RunQtest(*request); });
}

}  // namespace nicreplay
