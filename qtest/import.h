// SPDX-License-Identifier: MIT
// qtest logs, reproducers of QEMU's fuzzers and scripts as sessions: what they do to the NIC.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fuzz/operation_sink.h"
#include "models/result.h"

namespace nicreplay {

struct ImportOptions {
  std::string model = "e1000-stock";
  std::string options;
  std::uint64_t ram_size = std::uint64_t{512} << 20;
  // The NIC's device number on bus 0; by default the first one but the chipset's whose BAR 0 is
  // written.
  std::optional<std::uint8_t> slot;
};

struct ImportSummary {
  std::uint64_t lines = 0;
  std::uint64_t commands = 0;
  std::uint64_t operations = 0;  // that they became
  std::uint64_t elsewhere = 0;   // commands that do not concern the NIC
  std::uint8_t slot = 0;
};

inline constexpr std::size_t kMaxImportBytes = std::size_t{256} << 20;

// Understood are commands alone, behind "[R +0.123]" as -qtest-log writes them, and with the
// remarks of nicreplay's scripts; left out are replies, "[S +...]" and "[I ...]" lines, blank
// lines, comments and the shell around a here-document.  kCorrupt with the number of the line:
// anything else.
//
// The sink gets operations as Machine::Apply takes them, beginning with a reset; it should have the
// same model.  Accesses are cut as QEMU's bus cuts them; what the NIC does not decode, and what is
// not its business, is only counted.  clock_step without a time goes to the NIC's next timer.
Result<ImportSummary> ImportQtest(std::string_view text, const ImportOptions& options,
                                  OperationSink& sink);

}  // namespace nicreplay
