// SPDX-License-Identifier: MIT
#include "cli/fuzz.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <memory>

#include "cli/model_sources.h"
#include "fuzz/dictionary.h"
#include "fuzz/e1000_generator.h"
#include "fuzz/e1000_input.h"
#include "fuzz/save.h"
#include "fuzz/seeds.h"
#include "fuzz/shrink.h"
#include "fuzz/target.h"

namespace nicreplay {

namespace {

namespace fs = std::filesystem;
using Microseconds = std::chrono::duration<double, std::micro>;

constexpr std::uint64_t kMaxTries = 4000;  // of shrinking
constexpr std::size_t kMaxInput = std::size_t{1} << 20;

struct FuzzRequest {
  ModelSources sources;
  std::string target = "e1000-stock-opt";
  std::vector<std::string> files;
  std::string output;
  std::uint64_t repeat = 1;
  std::uint64_t generate = 0;
  bool digest = false;
  bool time = false;
  bool reload = false;
  bool no_shrink = false;
};

int Report(const Error& error, const std::string& about) {
  fmt::print(stderr, "nicreplay: {}{}{}\n", about, about.empty() ? "" : ": ", error.ToString());
  return 2;
}

Result<std::vector<std::uint8_t>> ReadInput(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Fail(ErrorCode::kIo, "cannot be opened");
  std::vector<std::uint8_t> bytes(kMaxInput + 1);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  if (bytes.size() > kMaxInput) return Fail(ErrorCode::kTooLarge, "over 1 MiB");
  return bytes;
}

// The files, and those of the folders, in order of their names.
std::vector<std::string> FilesOf(const std::vector<std::string>& names) {
  std::vector<std::string> files;
  for (const std::string& name : names) {
    if (!fs::is_directory(name)) {
      files.push_back(name);
      continue;
    }
    const std::size_t first = files.size();
    for (const auto& entry : fs::directory_iterator(name)) {
      if (entry.is_regular_file()) files.push_back(entry.path().string());
    }
    std::sort(files.begin() + static_cast<std::ptrdiff_t>(first), files.end());
  }
  return files;
}

Result<const FuzzTarget*> Prepare(const FuzzRequest& request) {
  if (auto loaded = request.sources.Load(); !loaded) return tl::make_unexpected(loaded.error());
  return FindFuzzTarget(request.target);
}

// Every input, as often as asked: verdicts, digests that stay the same.
int RunInputs(const FuzzRequest& request) {
  auto target = Prepare(request);
  if (!target) return Report(target.error(), "");
  FuzzRunner runner(**target);
  runner.EnableDigest();
  if (request.reload) runner.ReloadEverywhere();
  std::size_t differing = 0;
  std::size_t moved = 0;
  std::uint64_t all = 0;
  const std::vector<std::string> files = FilesOf(request.files);
  for (const std::string& path : files) {
    auto input = ReadInput(path);
    if (!input) return Report(input.error(), path);
    Microseconds best(std::numeric_limits<double>::max());
    const auto run = [&] {
      const auto began = std::chrono::steady_clock::now();
      auto outcome = runner.Run(*input);
      best = std::min<Microseconds>(best, std::chrono::steady_clock::now() - began);
      return outcome;
    };
    auto outcome = run();
    for (std::uint64_t n = 1; outcome && n < request.repeat; ++n) {
      const std::uint64_t digest = outcome->digest;
      outcome = run();
      if (outcome && outcome->digest != digest) {
        fmt::print("{}: digest {:016x}, then {:016x}\n", path, digest, outcome->digest);
        return 1;
      }
    }
    if (!outcome) return Report(outcome.error(), path);
    if (request.digest) fmt::print("{:016x}  {}\n", outcome->digest, path);
    if (request.time) fmt::print("{:.1f}  {}\n", best.count(), path);
    if (outcome->divergence) fmt::print("{}: {}\n", path, KindName(outcome->divergence->kind));
    if (outcome->violation) fmt::print("{}: {}\n", path, *outcome->violation);
    differing += outcome->divergence || outcome->violation ? 1 : 0;
    moved += outcome->moved_data ? 1 : 0;
    all = all * 0x9e3779b97f4a7c15u + outcome->digest;
  }
  fmt::print("{} inputs on {}, {} of them move data, {} differ, digest {:016x}\n", files.size(),
             request.target, moved, differing, all);
  return differing == 0 ? 0 : 1;
}

int PrintDictionary(const FuzzRequest& request) {
  auto target = Prepare(request);
  if (!target) return Report(target.error(), "");
  fmt::print("{}", DictionaryOf((*target)->family));
  return 0;
}

// An input's failure, shrunk, as a trace; or what it does, as a trace.
int MakeTrace(const FuzzRequest& request) {
  auto target = Prepare(request);
  if (!target) return Report(target.error(), "");
  const std::string& path = request.files.front();
  auto input = ReadInput(path);
  if (!input) return Report(input.error(), path);
  auto list = FuzzOperations::Of(**target, *input);
  if (!list) return Report(list.error(), path);
  const auto compare = [&](std::span<const Stimulus> tried) { return list->Compare(tried); };
  auto found = compare(list->operations());
  if (!found) return Report(found.error(), path);
  std::vector<Stimulus> operations = list->operations();
  Shrunk shrunk;
  if (*found) {
    auto made = Shrink(list->pairing(), compare, operations, request.no_shrink ? 0 : kMaxTries);
    if (!made) return Report(made.error(), path);
    shrunk = std::move(*made);
    operations = shrunk.operations;
    const Divergence& divergence = shrunk.divergence;
    fmt::print("{}: {}\n", path, FailureName(divergence, list->pairing(), operations));
    for (const auto& line : DescribeOperations(divergence, list->pairing(), operations).lines) {
      fmt::print("    {}\n", line);
    }
    fmt::print("  {} operations, of {}\n", operations.size(), list->operations().size());
  } else {
    fmt::print("{}: identical, {} operations\n", path, operations.size());
  }
  if (!request.output.empty()) {
    const std::string name = fs::path(path).filename().string();
    auto saved = SaveOperations(request.output, list->pairing(), operations,
                                fmt::format("nicreplay fuzz trace, {} {}", request.target, name));
    if (!saved) return Report(saved.error(), request.output);
    fmt::print(
        "  reproduce: nicreplay replay{} --model {}{} {}\n", request.sources.ToArguments(),
        list->pairing().right.model,
        list->pairing().right.options.empty() ? "" : " --options " + list->pairing().right.options,
        request.output);
  }
  return *found ? 1 : 0;
}

// What went wrong without a difference: an invariant, in words.
std::string ViolationOf(const FuzzTarget& target, Bytes input) {
  const auto outcome = FuzzRunner(target).Run(input);
  return outcome && outcome->violation ? *outcome->violation : "no difference";
}

// One line a distinct failure, with its smallest input.
int Triage(const FuzzRequest& request) {
  auto target = Prepare(request);
  if (!target) return Report(target.error(), "");
  std::map<std::string, std::pair<std::size_t, std::string>> smallest;
  std::map<std::string, std::size_t> counts;
  for (const std::string& path : FilesOf(request.files)) {
    auto input = ReadInput(path);
    if (!input) return Report(input.error(), path);
    auto list = FuzzOperations::Of(**target, *input);
    if (!list) return Report(list.error(), path);
    auto found = list->Compare(list->operations());
    if (!found) return Report(found.error(), path);
    const std::string name = *found ? FailureName(**found, list->pairing(), list->operations())
                                    : ViolationOf(**target, *input);
    const auto [entry, fresh] = smallest.try_emplace(name, input->size(), path);
    if (!fresh && input->size() < entry->second.first) entry->second = {input->size(), path};
    ++counts[name];
  }
  for (const auto& [name, input] : smallest) {
    fmt::print("{:>5}  {}  {}\n", counts[name], name, input.second);
  }
  return smallest.empty() ? 0 : 1;
}

Status WriteInput(const fs::path& path, Bytes input) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(input.data()),
             static_cast<std::streamsize>(input.size()));
  file.close();
  if (!file) return Fail(ErrorCode::kIo, "cannot write " + path.string());
  return Ok();
}

