// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "replay/bench/comparison.h"

namespace nicreplay {

// One workload on one backend.
struct BenchTable {
  std::string backend;
  const bench::Workload* workload;
  std::vector<bench::RowResult> results;
};

void PrintBenchTable(const BenchTable& table);
nlohmann::json BenchTableToJson(const BenchTable& table);

}  // namespace nicreplay
