// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "replay/bench/comparison.h"

namespace nicreplay {

// One workload on one backend, or one recorded session.
struct BenchTable {
  std::string workload;
  std::string backend;  // empty: a session
  std::string meaning;
  std::vector<bench::RowResult> results;
};

void PrintBenchTable(const BenchTable& table);
nlohmann::json BenchTableToJson(const BenchTable& table);

}  // namespace nicreplay