int MakeSeeds(const FuzzRequest& request) {
  std::error_code ignored;
  fs::create_directories(request.output, ignored);
  std::size_t made = 0;
  for (const std::string& path : FilesOf(request.files)) {
    auto seeds = SeedsFromTrace(path);
    if (!seeds) return Report(seeds.error(), path);
    for (std::size_t i = 0; i < seeds->size(); ++i) {
      const std::string name = fmt::format("{}-{:03}", fs::path(path).stem().string(), i);
      if (auto written = WriteInput(fs::path(request.output) / name, (*seeds)[i]); !written) {
        return Report(written.error(), "");
      }
      ++made;
    }
  }
  for (std::uint64_t seed = 1; seed <= request.generate; ++seed) {
    const std::string name = fmt::format("generated-{:03}", seed);
    if (auto written = WriteInput(fs::path(request.output) / name, SeedFromGenerator(seed));
        !written) {
      return Report(written.error(), "");
    }
    ++made;
  }
  fmt::print("{} seeds in {}\n", made, request.output);
  return 0;
}

CLI::App* AddPart(CLI::App* command, const char* name, const char* what,
                  const std::shared_ptr<FuzzRequest>& request, int (*run)(const FuzzRequest&),
                  int* exit_code) {
  CLI::App* part = command->add_subcommand(name, what);
  part->callback([request, run, exit_code] { *exit_code = run(*request); });
  return part;
}

