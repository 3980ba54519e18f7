// SPDX-License-Identifier: MIT
// Measures rows against each other: in every repetition each of them once, so that a machine that
// is busy with something else for a while slows them all down.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "replay/bench/measurement.h"
#include "replay/bench/row.h"

namespace nicreplay::bench {

struct ComparisonSettings {
  unsigned repetitions = 5;
  std::chrono::nanoseconds time{100'000'000};  // of one measurement
};

// What a row gave, one measurement a repetition; or why it gave none.
struct RowResult {
  Row row;
  std::vector<Measurement> measurements;
  std::optional<Error> error;
};

struct Spread {
  double median = 0;
  double min = 0;
  double max = 0;
};
// Of at least one value.
Spread SpreadOf(std::vector<double> values);

// "3/5 e1000-stock": repetition and row that are measured next.
using Progress = std::function<void(const std::string&)>;

// Makes a row ready to run.
using Factory = std::function<Result<std::unique_ptr<Measurable>>(const Row&)>;

std::vector<RowResult> Compare(const std::vector<Row>& rows, const Factory& create,
                               const ComparisonSettings& settings, const Progress& progress);

// Nanoseconds a frame, by repetition.
std::vector<double> NanosecondsAFrame(const RowResult& result);
// How many times as fast `result` is as `base` in the same repetition.
std::vector<double> Speedups(const RowResult& result, const RowResult& base);

}  // namespace nicreplay::bench
