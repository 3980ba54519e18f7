// SPDX-License-Identifier: MIT
#include "cli/export.h"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>

#include "qtest/script.h"
#include "replay/load.h"

namespace nicreplay {

namespace {

struct ExportRequest {
  std::string trace;
  std::string output;
  std::string device = "e1000";
  std::string qemu;
  std::uint64_t from = 0;
  std::uint64_t to = std::numeric_limits<std::uint64_t>::max();
  bool qtest = false;
  bool check = false;
};

struct Exported {
  ScriptText script;
  QtestOptions machine;
};

Result<Exported> Export(const ExportRequest& request) {
  auto loaded = LoadProgram(request.trace, Salvage::kNo);
  if (!loaded) return tl::make_unexpected(loaded.error());
  const TraceHeader header = loaded->program.header;
  const std::uint64_t last = std::min<std::uint64_t>(request.to, loaded->program.steps.size());
  if (request.from > last) return Fail(ErrorCode::kUsage, "--from is behind the last event");
  auto session = MakeBusSession(std::move(loaded->program), "e1000-stock", last);
  if (!session) return tl::make_unexpected(session.error());
  auto machine = ScriptMachine(*session, request.device);
  if (!machine) return tl::make_unexpected(machine.error());
  const std::string name = std::filesystem::path(request.trace).filename().string();
  const std::string title =
      fmt::format("{}, events {} to {}", name, request.from, last == 0 ? 0 : last - 1);
  return Exported{WriteScript(*session, *machine, {request.from}, title), *machine};
}

Status WriteTo(const std::string& path, const std::string& text) {
  if (path.empty()) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    if (std::fflush(stdout) != 0) return Fail(ErrorCode::kIo, "standard output is gone");
    return Ok();
  }
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) return Fail(ErrorCode::kIo, "cannot write " + path);
  return Ok();
}

int Report(const Error& error, const std::string& about) {
  fmt::print(stderr, "nicreplay: {}: {}\n", about, error.ToString());
  return 2;
}

int CheckScript(const ExportRequest& request, Exported& exported) {
  exported.machine.qemu = request.qemu;
  auto outcome = RunScript(exported.script.text, exported.machine);
  if (!outcome) return Report(outcome.error(), request.trace);
  fmt::print(stderr, "{}: {} commands on {}: {} reads and {} changes of the interrupt line {}\n",
             request.trace, outcome->commands, request.qemu, outcome->reads, outcome->lines,
             outcome->differs_at ? "compared" : "as the trace says");
  if (!outcome->differs_at) return 0;
  fmt::print(stderr, "line {} of the script: {}\n", *outcome->differs_at, outcome->difference);
  return 1;
}

int RunExport(const ExportRequest& request) {
  if (!request.qtest || (request.check && request.qemu.empty())) {
    fmt::print(stderr, "nicreplay: export needs {}\n",
               request.qtest ? "--qemu for --check" : "a form: --qtest");
    return 2;
  }
  auto exported = Export(request);
  if (!exported) return Report(exported.error(), request.trace);
  if (exported->script.unplayable != 0 && !request.check) {
    fmt::print(stderr,
               "nicreplay: {} frames and changes of the link are remarks in the script, which "
               "plain QEMU cannot play\n",
               exported->script.unplayable);
  }
  if (!request.check || !request.output.empty()) {
    if (auto written = WriteTo(request.output, exported->script.text); !written) {
      return Report(written.error(), request.output);
    }
  }
  return request.check ? CheckScript(request, *exported) : 0;
}

}  // namespace

void AddExportCommand(CLI::App& app, int* exit_code) {
  auto request = std::make_shared<ExportRequest>();
  CLI::App* command =
      app.add_subcommand("export", "Write a trace, or a part of it, in another form");
  command->footer(
      "--qtest writes a script for `qemu-system-x86_64 -qtest stdio`, with the whole command line "
      "in its first lines\nand the values that the trace read beside the commands that read them.  "
      "qtest has no command for frames from\nthe network or the state of the link: those are "
      "remarks, which --check (and `nicreplay import`) play.\n"
      "With --from, the events before it only bring the device there: without remarks, and without "
      "reads that change\nnothing in it.\n\n"
      "Examples:\n"
      "  nicreplay export --qtest --to 200 session.nrt > script\n"
      "  nicreplay export --qtest --check --qemu ./qemu-system-x86_64 session.nrt\n"
      "Exit codes: 0 done, 1 QEMU reads other values, 2 usage, or a QEMU that does not work.");
  command->add_option("trace", request->trace, "Trace file (.nrt)")->required();
  command->add_flag("--qtest", request->qtest, "A qtest script");
  command->add_option("-o,--output", request->output, "File to write (default: standard output)");
  command->add_option("--from", request->from, "First event")->capture_default_str();
  command->add_option("--to", request->to, "First event that is left out");
  command->add_option("--device", request->device, "QEMU's device, as -device takes it")
      ->capture_default_str();
  command->add_flag("--check", request->check, "Run the script and compare what it reads");
  command->add_option("--qemu", request->qemu, "The QEMU for --check, with qtest");
  command->callback([request, exit_code] { *exit_code = RunExport(*request); });
}

}  // namespace nicreplay
