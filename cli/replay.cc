// SPDX-License-Identifier: MIT
#include "cli/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/model_sources.h"
#include "cli/replay_deferred.h"
#include "models/families.h"
#include "models/registry.h"
#include "replay/digest.h"
#include "replay/load.h"
#include "replay/session.h"

namespace nicreplay {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kShownReads = 8;

struct ReplayRequest {
  std::vector<std::string> traces;
  ModelSources sources;
  Candidate candidate{"", ""};  // by default the reference of the recorded device
  std::string switches;
  std::string schedule = "recorded";
  std::uint64_t to = std::numeric_limits<std::uint64_t>::max();
  unsigned repeat = 3;
  bool bare = false;
  bool digest = false;
  bool json = false;
  bool salvage = false;
};

// What one trace gave.
struct SessionReport {
  std::string path;
  Contract contract;
  Candidate candidate;  // as it played this trace
  TraceTotals totals;
  std::optional<Error> damage;     // where a salvaged trace ends
  std::optional<Digest> recorded;  // of the footer
  std::optional<Digest> digest;    // of this replay
  std::optional<ReplayOutcome> checked;
  std::optional<DivergenceText> text;
  std::string stimulus;     // at which it diverges
  double read_seconds = 0;  // medians
  double checked_seconds = 0;
  double bare_seconds = 0;
  std::vector<double> read_times;  // s, one a round
  std::vector<double> ratios;      // checked to bare, by round, ascending
};

double Seconds(std::chrono::nanoseconds time) { return static_cast<double>(time.count()) * 1e-9; }

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Reads the trace anew: from the file to what replay runs from.
Status Read(const std::string& path, const ReplayRequest& request, LoadedTrace* trace,
            std::vector<double>* times) {
  const auto start = Clock::now();
  auto loaded = LoadTrace(path, request.salvage ? Salvage::kYes : Salvage::kNo);
  times->push_back(Seconds(Clock::now() - start));
  if (!loaded) return tl::make_unexpected(loaded.error());
  *trace = std::move(*loaded);
  return Ok();
}

// Each round does everything once, so that a noisy machine moves all figures.
Status RunRounds(const ReplayRequest& request, LoadedTrace* trace, SessionReport* report) {
  std::vector<double> bare_times;
  std::vector<double> checked_times;
  for (unsigned round = 0; round < std::max(1u, request.repeat); ++round) {
    if (round != 0) {
      if (auto read = Read(report->path, request, trace, &report->read_times); !read) return read;
    }
    auto bare = ReplayBare(*trace, report->candidate, request.to);
    if (!bare) return tl::make_unexpected(bare.error());
    bare_times.push_back(Seconds(bare->time));
    if (request.bare) continue;
    auto checked = ReplayChecked(*trace, report->candidate, request.to);
    if (!checked) return tl::make_unexpected(checked.error());
    checked_times.push_back(Seconds(checked->time));
    report->ratios.push_back(checked_times.back() / bare_times.back());
    report->checked = std::move(*checked);
    if (report->checked->divergence) break;
  }
  report->read_seconds = Median(report->read_times);
  report->bare_seconds = Median(bare_times);
  if (!checked_times.empty()) report->checked_seconds = Median(checked_times);
  std::sort(report->ratios.begin(), report->ratios.end());
  return Ok();
}

Status DescribeDivergence(const LoadedTrace& trace, SessionReport* report) {
  const auto program = BuildProgram(trace, Patching::kAsRead);
  if (!program) return tl::make_unexpected(program.error());
  const auto describer = DescriberOfModel({trace.header.model, report->candidate.model});
  const Divergence& divergence = *report->checked->divergence;
  report->text = Describe(divergence, *program, *describer);
  report->stimulus = DescribeStimulus(program->steps[divergence.event].stimulus, *describer);
  return Ok();
}

Result<Digest> DigestOf(const LoadedTrace& trace, const Candidate& candidate) {
  auto digest = ReplayDigest(trace, candidate);
  if (!digest || !trace.footer || *digest == trace.footer->digest) return digest;
  // As for divergences: only the hoisted program says that the model is to blame.
  const auto hoisted = BuildProgram(trace, Patching::kHoisted);
  if (!hoisted) return tl::make_unexpected(hoisted.error());
  return ReplayDigest(*hoisted, candidate);
}

// `trace` has been read once.
Result<SessionReport> ReplayOne(const ReplayRequest& request, LoadedTrace* trace,
                                SessionReport report) {
  if (auto done = RunRounds(request, trace, &report); !done) {
    return tl::make_unexpected(done.error());
  }
  report.totals = trace->totals;
  report.damage = trace->error;
  if (trace->footer) report.recorded = trace->footer->digest;
  if (report.checked && report.checked->divergence) {
    if (auto done = DescribeDivergence(*trace, &report); !done) {
      return tl::make_unexpected(done.error());
    }
  }
  if (request.digest) {
    auto digest = DigestOf(*trace, report.candidate);
    if (!digest) return tl::make_unexpected(digest.error());
    report.digest = *digest;
  }
  return report;
}

const char* Verdict(const SessionReport& report) {
  if (!report.checked) return "not checked";
  return report.checked->divergence ? "DIVERGES" : "identical";
}

std::string ReproduceCommand(const SessionReport& report, const ReplayRequest& request) {
  std::string command = "nicreplay replay --model " + report.candidate.model;
  if (!report.contract.switches.empty()) {
    command += " --options " + report.candidate.options;
  } else if (!request.candidate.options.empty()) {
    command += " --options " + request.candidate.options;
  }
  command += request.sources.ToArguments();
  return fmt::format("{} --to {} {}", command, report.checked->divergence->event + 1, report.path);
}

void PrintDivergence(const SessionReport& report, const ReplayRequest& request) {
  const Divergence& divergence = *report.checked->divergence;
  fmt::print("  event {}: {}\n  {}: {}\n", divergence.event, report.stimulus,
             KindName(divergence.kind), report.text->name);
  for (const std::string& line : report.text->lines) fmt::print("    {}\n", line);
  if (!report.contract.switches.empty()) {
    fmt::print("  optimizations: {}\n", report.contract.switches);
  }
  fmt::print("  contract: {}\n  reproduce: {}\n", report.contract.ToString(),
             ReproduceCommand(report, request));
  const std::uint64_t from = divergence.event < 10 ? 0 : divergence.event - 10;
  fmt::print("  context:   nicreplay show --from {} --to {} {}\n", from, divergence.event,
             report.path);
}

void PrintUnknownReads(const ReplayOutcome& outcome) {
  if (outcome.unknown_read_count == 0) return;
  fmt::print("  {} reads of memory that the trace does not know:\n", outcome.unknown_read_count);
  const std::size_t shown = std::min<std::size_t>(outcome.unknown_reads.size(), kShownReads);
  for (const UnknownRead& read : std::span(outcome.unknown_reads).first(shown)) {
    fmt::print("    event {}: {} bytes at {:#x}\n", read.event, read.size, read.address);
  }
}

// Rates only for whole sessions: what a part of one took says nothing about it.
void PrintFigures(const SessionReport& report) {
  const TraceTotals& totals = report.totals;
  const std::uint64_t events = report.checked ? report.checked->events : totals.stimuli;
  if (events < totals.stimuli) {
    fmt::print("  {} of {} events\n", events, totals.stimuli);
    return;
  }
  const double seconds = report.checked ? report.checked_seconds : report.bare_seconds;
  const auto frames = static_cast<double>(totals.frames_in + totals.frames_out);
  const auto bytes = static_cast<double>(totals.bytes_in + totals.bytes_out);
  fmt::print(
      "  {} events, {} frames, {:.1f} MB of frames; {:.2f} M events/s, {:.0f} k frames/s, "
      "{:.2f} Gbit/s\n",
      totals.stimuli, totals.frames_in + totals.frames_out, bytes / 1e6,
      static_cast<double>(totals.stimuli) / seconds / 1e6, frames / seconds / 1e3,
      bytes * 8 / seconds / 1e9);
  fmt::print("  read {:.2f} ms, bare {:.2f} ms", report.read_seconds * 1e3,
             report.bare_seconds * 1e3);
  if (report.checked) {
    fmt::print(", checked {:.2f} ms: {:.2f}x bare ({:.2f}-{:.2f} in {} rounds)",
               report.checked_seconds * 1e3, Median(report.ratios), report.ratios.front(),
               report.ratios.back(), report.ratios.size());
  }
  fmt::print("\n");
}

void PrintText(const SessionReport& report, const ReplayRequest& request) {
  fmt::print("{}: {}\n", std::filesystem::path(report.path).filename().string(), Verdict(report));
  PrintFigures(report);
  if (report.digest) {
    fmt::print("  digest {}{}\n", ToString(*report.digest),
               !report.recorded                     ? ""
               : *report.recorded == *report.digest ? " (the recording's)"
                                                    : " (NOT the recording's)");
  }
  if (report.damage) fmt::print("  salvaged up to: {}\n", report.damage->ToString());
  if (report.checked && report.checked->divergence) PrintDivergence(report, request);
  if (report.checked) PrintUnknownReads(*report.checked);
}

nlohmann::json ToJson(const SessionReport& report, const ReplayRequest& request) {
  const TraceTotals& totals = report.totals;
  nlohmann::json json = {{"trace", report.path},
                         {"model", report.candidate.model},
                         {"verdict", Verdict(report)},
                         {"events", totals.stimuli},
                         {"frames_in", totals.frames_in},
                         {"frames_out", totals.frames_out},
                         {"bytes_in", totals.bytes_in},
                         {"bytes_out", totals.bytes_out},
                         {"read_seconds", report.read_seconds},
                         {"bare_seconds", report.bare_seconds}};
  if (report.checked) {
    json["checked_seconds"] = report.checked_seconds;
    json["checked_to_bare"] = {{"median", Median(report.ratios)},
                               {"min", report.ratios.front()},
                               {"max", report.ratios.back()}};
    json["unknown_reads"] = report.checked->unknown_read_count;
  }
  if (report.digest) json["digest"] = ToString(*report.digest);
  if (report.recorded) json["recorded_digest"] = ToString(*report.recorded);
  if (report.damage) json["salvaged_until"] = report.damage->ToString();
  if (report.checked && report.checked->divergence) {
    const Divergence& divergence = *report.checked->divergence;
    json["divergence"] = {
        {"event", divergence.event},     {"kind", KindName(divergence.kind)},
        {"stimulus", report.stimulus},   {"name", report.text->name},
        {"details", report.text->lines}, {"reproduce", ReproduceCommand(report, request)}};
  }
  return json;
}

bool Differs(const SessionReport& report, const ReplayRequest& request) {
  return (report.checked && report.checked->divergence) ||
         (report.digest && report.recorded && !request.salvage &&
          *report.digest != *report.recorded);
}

// Holds the model to what the recording says, event by event.
Result<bool> CheckEffects(const ReplayRequest& request, LoadedTrace* trace, SessionReport report,
                          nlohmann::json* all) {
  auto replayed = ReplayOne(request, trace, std::move(report));
  if (!replayed) return tl::make_unexpected(replayed.error());
  if (request.json) {
    all->push_back(ToJson(*replayed, request));
  } else {
    PrintText(*replayed, request);
  }
  return !Differs(*replayed, request);
}

// Whether the trace says when this model with these optimizations works and what comes of it.
bool IsRecordingOf(const TraceHeader& recorded, const SessionReport& report) {
  if (recorded.model != report.candidate.model) return false;
  const auto contract = ContractOf({recorded.model, recorded.options});
  return contract && contract->switches == report.contract.switches;
}

// The model that devices of the recorded one's family are held to.
const char* ReferenceOf(const TraceHeader& recorded) {
  const auto entry = FindModel(recorded.model);
  const char* family = entry ? FamilyName((*entry)->describer) : nullptr;
  return family != nullptr && family == std::string_view("virtio-net") ? "virtio-net"
                                                                       : "e1000-stock";
}

// Prints what became of one trace; true: it is identical.
Result<bool> ReplayPath(const std::string& path, const ReplayRequest& request,
                        nlohmann::json* all) {
  SessionReport report;
  report.path = path;
  LoadedTrace trace;
  if (auto read = Read(path, request, &trace, &report.read_times); !read) {
    return tl::make_unexpected(read.error());
  }
  report.candidate = request.candidate;
  if (report.candidate.model.empty()) report.candidate.model = ReferenceOf(trace.header);
  report.candidate.options =
      WithSwitches(OptionsFor(trace.header, report.candidate), request.switches);
  auto contract = ContractOf(report.candidate);
  if (!contract) return tl::make_unexpected(contract.error());
  report.contract = std::move(*contract);
  if (!report.contract.switches.empty()) report.candidate.offered = kOffloadAll;
  if (report.contract.exact()) return CheckEffects(request, &trace, std::move(report), all);
  if (request.schedule == "recorded" && IsRecordingOf(trace.header, report)) {
    auto same = CheckEffects(request, &trace, report, all);
    if (!same || !*same) return same;
  }
  auto program = BuildProgram(trace, Patching::kAsRead);
  if (!program) return tl::make_unexpected(program.error());
  return ReplayDeferred(
      {path, &request.sources, report.candidate, report.contract, request.schedule, request.to},
      *program, request.json ? all : nullptr);
}

int ReplayAll(const ReplayRequest& request) {
  if (auto loaded = request.sources.Load(); !loaded) {
    fmt::print(stderr, "nicreplay: {}\n", loaded.error().ToString());
    return 2;
  }
  int exit_code = 0;
  nlohmann::json all = nlohmann::json::array();
  for (const std::string& path : request.traces) {
    auto identical = ReplayPath(path, request, &all);
    if (!identical) {
      fmt::print(stderr, "nicreplay: {}: {}\n", path, identical.error().ToString());
      exit_code = 2;
    } else if (!*identical) {
      exit_code = std::max(exit_code, 1);
    }
  }
  if (request.json) fmt::print("{}\n", all.dump(2));
  return exit_code;
}

}  // namespace

