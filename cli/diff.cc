// SPDX-License-Identifier: MIT
#include "cli/diff.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/model_sources.h"
#include "fuzz/generators.h"
#include "fuzz/lockstep.h"
#include "fuzz/save.h"
#include "fuzz/scheduled_sink.h"
#include "fuzz/shrink.h"
#include "models/families.h"
#include "models/registry.h"
#include "qtest/live_lockstep.h"
#include "replay/load.h"

namespace nicreplay {

namespace {

using Clock = std::chrono::steady_clock;

// A live QEMU's RAM ends where the generator's window does, so that DMA runs out of it there, too.
constexpr GuestAddress kLiveWindow = std::uint64_t{16} << 20;
constexpr std::uint64_t kOperationsPerSeed = 1'000'000;
constexpr std::uint64_t kLiveOperationsPerSeed = 20'000;
constexpr std::uint64_t kLiveTries = 1000;
constexpr std::uint64_t kMaxTries = 4000;  // of shrinking

struct DiffRequest {
  Pairing pairing{{"", ""}, {"qemu-e1000", ""}, GeneratorWindow::kSize};
  std::string switches;  // of the right side
  std::string schedule;  // empty: at random, by the session's seed
  ModelSources sources;
  std::uint64_t seed = 1;
  std::uint64_t seeds = 0;
  std::uint64_t operations = 10'000'000;
  std::uint64_t per_seed = 0;  // 0: what suits the sides
  double seconds = 0;
  std::string save = "divergence.nrt";
  std::string session;  // operations to compare instead of generated ones
  bool no_shrink = false;
  bool json = false;
  bool quiet = false;
  QtestOptions live;  // no QEMU: a model of this process

  bool IsLive() const { return !live.qemu.empty(); }
  bool HasSwitches() const { return !pairing.contract.switches.empty(); }
  LivePairing live_pairing() const {
    const bool virtio = live.device.starts_with("virtio-net");
    return {pairing.left, live, virtio ? LiveWork::kInBottomHalves : LiveWork::kAtOnce};
  }
  GeneratorWindow window() const { return {IsLive() ? kLiveWindow : 0, GeneratorWindow::kSize}; }
};

// What is driven: two models, or a model and a live QEMU.
class Sides {
 public:
  static Result<Sides> Create(const DiffRequest& request, std::uint64_t limit) {
    Sides sides;
    if (request.IsLive()) {
      auto live = LiveLockstep::Create(request.live_pairing(),
                                       {request.window().base, request.window().size}, limit);
      if (!live) return tl::make_unexpected(live.error());
      sides.live_ = std::move(*live);
    } else {
      auto models = Lockstep::Create(request.pairing, limit);
      if (!models) return tl::make_unexpected(models.error());
      sides.models_ = std::move(*models);
    }
    return sides;
  }

  OperationSink& sink() {
    if (live_) return *live_;
    return *models_;
  }
  Status Finish() { return live_ ? live_->Finish(LiveLockstep::Extent::kAllMemory) : Ok(); }
  std::uint64_t checked_frames() const { return live_ ? 0 : models_->checked_frames(); }
  FastPaths fast_paths() const { return live_ ? FastPaths{} : models_->fast_paths(); }
  std::uint64_t count() const { return live_ ? live_->count() : models_->count(); }
  bool diverged() const {
    return live_ ? live_->divergence().has_value() : models_->divergence().has_value();
  }

 private:
  std::unique_ptr<Lockstep> models_;
  std::unique_ptr<LiveLockstep> live_;
};

// What drives a session into `sink`: where work may be put off, a schedule says when it runs.
class Session {
 public:
  static Result<Session> Create(const DiffRequest& request, std::uint64_t seed,
                                OperationSink& sink) {
    Session session(request, seed, sink);
    if (request.pairing.contract.deferred.empty()) return session;
    auto schedule =
        Schedule::Parse(request.schedule.empty() ? fmt::format("seed={}", seed) : request.schedule);
    if (!schedule) return tl::make_unexpected(schedule.error());
    session.scheduled_ = std::make_unique<ScheduledSink>(std::move(*schedule), sink);
    return session;
  }

