// SPDX-License-Identifier: MIT
#include "cli/exits.h"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cli/text.h"
#include "replay/exit_model.h"
#include "replay/stream.h"

namespace nicreplay {
namespace {

// The prediction of the thesis' exit-only model, as it is quoted.  How the thesis defines it, and
// its costs of an exit and of an interrupt, are not known here.
constexpr double kThesisFactor = 1.13;

struct ExitsRequest {
  std::string e1000;
  std::string virtio;
  ExitCosts costs;
  double virtio_mbps = 0;
  bool json = false;
};

// Error kUsage where the trace is of another family, or has no busy time.
Result<ExitCount> CountExits(const std::string& path, NicFamily family) {
  auto reader = TraceReader::Open(path);
  if (!reader) return tl::make_unexpected(reader.error());
  const std::string_view wanted = family == NicFamily::kE1000 ? "e1000" : "virtio-net";
  ExitCounter counter(family);
  Arena arena;  // of one chunk's events
  for (;;) {
    auto chunk = reader->Next();
    if (!chunk) return tl::make_unexpected(chunk.error());
    if (!chunk->has_value()) break;
    if (const auto* header = std::get_if<TraceHeader>(&**chunk);
        header != nullptr && header->model.find(wanted) == std::string::npos) {
      return Fail(ErrorCode::kUsage, fmt::format("{} is a recording of {}, not of a {}", path,
                                                 Printable(header->model), wanted));
    }
    if (auto* events = std::get_if<EventChunk>(&**chunk)) {
      arena.Reset();
      const EventBatch batch = AllEvents(*events, arena);
      for (const Stimulus& stimulus : batch.stimuli) {
        counter.Add(stimulus, batch.EffectsOf(stimulus));
      }
      reader->Recycle(std::move(*events));
    }
  }
  ExitCount count = counter.Finish();
  if (count.bytes == 0) {
    return Fail(ErrorCode::kUsage, path + " has no traffic: no 10 ms with 8 frames");
  }
  return count;
}

double PerFrame(const ExitCount& count, std::uint64_t n) {
  return static_cast<double>(n) / static_cast<double>(count.frames);
}
double PerMegabyte(const ExitCount& count, std::uint64_t n) {
  return count.each_byte(static_cast<double>(n)) * 1e6;
}

void PrintRow(std::string_view name, const ExitCount& count, std::uint64_t n) {
  if (n == 0) return;
  fmt::print("  {:<26} {:>10} {:>10.4f} {:>10.2f}\n", name, n, PerFrame(count, n),
             PerMegabyte(count, n));
}

void PrintCount(const std::string& path, const ExitCount& count) {
  fmt::print("{}: {} frames, {:.1f} MB, {:.2f} s busy\n", path, count.frames,
             static_cast<double>(count.bytes) / 1e6, static_cast<double>(count.busy) / 1e9);
  fmt::print("  {:<26} {:>10} {:>10} {:>10}\n", "exits", "count", "a frame", "a MB");
  for (std::size_t i = 0; i < kExitKinds; ++i) {
    PrintRow(Name(static_cast<ExitKind>(i)), count, count.exits[i]);
  }
  PrintRow("all", count, count.total());
  PrintRow("interrupts", count, count.interrupts);
}

void PrintPredictions(const std::vector<Prediction>& predictions, const ExitCosts& costs) {
  fmt::print(
      "\nThe best e1000, if it differed from virtio-net by its exits only:\n"
      "  T_e = T_v + (X_e - X_v) exit + (L_e - L_v) light exit + (I_e - I_v) interrupt, a byte\n"
      "  T_v = {:.3f} ns a byte; exit {:.0f} ns, light exit {:.0f} ns, interrupt {:.0f} ns\n\n",
      costs.virtio_ns_a_byte, costs.exit_ns, costs.light_exit_ns, costs.irq_ns);
  fmt::print("  {:<18} {:>10} {:>10} {:>12} {:>10}\n", "e1000", "exits/MB", "light/MB",
             "interrupts/MB", "T_e/T_v");
  for (const Prediction& row : predictions) {
    fmt::print("  {:<18} {:>10.1f} {:>10.1f} {:>12.1f} {:>9.2f}x\n", row.what, row.exits * 1e6,
               row.light * 1e6, row.interrupts * 1e6, row.factor);
  }
  fmt::print(
      "  {:<18} {:>10} {:>10} {:>12} {:>9.2f}x\n\n"
      "Assumptions: both recordings are of the same work; only busy time counts; every access is "
      "an "
      "exit\nof one cost; doorbell leaves a light exit for each TDT and RDT write; sidecore leaves "
      "none for the\nring registers; irqmod leaves an interrupt, and its share of the cause "
      "accesses, each 250 us.\n",
      "the thesis", "", "", "", kThesisFactor);
}

nlohmann::json ToJson(const ExitCount& count) {
  nlohmann::json exits;
  for (std::size_t i = 0; i < kExitKinds; ++i) {
    exits[Name(static_cast<ExitKind>(i))] = count.exits[i];
  }
  return {{"exits", exits},
          {"interrupts", count.interrupts},
          {"frames", count.frames},
          {"bytes", count.bytes},
          {"busy_ns", count.busy}};
}

void PrintJson(const ExitCount& e1000, const ExitCount& virtio, const ExitCosts& costs,
               const std::vector<Prediction>& predictions) {
  nlohmann::json rows = nlohmann::json::array();
  for (const Prediction& row : predictions) {
    rows.push_back({{"what", row.what},
                    {"exits_a_byte", row.exits},
                    {"light_exits_a_byte", row.light},
                    {"interrupts_a_byte", row.interrupts},
                    {"factor", row.factor}});
  }
  const nlohmann::json json = {
      {"e1000", ToJson(e1000)},        {"virtio", ToJson(virtio)},
      {"exit_cost_ns", costs.exit_ns}, {"light_exit_cost_ns", costs.light_exit_ns},
      {"irq_cost_ns", costs.irq_ns},   {"virtio_ns_a_byte", costs.virtio_ns_a_byte},
      {"predictions", rows},           {"thesis", kThesisFactor}};
  fmt::print("{}\n", Dump(json, 1));
}

int Exits(const ExitsRequest& request) {
  const auto e1000 = CountExits(request.e1000, NicFamily::kE1000);
  const auto virtio = CountExits(request.virtio, NicFamily::kVirtioNet);
  for (const auto* count : {&e1000, &virtio}) {
    if (*count) continue;
    fmt::print(stderr, "nicreplay: {}\n", count->error().ToString());
    return 2;
  }
  ExitCosts costs = request.costs;
  costs.virtio_ns_a_byte = request.virtio_mbps > 0
                               ? 8000 / request.virtio_mbps
                               : virtio->each_byte(static_cast<double>(virtio->busy));
  const auto predictions = PredictE1000(*e1000, *virtio, costs);
  if (request.json) {
    PrintJson(*e1000, *virtio, costs, predictions);
  } else {
    PrintCount(request.e1000, *e1000);
    PrintCount(request.virtio, *virtio);
    PrintPredictions(predictions, costs);
  }
  return 0;
}

}  // namespace

void AddExitsCommand(CLI::App& app, int* exit_code) {
  auto request = std::make_shared<ExitsRequest>();
  CLI::App* command = app.add_subcommand(
      "exits", "Count exits of an e1000 and a virtio-net recording; say what they explain");
  command->footer(
      "Both recordings should be of the same work, such as one iperf3 run (ci/guest-test --device "
      "record=...).\n\n"
      "Example:\n  nicreplay exits e1000.nrt virtio.nrt --exit-cost-ns 1500\n"
      "Exit codes: 0 done, 2 unreadable or not comparable.");
  command->add_option("e1000", request->e1000, "Trace of an e1000")->required();
  command->add_option("virtio", request->virtio, "Trace of a virtio-net")->required();
  const CLI::Range cost(0.0, 1e9);
  command->add_option("--exit-cost-ns", request->costs.exit_ns, "Exit to the VMM and back")
      ->check(cost)
      ->capture_default_str();
  command->add_option("--light-exit-cost-ns", request->costs.light_exit_ns, "Exit that is queued")
      ->check(cost)
      ->capture_default_str();
  command->add_option("--irq-cost-ns", request->costs.irq_ns, "Interrupt, but for its accesses")
      ->check(cost)
      ->capture_default_str();
  command
      ->add_option("--virtio-mbps", request->virtio_mbps,
                   "virtio-net's throughput; default: its recording's")
      ->check(CLI::Range(0.001, 1e9));
  command->add_flag("--json", request->json, "Print JSON");
  command->callback([request, exit_code] { *exit_code = Exits(*request); });
}

}  // namespace nicreplay
