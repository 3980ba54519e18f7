// SPDX-License-Identifier: MIT
#include "cli/import.h"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>

#include "fuzz/save.h"
#include "qtest/import.h"

namespace nicreplay {

namespace {

struct ImportRequest {
  std::string input;
  std::string output;
  ImportOptions options;
  std::uint64_t ram_mib = 512;
  int slot = -1;
  bool qtest = false;
};

Result<std::string> ReadText(const std::string& path) {
  struct Close {
    void operator()(std::FILE* file) const {
      if (file != stdin) std::fclose(file);
    }
  };
  const std::unique_ptr<std::FILE, Close> file(path == "-" ? stdin
                                                           : std::fopen(path.c_str(), "rb"));
  if (!file) return Fail(ErrorCode::kIo, "cannot be opened");
  std::string text;
  char buffer[65536];
  std::size_t size = 0;
  while ((size = std::fread(buffer, 1, sizeof(buffer), file.get())) > 0) {
    if (text.size() + size > kMaxImportBytes) {
      return Fail(ErrorCode::kTooLarge, "over 256 MiB of text");
    }
    text.append(buffer, size);
  }
  if (std::ferror(file.get()) != 0) return Fail(ErrorCode::kIo, "cannot be read");
  return text;
}

Result<ImportSummary> Import(const ImportRequest& request) {
  auto text = ReadText(request.input);
  if (!text) return tl::make_unexpected(text.error());
  const std::string name = std::filesystem::path(request.input).filename().string();
  auto session =
      RecordingSession::Create(request.output, {request.options.model, request.options.options},
                               request.options.ram_size, "imported from qtest: " + name);
  if (!session) return tl::make_unexpected(session.error());
  auto summary = ImportQtest(*text, request.options, **session);
  if (!summary) return summary;
  if (auto finished = (*session)->Finish(); !finished) {
    return tl::make_unexpected(finished.error());
  }
  return summary;
}

int RunImport(ImportRequest& request) {
  if (!request.qtest) {
    fmt::print(stderr, "nicreplay: import needs a form: --qtest\n");
    return 2;
  }
  request.options.ram_size = request.ram_mib << 20;
  if (request.slot >= 0) request.options.slot = static_cast<std::uint8_t>(request.slot);
  auto summary = Import(request);
  if (!summary) {
    fmt::print(stderr, "nicreplay: {}: {}\n", request.input, summary.error().ToString());
    return 2;
  }
  fmt::print(
      "{}: {} operations from {} commands, {} of them not for the NIC (device {} on bus 0)\n",
      request.output, summary->operations, summary->commands, summary->elsewhere, summary->slot);
  return 0;
}

}  // namespace

void AddImportCommand(CLI::App& app, int* exit_code) {
  auto request = std::make_shared<ImportRequest>();
  CLI::App* command = app.add_subcommand("import", "Make a trace of what another program recorded");
  command->footer(
      "--qtest reads what -qtest-log writes, reproducers of QEMU's fuzzers as bug reports quote "
      "them, and scripts that\n`nicreplay export --qtest` wrote.  A model does what the text does "
      "to the NIC, and that is recorded.  Accesses to\nanything else are left out.\n\n"
      "Examples:\n"
      "  nicreplay import --qtest reproducer.txt -o bug.nrt && nicreplay show bug.nrt\n"
      "  nicreplay replay --model qemu-e1000 bug.nrt\n"
      "Exit codes: 0 done, 2 usage or text that is not qtest's.");
  command->add_option("input", request->input, "Text file; - is standard input")->required();
  command->add_flag("--qtest", request->qtest, "The text is qtest's");
  command->add_option("-o,--output", request->output, "Trace file to write")->required();
  command->add_option("--model", request->options.model, "Model to record")->capture_default_str();
  command->add_option("--options", request->options.options, "Options of the model, key=value,...");
  command->add_option("--slot", request->slot, "The NIC's device number on bus 0 (default: found)")
      ->check(CLI::Range(0, 31));
  command->add_option("--ram", request->ram_mib, "MiB of RAM of the machine")
      ->capture_default_str()
      ->check(CLI::Range(2, 2048));
  command->callback([request, exit_code] { *exit_code = RunImport(*request); });
}

}  // namespace nicreplay
