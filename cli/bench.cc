// SPDX-License-Identifier: MIT
#include "cli/bench.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/bench_report.h"
#include "cli/model_sources.h"
#include "models/registry.h"
#include "replay/bench/comparison.h"
#include "replay/bench/contender.h"
#include "replay/bench/session_contender.h"
#include "replay/bench/wire.h"
#include "replay/load.h"

namespace nicreplay {

namespace {

struct BenchRequest {
  ModelSources sources;
  std::vector<std::string> traces;
  std::vector<std::string> backends = {"null"};
  std::vector<std::string> workloads;
  std::vector<std::string> rows;
  unsigned repetitions = 5;
  double seconds = 0.1;
  Nanoseconds exit_cost = 0;
  bool json = false;
};

// One line on the terminal that is written over, nothing where nobody looks.
class ProgressLine {
 public:
  void Show(const std::string& text) const {
    if (visible_) fmt::print(stderr, "\r\x1b[K{}", text);
  }
  ~ProgressLine() { Show(""); }

 private:
  const bool visible_ = isatty(STDERR_FILENO) != 0;
};

Result<std::vector<const bench::Workload*>> SelectWorkloads(const std::vector<std::string>& names) {
  std::vector<const bench::Workload*> selected;
  for (const bench::Workload& workload : bench::Workloads()) {
    if (names.empty()) selected.push_back(&workload);
  }
  selected.reserve(names.size());
  for (const std::string& name : names) {
    auto workload = bench::FindWorkload(name);
    if (!workload) return tl::make_unexpected(workload.error());
    selected.push_back(*workload);
  }
  return selected;
}

// Whether the row promises what was recorded: the same NIC, without liberties.
bool Replays(const bench::Row& row, const Program& program) {
  if (row.contract != bench::Contract::kExact) return false;
  const auto model = FindModel(row.model);
  const auto recorded = FindModel(program.header.model);
  return model && (!recorded || (*model)->describer == (*recorded)->describer);
}

class Bench {
 public:
  explicit Bench(const BenchRequest& request) : request_(request) {}

  // Every table, as soon as it is there.  Traces stand for workloads, and for backends.
  Status Run() {
    if (auto loaded = request_.sources.Load(); !loaded) return loaded;
    auto rows = bench::SelectRows(request_.rows);
    if (!rows) return tl::make_unexpected(rows.error());
    rows_ = std::move(*rows);
    Status status = Ok();
    if (!request_.traces.empty()) {
      for (const std::string& trace : request_.traces) {
        if (status) status = RunSession(trace);
      }
    } else {
      for (const std::string& backend : request_.backends) {
        if (status) status = RunBackend(backend);
      }
    }
    if (status && request_.json) fmt::print("{}\n", tables_.dump(2));
    return status;
  }

  bool failed() const { return failed_; }

 private:
  Status RunBackend(const std::string& backend) {
    auto workloads = SelectWorkloads(request_.workloads);
    if (!workloads) return tl::make_unexpected(workloads.error());
    auto wire = bench::CreateWire(backend);
    if (!wire) return tl::make_unexpected(wire.error());
    for (const bench::Workload* workload : *workloads) {
      if (workload->receives && workload->packet.wire_frames() > (*wire)->capacity()) {
        fmt::print(stderr, "{} on {}: left out, a packet has more frames than fit\n",
                   workload->name, backend);
        continue;
      }
      Measure({std::string(workload->name), backend, std::string(workload->meaning), {}}, rows_,
              [&](const bench::Row& row) -> Result<std::unique_ptr<bench::Measurable>> {
                return bench::Contender::Create(row, *workload, **wire, request_.exit_cost);
              });
    }
    return Ok();
  }

  Status RunSession(const std::string& path) {
    auto loaded = LoadProgram(path, Salvage::kNo);
    if (!loaded) return tl::make_unexpected(loaded.error());
    const Program& program = loaded->program;
    std::vector<bench::Row> rows = rows_;
    std::erase_if(rows, [&](const bench::Row& row) { return !Replays(row, program); });
    Measure({std::filesystem::path(path).filename().string(),
             "",
             fmt::format("a recorded session of {} frames, replayed bare",
                         program.totals.frames_in + program.totals.frames_out),
             {}},
            rows, [&](const bench::Row& row) -> Result<std::unique_ptr<bench::Measurable>> {
              return bench::SessionContender::Create(row, program, request_.exit_cost);
            });
    return Ok();
  }

