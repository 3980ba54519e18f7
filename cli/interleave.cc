// SPDX-License-Identifier: MIT
#include "cli/interleave.h"

#include <fmt/format.h>

#include <memory>

#include "cli/model_sources.h"
#include "fuzz/e1000_generator.h"
#include "fuzz/interleave.h"
#include "fuzz/save.h"
#include "fuzz/scenarios.h"

namespace nicreplay {

namespace {

struct InterleaveRequest {
  ModelSources sources;
  std::string model = "e1000-opt";
  std::string options;
  std::vector<std::string> switches{"asynctx",        "doorbell",          "irqmod", "sidecore",
                                    "asynctx+irqmod", "doorbell+sidecore", "all"};
  std::uint64_t limit = 200'000;
  std::string save = "interleaving.nrt";
  bool verbose = false;
};

struct Totals {
  std::uint64_t interleavings = 0;
  std::uint64_t incomplete = 0;
  std::uint64_t divergences = 0;
};

Status ShowDivergence(const InterleaveRequest& request, const Pairing& pairing,
                      const Interleavings& result) {
  const DivergenceText text = DescribeOperations(*result.divergence, pairing, result.operations);
  fmt::print("    {}: {}\n", KindName(result.divergence->kind), text.name);
  for (const std::string& line : text.lines) fmt::print("      {}\n", line);
  auto saved = SaveStimuli(request.save, pairing.right, result.operations, "nicreplay interleave");
  if (!saved) return saved;
  fmt::print(
      "    reproduce: nicreplay diff{} --left {} --left-options {} --right {} "
      "--right-options {} --session {}\n",
      request.sources.ToArguments(), pairing.left.model, pairing.left.options, pairing.right.model,
      pairing.right.options, request.save);
  return Ok();
}

Status RunScenarios(const InterleaveRequest& request, const std::string& switches, Totals* totals) {
  auto pairing = PairWithReference({request.model, WithSwitches(request.options, switches)},
                                   E1000Generator::kRamSize);
  if (!pairing) return tl::make_unexpected(pairing.error());
  std::uint64_t all = 0;
  for (const Scenario& scenario : Scenarios()) {
    const ScenarioOperations operations = OperationsOf(scenario);
    auto result = RunInterleavings(*pairing, operations.set_up, operations.steps, request.limit);
    if (!result) return tl::make_unexpected(result.error());
    all += result->count;
    if (!result->complete) ++totals->incomplete;
    const bool show = request.verbose || !result->complete || result->divergence;
    if (show) {
      fmt::print("  {}, {}: {} interleavings{}{}\n", switches, scenario.name, result->count,
                 result->complete ? "" : ", MORE THAN THE LIMIT",
                 result->divergence ? ": DIVERGES" : "");
    }
    if (!result->divergence) continue;
    ++totals->divergences;
    if (auto shown = ShowDivergence(request, *pairing, *result); !shown) return shown;
  }
  totals->interleavings += all;
  fmt::print("{}: {} interleavings of {} scenarios, contract {}\n", switches, all,
             Scenarios().size(), pairing->contract.ToString());
  return Ok();
}

int Interleave(const InterleaveRequest& request) {
  Status done = request.sources.Load();
  Totals totals;
  // Only e1000-opt has switches.
  const std::vector<std::string> none{""};
  for (const std::string& switches : request.model == "e1000-opt" ? request.switches : none) {
    if (done) done = RunScenarios(request, switches, &totals);
  }
  if (!done) {
    fmt::print(stderr, "nicreplay: {}\n", done.error().ToString());
    return 2;
  }
  fmt::print("{} interleavings, {} divergences\n", totals.interleavings, totals.divergences);
  return totals.divergences == 0 && totals.incomplete == 0 ? 0 : 1;
}

}  // namespace

void AddInterleaveCommand(CLI::App& app, int* exit_code) {
  auto request = std::make_shared<InterleaveRequest>();
  CLI::App* command = app.add_subcommand(
      "interleave", "Try every place in which put-off work and polls may run, in short scenarios");
  command->footer(
      "Every scenario is run once for each way to put work and polls between its operations, "
      "against "
      "the reference of\nthe model's contract.\n\n"
      "Example:\n"
      "  nicreplay interleave --opt asynctx+irqmod --opt sidecore\n"
      "Exit codes: 0 no difference, 1 a difference or more interleavings than the limit, 2 usage.");
  command->add_option("--model", request->model, "The model")->capture_default_str();
  command->add_option("--options", request->options, "key=value,...");
  command->add_option("--opt", request->switches, "Optimizations; once for each set to try")
      ->capture_default_str();
  request->sources.AddTo(command);
  command->add_option("--limit", request->limit, "Interleavings of one scenario at most")
      ->capture_default_str();
  command->add_option("--save", request->save, "Where to save the operations of a difference")
      ->capture_default_str();
  command->add_flag("--verbose", request->verbose, "Print the count of every scenario");
  command->callback([request, exit_code] { *exit_code = Interleave(*request); });
}

}  // namespace nicreplay
