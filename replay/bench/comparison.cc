// SPDX-License-Identifier: MIT
#include "replay/bench/comparison.h"

#include <fmt/format.h>

#include <algorithm>

namespace nicreplay::bench {

namespace {

double TimeAFrame(const Measurement& measurement) {
  return measurement.seconds * 1e9 / static_cast<double>(measurement.frames);
}

}  // namespace

Spread SpreadOf(std::vector<double> values) {
  std::ranges::sort(values);
  return {values[values.size() / 2], values.front(), values.back()};
}

std::vector<RowResult> Compare(const std::vector<Row>& rows, const Factory& create,
                               const ComparisonSettings& settings, const Progress& progress) {
  std::vector<RowResult> results;
  std::vector<std::unique_ptr<Measurable>> contenders;
  results.reserve(rows.size());
  contenders.reserve(rows.size());
  for (const Row& row : rows) {
    RowResult& result = results.emplace_back();
    result.row = row;
    auto contender = create(row);
    if (!contender) result.error = std::move(contender.error());
    contenders.push_back(contender ? std::move(*contender) : nullptr);
  }
  for (unsigned repetition = 0; repetition < settings.repetitions; ++repetition) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (results[i].error) continue;
      progress(fmt::format("{}/{} {}", repetition + 1, settings.repetitions, rows[i].name));
      auto measured = contenders[i]->Run(settings.time);
      if (measured) {
        results[i].measurements.push_back(*measured);
      } else {
        results[i].error = std::move(measured.error());
      }
    }
  }
  return results;
}

std::vector<double> NanosecondsAFrame(const RowResult& result) {
  std::vector<double> values;
  values.reserve(result.measurements.size());
  for (const Measurement& measurement : result.measurements) {
    values.push_back(TimeAFrame(measurement));
  }
  return values;
}

std::vector<double> Speedups(const RowResult& result, const RowResult& base) {
  const std::size_t count = std::min(result.measurements.size(), base.measurements.size());
  std::vector<double> values;
  values.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    values.push_back(TimeAFrame(base.measurements[i]) / TimeAFrame(result.measurements[i]));
  }
  return values;
}

}  // namespace nicreplay::bench