void AddReplayCommand(CLI::App& app, int* exit_code) {
  auto request = std::make_shared<ReplayRequest>();
  CLI::App* command = app.add_subcommand(
      "replay", "Replay recorded sessions on a model and check what the driver would see");
  command->footer(
      "The model is held to the `exact` contract: after every event the values read, guest memory, "
      "the interrupt\nline and the frames sent must equal the recording's.  Each trace is also "
      "replayed bare (effects discarded), so\nthat the figures say what checking costs.\n\n"
      "Examples:\n"
      "  nicreplay replay corpus/sessions/*.nrt\n"
      "  nicreplay replay --plugin ./libmine.so --model mine corpus/sessions/*.nrt\n"
      "  nicreplay replay --model e1000-opt --opt tso+asynctx --schedule lazy "
      "corpus/sessions/*.nrt\n"
      "Exit codes: 0 identical, 1 divergence, 2 usage or unreadable input.");
  command->add_option("trace", request->traces, "Trace files (.nrt)")->required();
  command->add_option("--model", request->candidate.model,
                      "Model to run (see `nicreplay models`); default: e1000-stock or virtio-net, "
                      "by what was recorded");
  command->add_option("--options", request->candidate.options,
                      "Options of the model, key=value,...; default: those of the recording");
  command->add_option("--opt", request->switches,
                      "Optimizations, as the option opt= of e1000-opt; those that put work off run "
                      "in lockstep with their reference");
  command
      ->add_option("--schedule", request->schedule,
                   "Where work that is put off runs: recorded, eager, lazy, every=N, seed=N")
      ->capture_default_str();
  request->sources.AddTo(command);
  command->add_option("--to", request->to, "Stop after this many events");
  command
      ->add_option("--repeat", request->repeat,
                   "Rounds to measure: read, bare and checked by turns")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  command->add_flag("--bare", request->bare, "Discard the effects: what the model alone costs");
  command->add_flag("--digest", request->digest, "Print the digest of what the driver sees");
  command->add_flag(
      "--salvage", request->salvage,
      "Replay what is whole of a damaged or unfinished trace, or what fits of a long one");
  command->add_flag("--json", request->json, "Print JSON");
  command->callback([request, exit_code] { *exit_code = ReplayAll(*request); });
}

}  // namespace nicreplay