  void Measure(BenchTable table, const std::vector<bench::Row>& rows,
               const bench::Factory& create) {
    const bench::ComparisonSettings settings = {
        request_.repetitions,
        std::chrono::nanoseconds(static_cast<std::int64_t>(request_.seconds * 1e9))};
    {
      const ProgressLine line;
      table.results = bench::Compare(rows, create, settings, [&](const std::string& text) {
        line.Show(fmt::format("{} {}: {}", table.workload, table.backend, text));
      });
    }
    for (const bench::RowResult& result : table.results) failed_ = failed_ || result.error;
    if (request_.json) {
      tables_.push_back(BenchTableToJson(table));
    } else {
      PrintBenchTable(table);
      std::fflush(stdout);
    }
  }

  const BenchRequest& request_;
  std::vector<bench::Row> rows_;
  nlohmann::json tables_ = nlohmann::json::array();
  bool failed_ = false;
};

int RunBench(const BenchRequest& request) {
  Bench bench(request);
  if (auto done = bench.Run(); !done) {
    fmt::print(stderr, "nicreplay: {}\n", done.error().ToString());
    return 2;
  }
  return bench.failed() ? 1 : 0;
}

}  // namespace

void AddBenchCommand(CLI::App& app, int* exit_code) {
  auto request = std::make_shared<BenchRequest>();
  CLI::App* command =
      app.add_subcommand("bench", "Measure what models and their optimizations cost and gain");
  command->footer(
      "A driver like Linux's e1000, or virtio_net, works each model in this process, through "
      "registers, rings and\ninterrupts, as fast as the model lets it.  Rows take turns in every "
      "repetition; what counts\n"
      "is CPU time of one thread, the kernel's part\nincluded.  Before it is measured, a row has "
      "to "
      "send and receive the workload's frames byte for byte, and after every\nmeasurement each "
      "frame has to have come through.  The row `harness` is a device that does nothing: what "
      "driver "
      "and\nmachine cost, in every row.\n\n"
      "Backends: null; tap (with virtio_net_hdr) and tap-plain, in a network namespace of their "
      "own "
      "(root); unix, a pair of\ndatagram sockets.  The sender's side is not measured.\n\n"
      "Exits: accesses that trap and interrupts.  With KVM one costs 1 to 2 us back and forth to "
      "the kernel, 3 to 8 us to\nthe VMM's process and its lock; so try --exit-cost-ns 2000 and "
      "5000.  Registers in shadow pages and coalesced\ndoorbells do not count.\n\n"
      "Examples:\n"
      "  nicreplay bench --row ends\n"
      "  nicreplay bench --backend tap --workload tx-tso,rx-super\n"
      "  nicreplay bench corpus/sessions/e1000-linux61-tcp-tx.nrt\n"
      "Exit codes: 0 measured, 1 a row did not do its work, 2 usage or no such backend here.");
  command->add_option("trace", request->traces, "Recorded sessions to measure instead");
  request->sources.AddTo(command);
  command->add_option("--backend", request->backends, "Backends, comma separated")
      ->delimiter(',')
      ->capture_default_str();
  command->add_option("--workload", request->workloads, "Workloads; default: all")->delimiter(',');
  command
      ->add_option("--row", request->rows, "Rows; default: all; ends: no optimizations one by one")
      ->delimiter(',');
  command->add_option("--repeat", request->repetitions, "Repetitions, each of all rows by turns")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  command->add_option("--time", request->seconds, "Seconds that one measurement takes")
      ->capture_default_str()
      ->check(CLI::Range(0.0001, 60.0));
  command
      ->add_option("--exit-cost-ns", request->exit_cost,
                   "What a trapped access or an interrupt is to cost besides, in ns")
      ->capture_default_str()
      ->check(CLI::Range(0, 1'000'000));
  command->add_flag("--json", request->json, "Print JSON");
  command->callback([request, exit_code] { *exit_code = RunBench(*request); });
}

}  // namespace nicreplay