  void Run() {
    OperationSink& sink = scheduled_ ? *scheduled_ : *sink_;
    generate_(seed_, sink, window_, traffic_);
  }

 private:
  Session(const DiffRequest& request, std::uint64_t seed, OperationSink& sink)
      : seed_(seed),
        generate_(GeneratorOf(request.pairing.left.model)),
        window_(request.window()),
        traffic_(request.HasSwitches() ? GeneratorTraffic::kOptimized : GeneratorTraffic::kAny),
        sink_(&sink) {}

  std::uint64_t seed_;
  Generate generate_;
  GeneratorWindow window_;
  GeneratorTraffic traffic_;
  OperationSink* sink_;
  std::unique_ptr<ScheduledSink> scheduled_;
};

struct Found {
  std::uint64_t seed = 0;
  std::uint64_t operation = 0;                        // in the session of the seed, from 0
  std::size_t recorded = 0;                           // operations before shrinking
  std::shared_ptr<const OperationRecorder> recorder;  // of the bytes that operations point at
  Shrunk shrunk;
  DivergenceText text;
  std::string saved;
};

struct Tally {
  std::uint64_t seeds = 0;
  std::uint64_t operations = 0;
  FastPaths fast_paths;
  std::uint64_t checked_frames = 0;  // declared difference rxcsum
  std::optional<Found> found;
  double seconds = 0;
};

Result<Shrunk> ShrinkSides(const DiffRequest& request, std::vector<Stimulus> operations) {
  if (!request.IsLive()) {
    return Shrink(request.pairing, std::move(operations), request.no_shrink ? 0 : kMaxTries);
  }
  const LivePairing pairing = request.live_pairing();
  const LiveLockstep::Window window{request.window().base, request.window().size};
  const auto compare = [&](std::span<const Stimulus> tried) {
    return CompareLive(pairing, window, tried);
  };
  return Shrink(request.pairing, compare, std::move(operations),
                request.no_shrink ? 0 : kLiveTries);
}

// The session of a seed once more, kept, then shrunk and saved.
Result<Found> Investigate(const DiffRequest& request, std::uint64_t seed, std::uint64_t count) {
  auto sides = Sides::Create(request, count);
  if (!sides) return tl::make_unexpected(sides.error());
  const auto recorder = std::make_shared<OperationRecorder>(sides->sink());
  auto session = Session::Create(request, seed, *recorder);
  if (!session) return tl::make_unexpected(session.error());
  session->Run();
  std::vector<Stimulus> operations = recorder->operations();
  operations.resize(std::min<std::size_t>(operations.size(), count));
  Found found;
  found.recorder = recorder;
  found.seed = seed;
  found.operation = count - 1;
  found.recorded = operations.size();
  if (!request.quiet) fmt::print(stderr, "seed {}: operation {} differs\n", seed, count - 1);
  auto shrunk = ShrinkSides(request, std::move(operations));
  if (!shrunk) return tl::make_unexpected(shrunk.error());
  found.shrunk = std::move(*shrunk);
  found.text =
      DescribeOperations(found.shrunk.divergence, request.pairing, found.shrunk.operations);
  if (request.save.empty()) return found;
  const std::string origin = fmt::format("nicreplay diff, seed {}", seed);
  auto saved =
      request.HasSwitches()
          ? SaveStimuli(request.save, request.pairing.right, found.shrunk.operations, origin)
          : SaveOperations(request.save, request.pairing, found.shrunk.operations, origin);
  if (!saved) return tl::make_unexpected(saved.error());
  found.saved = request.save;
  return found;
}

bool More(const DiffRequest& request, const Tally& tally, double elapsed) {
  if (tally.found) return false;
  if (request.seconds > 0) return elapsed < request.seconds;
  if (request.seeds > 0) return tally.seeds < request.seeds;
  return tally.operations < request.operations;
}

Result<Tally> RunSeeds(const DiffRequest& request) {
  Tally tally;
  const auto start = Clock::now();
  const auto elapsed = [start] {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  double reported = 0;
  while (More(request, tally, elapsed())) {
    const std::uint64_t seed = request.seed + tally.seeds;
    std::uint64_t limit = request.per_seed;
    if (request.seeds == 0 && request.seconds == 0) {
      limit = std::min(limit, request.operations - tally.operations);
    }
    auto sides = Sides::Create(request, limit);
    if (!sides) return tl::make_unexpected(sides.error());
    auto session = Session::Create(request, seed, sides->sink());
    if (!session) return tl::make_unexpected(session.error());
    session->Run();
    if (auto finished = sides->Finish(); !finished) return tl::make_unexpected(finished.error());
    tally.operations += sides->count();
    tally.fast_paths.Add(sides->fast_paths());
    tally.checked_frames += sides->checked_frames();
    ++tally.seeds;
    if (sides->diverged()) {
      auto found = Investigate(request, seed, sides->count());
      if (!found) return tl::make_unexpected(found.error());
      tally.found = std::move(*found);
    }
    if (!request.quiet && elapsed() - reported > 5) {
      reported = elapsed();
      fmt::print(stderr, "{} seeds, {:.2f} M operations, {:.3f} M/s\n", tally.seeds,
                 static_cast<double>(tally.operations) / 1e6,
                 static_cast<double>(tally.operations) / 1e6 / reported);
    }
  }
  tally.seconds = elapsed();
  return tally;
}

void PrintFastPaths(const FastPaths& paths) {
  fmt::print(
      "  taken: {} super-frames, {} partial checksums, {} frames in pieces, {} reads in "
      "place, {} whole writes, {} requests of work\n",
      paths.super_frames, paths.partial_checksums, paths.scattered, paths.mapped,
      paths.whole_writes, paths.requests);
}

std::string ReproduceCommand(const DiffRequest& request, const Found& found) {
  const Pairing& pairing = request.pairing;
  const std::string sources = request.sources.ToArguments();
  if (request.IsLive()) {
    return fmt::format("nicreplay qtest{} --no-suite --qemu {} --device {} {}", sources,
                       request.live.qemu, request.live.device, found.saved);
  }
  if (!request.HasSwitches()) {
    return fmt::format("nicreplay replay{} --model {} {}", sources, pairing.right.model,
                       found.saved);
  }
  std::string command = fmt::format("nicreplay diff{} --left {} --right {}", sources,
                                    pairing.left.model, pairing.right.model);
  if (!pairing.left.options.empty()) command += " --left-options " + pairing.left.options;
  command += " --right-options " + pairing.right.options;
  return command + " --session " + found.saved;
}

void PrintFound(const DiffRequest& request, const Found& found) {
  const auto& operations = found.shrunk.operations;
  fmt::print("seed {}, operation {}: {}: {}\n", found.seed, found.operation,
             KindName(found.shrunk.divergence.kind), found.text.name);
  for (const std::string& line : found.text.lines) fmt::print("    {}\n", line);
  fmt::print("  (expected: {}, found: {})\n", request.pairing.left.model,
             request.pairing.right.model);
  if (request.HasSwitches()) {
    fmt::print("  optimizations: {}, contract: {}\n", request.pairing.contract.switches,
               request.pairing.contract.ToString());
  }
  fmt::print("  shrunk from {} operations to {} in {} runs:\n", found.recorded, operations.size(),
             found.shrunk.tries);
  const auto describer = DescriberOfModel({request.pairing.left.model});
  const std::size_t first = operations.size() > 40 ? operations.size() - 40 : 0;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const Stimulus& operation = operations[i];
    Follow(*describer, operation);
    if (i < first) continue;
    std::string extra;
    if (operation.kind == StimulusKind::kMemory) {
      extra = ": " + describer->DescribeMemory(operation.value, operation.bytes());
    }
    fmt::print("    {:>4} {:>12} ns  {}{}\n", i, operation.time,
               DescribeStimulus(operation, *describer), extra);
  }
  if (!found.saved.empty()) fmt::print("  reproduce: {}\n", ReproduceCommand(request, found));
}

void PrintJson(const DiffRequest& request, const Tally& tally) {
  nlohmann::json json = {
      {"left", request.pairing.left.model}, {"right", request.pairing.right.model},
      {"first_seed", request.seed},         {"seeds", tally.seeds},
      {"operations", tally.operations},     {"seconds", tally.seconds},
      {"divergences", tally.found ? 1 : 0}};
  if (request.HasSwitches()) {
    const FastPaths& paths = tally.fast_paths;
    json["optimizations"] = request.pairing.contract.switches;
    json["contract"] = request.pairing.contract.ToString();
    json["taken"] = {
        {"super_frames", paths.super_frames}, {"partial_checksums", paths.partial_checksums},
        {"scattered", paths.scattered},       {"mapped", paths.mapped},
        {"whole_writes", paths.whole_writes}, {"requests", paths.requests}};
  }
  if (tally.found) {
    json["divergence"] = {{"seed", tally.found->seed},
                          {"operation", tally.found->operation},
                          {"kind", KindName(tally.found->shrunk.divergence.kind)},
                          {"name", tally.found->text.name},
                          {"details", tally.found->text.lines},
                          {"shrunk_to", tally.found->shrunk.operations.size()},
                          {"trace", tally.found->saved}};
  }
  fmt::print("{}\n", json.dump(2));
}

int Report(const Error& error) {
  fmt::print(stderr, "nicreplay: {}\n", error.ToString());
  return 2;
}

// The contract of the right side, and the reference that it names unless the left side is given.
Status SettleContract(DiffRequest* request) {
  Pairing& pairing = request->pairing;
  pairing.right.options = WithSwitches(pairing.right.options, request->switches);
  auto contract = ContractOf(pairing.right);
  if (!contract) return tl::make_unexpected(contract.error());
  pairing.contract = std::move(*contract);
  if (!request->HasSwitches()) {
    if (pairing.left.model.empty()) pairing.left.model = "e1000-stock";
    return Ok();
  }
  pairing.network = Network::kVaries;
  const bool stands_for_reference =
      pairing.left.model.empty() ||
      (pairing.left.model == "e1000-stock" && !pairing.contract.deferred.empty());
  if (!stands_for_reference) return Ok();
  auto reference = ReferenceOf(pairing.right, pairing.contract);
  if (!reference) return tl::make_unexpected(reference.error());
  pairing.left = std::move(*reference);
  return Ok();
}

// What the request leaves open.
void Settle(DiffRequest* request) {
  if (request->per_seed == 0) {
    request->per_seed = request->IsLive() ? kLiveOperationsPerSeed : kOperationsPerSeed;
  }
  if (!request->IsLive()) return;

  request->pairing.right = {fmt::format("{} in {}", request->live.device, request->live.qemu), ""};
  request->pairing.ram_size = kLiveWindow + GeneratorWindow::kSize;
  request->live.ram_size = request->pairing.ram_size;
}

// Operations of a file instead of generated ones.
int DiffSession(const DiffRequest& request) {
  auto session = LoadProgram(request.session, Salvage::kNo);
  if (!session) return Report(session.error());
  std::vector<Stimulus> operations;
  operations.reserve(session->program.steps.size());
  for (const Step& step : session->program.steps) operations.push_back(step.stimulus);
  auto difference = CompareOperations(request.pairing, operations);
  if (!difference) return Report(difference.error());
  fmt::print("{} against {}: {} operations: {}\n", request.pairing.left.model,
             request.pairing.right.model, operations.size(), *difference ? "DIVERGE" : "identical");
  if (!*difference) return 0;
  Found found;
  found.shrunk.divergence = **difference;
  found.recorded = operations.size();
  operations.resize((*difference)->event + 1);
  found.operation = (*difference)->event;
  found.shrunk.operations = std::move(operations);
  found.text =
      DescribeOperations(found.shrunk.divergence, request.pairing, found.shrunk.operations);
  PrintFound(request, found);
  return 1;
}

int Diff(DiffRequest& request) {
  if (auto loaded = request.sources.Load(); !loaded) return Report(loaded.error());
  if (auto settled = SettleContract(&request); !settled) return Report(settled.error());
  Settle(&request);
  if (!request.session.empty()) return DiffSession(request);
  auto tally = RunSeeds(request);
  if (!tally) return Report(tally.error());
  if (request.json) {
    PrintJson(request, *tally);
  } else {
    if (request.HasSwitches()) {
      fmt::print("optimizations {}, contract {}\n", request.pairing.contract.switches,
                 request.pairing.contract.ToString());
    }
    fmt::print("{} against {}: {} operations, seeds {} to {}, {:.1f} s, {:.3f} M/s: {}\n",
               request.pairing.left.model, request.pairing.right.model, tally->operations,
               request.seed, request.seed + tally->seeds - 1, tally->seconds,
               static_cast<double>(tally->operations) / 1e6 / tally->seconds,
               tally->found ? "DIVERGE" : "identical");
    if (request.HasSwitches()) PrintFastPaths(tally->fast_paths);
    if (request.pairing.contract.receive_checksums) {
      fmt::print("  declared difference rxcsum: {} frames reported as checked\n",
                 tally->checked_frames);
    }
    if (tally->found) PrintFound(request, *tally->found);
  }
  return tally->found ? 1 : 0;
}

}  // namespace

void AddDiffCommand(CLI::App& app, int* exit_code) {
  auto request = std::make_shared<DiffRequest>();
  request->live.qemu.clear();
  CLI::App* command = app.add_subcommand(
      "diff", "Drive two models, or a model and a live QEMU, with the same generated operations");
  command->footer(
      "Sessions are generated from seeds: rings, offloads, filters, interrupts, link, EEPROM, PHY, "
      "garbage.  The first\ndifference is shrunk and saved as a trace.\n\n"
      "Examples:\n"
      "  nicreplay diff --left e1000-stock --right qemu-e1000 --ops 20000000\n"
      "  nicreplay diff --plugin ./mine.so --right mine --time 60\n"
      "  nicreplay diff --right e1000-opt --opt tso+asynctx --schedule lazy\n"
      "  nicreplay diff --qemu ./qemu-system-x86_64 --device e1000 --ops 1000000\n"
      "Exit codes: 0 no difference, 1 a difference, 2 usage.");
  command->add_option("--left", request->pairing.left.model,
                      "The model taken as right (default: the reference of the right one's "
                      "contract, e1000-stock)");
  command->add_option("--right", request->pairing.right.model, "The model compared with it")
      ->capture_default_str();
  command->add_option("--qemu", request->live.qemu,
                      "Compare with the NIC of a live QEMU (with qtest) instead of --right");
  command->add_option("--device", request->live.device, "That NIC, as QEMU's -device takes it")
      ->capture_default_str();
  command->add_option("--left-options", request->pairing.left.options, "key=value,...");
  command->add_option("--right-options", request->pairing.right.options, "key=value,...");
  command->add_option("--opt", request->switches,
                      "Optimizations of the right model, as e1000-opt's option opt=");
  command->add_option("--schedule", request->schedule,
                      "Where work that is put off runs: eager, lazy, every=N, seed=N (default: at "
                      "random, by the session's seed)");
  command->add_option("--session", request->session,
                      "Compare under the operations of this file instead of generated ones");
  request->sources.AddTo(command);
  command->add_option("--seed", request->seed, "First seed")->capture_default_str();
  command->add_option("--seeds", request->seeds, "Number of seeds, instead of --ops");
  command->add_option("--ops", request->operations, "Operations in all")->capture_default_str();
  command->add_option("--ops-per-seed", request->per_seed,
                      "Operations of one session (default: 1000000; with --qemu 20000)");
  command->add_option("--time", request->seconds, "Seconds to run, instead of --ops");
  command->add_option("--save", request->save, "Where to save the trace of a difference")
      ->capture_default_str();
  command->add_flag("--no-shrink", request->no_shrink, "Show and save the difference as found");
  command->add_flag("--json", request->json, "Print JSON");
  command->add_flag("--quiet", request->quiet, "No progress on standard error");
  command->callback([request, exit_code] { *exit_code = Diff(*request); });
}

}  // namespace nicreplay
