// SPDX-License-Identifier: MIT
#include "replay/bench/row.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "models/registry.h"

namespace nicreplay::bench {

namespace {

struct Optimization {
  std::string_view name;
  Doorbells doorbells = Doorbells::kTrap;
  Contract contract = Contract::kExact;
};

// In the order in which they are added up.  What is declared to differ comes last.
constexpr std::array kOptimizations = {
    Optimization{"tso"},
    Optimization{"csum"},
    Optimization{"zerocopy"},
    Optimization{"ring"},
    Optimization{"rxbatch"},
    Optimization{"rxlro"},
    Optimization{"asynctx", Doorbells::kTrap, Contract::kDeferred},
    Optimization{"doorbell", Doorbells::kCoalesced, Contract::kDeferred},
    Optimization{"sidecore", Doorbells::kTrap, Contract::kDeferred},
    Optimization{"irqmod", Doorbells::kTrap, Contract::kDeferred},
    Optimization{"rxcsum", Doorbells::kTrap, Contract::kDeclared},
};

bool Registered(std::string_view model) {
  return std::ranges::any_of(Models(),
                             [&](const ModelEntry* entry) { return entry->name == model; });
}

Row OptRow(std::string name, const std::string& optimizations, Doorbells doorbells,
           Contract contract) {
  return {std::move(name), "e1000-opt", "opt=" + optimizations, doorbells, contract};
}

void AddOptRows(std::vector<Row>* rows) {
  rows->push_back(OptRow("none", "none", Doorbells::kTrap, Contract::kExact));
  for (const Optimization& one : kOptimizations) {
    const std::string name(one.name);
    rows->push_back(OptRow(name, name, one.doorbells, one.contract));
  }
  std::string sum;
  Doorbells doorbells = Doorbells::kTrap;
  Contract contract = Contract::kExact;
  for (const Optimization& next : kOptimizations) {
    doorbells = std::max(doorbells, next.doorbells);
    contract = std::max(contract, next.contract);
    if (!sum.empty()) sum += '+';
    sum += next.name;
    if (&next == kOptimizations.data()) continue;
    rows->push_back(OptRow(fmt::format("..+{}", next.name), sum, doorbells, contract));
  }
  rows->push_back(OptRow("all", "all", Doorbells::kCoalesced, Contract::kDeferred));
}

}  // namespace

std::vector<Row> AllRows() {
  std::vector<Row> rows;
  rows.push_back({"harness", "", ""});
  for (const char* model : {"qemu-e1000", "e1000-stock"}) {
    if (Registered(model)) rows.push_back({model, model, ""});
  }
  if (Registered("e1000-opt")) AddOptRows(&rows);
  if (Registered("virtio-net")) {
    Row row{"virtio-net", "virtio-net", ""};
    row.offload_options = "vnet_hdr=on";
    rows.push_back(std::move(row));
  }
  return rows;
}

Result<std::vector<Row>> SelectRows(const std::vector<std::string>& names) {
  static constexpr std::array<std::string_view, 6> kEnds = {"harness", "qemu-e1000", "e1000-stock",
                                                            "none",    "all",        "virtio-net"};
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
