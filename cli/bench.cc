// SPDX-License-Identifier: MIT
#include "cli/bench.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/bench_report.h"
#include "cli/model_sources.h"
#include "replay/bench/comparison.h"
#include "replay/bench/wire.h"

namespace nicreplay {

namespace {

struct BenchRequest {
  ModelSources sources;
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

// Workloads of one backend, each table as it is ready.
template <typename Report>
Status RunBackend(const BenchRequest& request, const std::string& backend, Report report) {
  auto rows = bench::SelectRows(request.rows);
  if (!rows) return tl::make_unexpected(rows.error());
  auto workloads = SelectWorkloads(request.workloads);
  if (!workloads) return tl::make_unexpected(workloads.error());
  auto wire = bench::CreateWire(backend);
  if (!wire) return tl::make_unexpected(wire.error());
  const bench::ComparisonSettings settings = {
      request.repetitions,
      std::chrono::nanoseconds(static_cast<std::int64_t>(request.seconds * 1e9)),
      request.exit_cost};
  for (const bench::Workload* workload : *workloads) {
    if (workload->receives && !(*wire)->sends()) continue;
    BenchTable table{backend, workload, {}};
    {
      const ProgressLine line;
      table.results = bench::Compare(*rows, *workload, **wire, settings, [&](const auto& text) {
        line.Show(fmt::format("{} on {}: {}", workload->name, backend, text));
      });
    }
    report(table);
  }
  return Ok();
}

int RunBench(const BenchRequest& request) {
  Status status = request.sources.Load();
  nlohmann::json all = nlohmann::json::array();
  int exit_code = 0;
  for (const std::string& backend : request.backends) {
    if (!status) break;
    status = RunBackend(request, backend, [&](const BenchTable& table) {
      for (const bench::RowResult& result : table.results) {
        if (result.error) exit_code = 1;
      }
      if (request.json) {
        all.push_back(BenchTableToJson(table));
      } else {
        PrintBenchTable(table);
        std::fflush(stdout);
      }
    });
  }
  if (!status) {
    fmt::print(stderr, "nicreplay: {}\n", status.error().ToString());
    return 2;
  }
  if (request.json) fmt::print("{}\n", all.dump(2));
  return exit_code;
}

}  // namespace

void AddBenchCommand(CLI::App& app, int* exit_code) {
  auto request = std::make_shared<BenchRequest>();
  CLI::App* command =
      app.add_subcommand("bench", "Measure what models and their optimizations cost and gain");
  command->footer(
      "A driver like Linux's works each model, through registers and rings, in this process.");
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