void TakeTarget(CLI::App* part, const std::shared_ptr<FuzzRequest>& request) {
  part->add_option("--target", request->target, "Fuzz target")->capture_default_str();
  request->sources.AddTo(part);
}

}  // namespace

void AddFuzzCommand(CLI::App& app, int* exit_code) {
  auto request = std::make_shared<FuzzRequest>();
  CLI::App* command = app.add_subcommand("fuzz", "Inputs of the fuzz targets, outside a fuzzer");
  command->require_subcommand(1);
  command->footer(
      "Examples:\n"
      "  nicreplay fuzz run --target e1000-stock-qemu --repeat 1000 corpus/fuzz/e1000\n"
      "  nicreplay fuzz trace crash-1234 -o bug.nrt && nicreplay export --qtest bug.nrt\n"
      "  nicreplay fuzz seeds corpus/sessions/*.nrt --generate 50 -o seeds\n"
      "Exit codes: 0 no difference, 1 a difference, 2 usage.");
  CLI::App* run =
      AddPart(command, "run", "Run inputs: verdicts and digests", request, RunInputs, exit_code);
  TakeTarget(run, request);
  run->add_option("inputs", request->files, "Files, or folders of them")->required();
  run->add_option("--repeat", request->repeat, "Runs of each; the digest must stay the same");
  run->add_flag("--digest", request->digest, "Print each input's digest");
  run->add_flag("--reload", request->reload,
                "Save and load the right device's state before every operation");
  run->add_flag("--time", request->time, "Print what each input takes, at best, in microseconds");
  CLI::App* trace = AddPart(command, "trace", "Turn an input into a trace, its failure shrunk",
                            request, MakeTrace, exit_code);
  TakeTarget(trace, request);
  trace->add_option("input", request->files, "Input")->required()->expected(1);
  trace->add_option("-o,--output", request->output, "Trace file to write");
  trace->add_flag("--no-shrink", request->no_shrink, "Leave the failure as it was found");
  CLI::App* triage =
      AddPart(command, "triage", "Group inputs by their failure", request, Triage, exit_code);
  TakeTarget(triage, request);
  triage->add_option("inputs", request->files, "Files, or folders of them")->required();
  CLI::App* seeds = AddPart(command, "seeds", "Make inputs out of traces (windows of them)",
                            request, MakeSeeds, exit_code);
  seeds->add_option("traces", request->files, "Trace files");
  seeds->add_option("--generate", request->generate, "Also so many generated ones");
  seeds->add_option("-o,--output", request->output, "Folder to write to")->required();
  CLI::App* dictionary = AddPart(command, "dictionary", "Print the dictionary for fuzzers", request,
                                 PrintDictionary, exit_code);
  TakeTarget(dictionary, request);
}

}  // namespace nicreplay
