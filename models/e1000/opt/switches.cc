// SPDX-License-Identifier: MIT
#include "models/e1000/opt/switches.h"

#include <fmt/format.h>

#include <array>

namespace nicreplay::e1000 {
namespace {

enum class Contract : std::uint8_t { kExact, kDeferred, kPolled, kDeclared };
constexpr std::array<std::string_view, 4> kContractNames = {"exact", "deferred", "polled",
                                                            "declared"};

struct Row {
  std::string_view name;
  Contract contract;
  std::string_view summary;
};
// Indexed by Switch.
constexpr std::array<Row, 11> kRows = {{
    {"tso", Contract::kExact, "hands TCP/IPv4 super-frames to the network, which cuts them"},
    {"csum", Contract::kExact, "leaves TCP and UDP checksums to the network"},
    {"zerocopy", Contract::kExact, "sends frames from where they lie in guest memory"},
    {"ring", Contract::kExact, "reads descriptors in batches, where they lie"},
    {"rxbatch", Contract::kExact,
     "a burst of frames costs one cause update, a descriptor one write of 8 bytes"},
    {"rxlro", Contract::kExact, "takes super-frames and cuts them into the guest's buffers"},
    {"asynctx", Contract::kDeferred, "a TDT write only schedules the ring's work, 50 us at most"},
    {"doorbell", Contract::kDeferred, "TDT and RDT writes queue up to the next other access"},
    {"sidecore", Contract::kPolled, "a polling core watches the ring registers; no exits"},
    {"irqmod", Contract::kDeferred, "interrupts are spaced out when they are many, 250 us at most"},
    {"rxcsum", Contract::kDeclared, "reports received checksums as checked, instead of IXSM"},
}};

struct Word {
  std::string_view name;
  std::string_view summary;
  bool (*takes)(Contract contract);
};
constexpr std::array<Word, 3> kWords = {{
    {"none", "exactly e1000-stock", [](Contract) { return false; }},
    {"exact", "every exact switch (default)",
     [](Contract contract) { return contract == Contract::kExact; }},
    {"all", "every switch but the declared ones",
     [](Contract contract) { return contract != Contract::kDeclared; }},
}};

Result<SwitchSet> ParseOne(std::string_view name) {
  SwitchSet set;
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (kRows[i].name == name) return SwitchSet(static_cast<Switch>(i));
  }
  for (const Word& word : kWords) {
    if (word.name != name) continue;
    for (std::size_t i = 0; i < kRows.size(); ++i) {
      if (word.takes(kRows[i].contract)) set.add(SwitchSet(static_cast<Switch>(i)));
    }
    return set;
  }
  std::string known;
  for (const Word& word : kWords) known += fmt::format("{}, ", word.name);
  for (const Row& row : kRows) known += fmt::format("{}{}", &row == &kRows[0] ? "" : "+", row.name);
  return Fail(ErrorCode::kUsage, fmt::format("opt: no switch '{}'; there is {}", name, known));
}

}  // namespace

Result<SwitchSet> SwitchSet::Parse(std::string_view list) {
  SwitchSet set;
  while (true) {
    const std::size_t plus = list.find('+');
    auto one = ParseOne(list.substr(0, plus));
    if (!one) return one;
    set.add(*one);
    if (plus == std::string_view::npos) return set;
    list.remove_prefix(plus + 1);
  }
}

std::string SwitchesHelp() {
  std::string help = "opt=SWITCH+SWITCH...  what is optimized:";
  for (const Word& word : kWords) help += fmt::format("\n  {:<8}  {}", word.name, word.summary);
  for (const Row& row : kRows) {
    help += fmt::format("\n  {:<8}  {}: {}", row.name,
                        kContractNames[static_cast<std::size_t>(row.contract)], row.summary);
  }
  return help;
}

}  // namespace nicreplay::e1000
