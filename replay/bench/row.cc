// SPDX-License-Identifier: MIT
#include "replay/bench/row.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "models/registry.h"

namespace nicreplay::bench {

namespace {

// In the order in which they are added up.  What is declared to differ comes last.
constexpr std::array<std::string_view, 11> kOptimizations = {
    "tso",     "csum",     "zerocopy", "ring",   "rxbatch", "rxlro",
    "asynctx", "doorbell", "sidecore", "irqmod", "rxcsum"};
constexpr std::string_view kDoorbell = "doorbell";

bool Registered(std::string_view model) {
  return std::ranges::any_of(Models(),
                             [&](const ModelEntry* entry) { return entry->name == model; });
}

Row OptRow(std::string name, const std::string& optimizations, Doorbells doorbells) {
  return {std::move(name), "e1000-opt", "opt=" + optimizations, doorbells};
}

void AddOptRows(std::vector<Row>* rows) {
  rows->push_back(OptRow("none", "none", Doorbells::kTrap));
  for (const std::string_view one : kOptimizations) {
    rows->push_back(OptRow(std::string(one), std::string(one),
                           one == kDoorbell ? Doorbells::kCoalesced : Doorbells::kTrap));
  }
  std::string sum;
  Doorbells doorbells = Doorbells::kTrap;
  for (const std::string_view next : kOptimizations) {
    if (next == kDoorbell) doorbells = Doorbells::kCoalesced;
    sum += sum.empty() ? std::string(next) : fmt::format("+{}", next);
    if (sum.size() > next.size()) {
      rows->push_back(OptRow(fmt::format("..+{}", next), sum, doorbells));
    }
  }
  rows->push_back(OptRow("all", "all", Doorbells::kCoalesced));
}

}  // namespace

std::vector<Row> AllRows() {
  std::vector<Row> rows;
  rows.push_back({"harness", "", "", Doorbells::kTrap});
  for (const char* model : {"qemu-e1000", "e1000-stock"}) {
    if (Registered(model)) rows.push_back({model, model, "", Doorbells::kTrap});
  }
  if (Registered("e1000-opt")) AddOptRows(&rows);
  return rows;
}

Result<std::vector<Row>> SelectRows(const std::vector<std::string>& names) {
  static constexpr std::array<std::string_view, 5> kEnds = {"harness", "qemu-e1000", "e1000-stock",
                                                            "none", "all"};
  std::vector<Row> all = AllRows();
  if (names.empty()) return all;
  const auto wanted = [&](const Row& row, const std::string& name) {
    return row.name == name ||
           (name == "ends" && std::ranges::find(kEnds, row.name) != kEnds.end());
  };
  for (const std::string& name : names) {
    if (std::ranges::any_of(all, [&](const Row& row) { return wanted(row, name); })) continue;
    std::string known;
    for (const Row& row : all) known += " " + row.name;
    return Fail(ErrorCode::kUsage, fmt::format("no row '{}'; there are: ends{}", name, known));
  }
  std::erase_if(all, [&](const Row& row) {
    return std::ranges::none_of(names, [&](const std::string& name) { return wanted(row, name); });
  });
  return all;
}

}  // namespace nicreplay::bench
