// SPDX-License-Identifier: MIT
#include "cli/bench_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace nicreplay {

namespace {

using bench::Measurement;
using bench::RowResult;
using bench::Spread;
using bench::SpreadOf;

// The rows that others are compared to.
constexpr std::array<std::string_view, 2> kBases = {"qemu-e1000", "e1000-stock"};

const RowResult* Find(const BenchTable& table, std::string_view row) {
  const auto found = std::ranges::find_if(
      table.results, [&](const RowResult& result) { return result.row.name == row; });
  return found == table.results.end() || found->measurements.empty() ? nullptr : &*found;
}

double PerFrame(const Measurement& measurement, std::uint64_t count) {
  return static_cast<double>(count) / static_cast<double>(measurement.frames);
}

// The median of what `value` takes from each measurement.
template <typename Value>
double Median(const RowResult& result, Value value) {
  std::vector<double> values;
  values.reserve(result.measurements.size());
  for (const Measurement& measurement : result.measurements) values.push_back(value(measurement));
  return SpreadOf(std::move(values)).median;
}

double FramesASecond(const RowResult& result) {
  return Median(result, [](const Measurement& measurement) {
    return static_cast<double>(measurement.frames) / measurement.seconds;
  });
}

double GigabitsASecond(const RowResult& result) {
  return Median(result, [](const Measurement& measurement) {
    return static_cast<double>(measurement.bytes) * 8e-9 / measurement.seconds;
  });
}

double ExitsAFrame(const RowResult& result) {
  return Median(result, [](const Measurement& measurement) {
    return PerFrame(measurement, measurement.exits);
  });
}

double InstructionsAFrame(const RowResult& result) {
  return Median(result, [](const Measurement& measurement) {
    return PerFrame(measurement, measurement.instructions.value_or(0));
  });
}

std::string Ratio(const BenchTable& table, const RowResult& result, std::string_view base) {
  const RowResult* const other = Find(table, base);
  if (other == nullptr) return "-";
  const Spread spread = SpreadOf(bench::Speedups(result, *other));
  return fmt::format("{:.2f} ({:.2f}-{:.2f})", spread.median, spread.min, spread.max);
}

bool CountsInstructions(const BenchTable& table) {
  return std::ranges::any_of(table.results, [](const RowResult& result) {
    return !result.measurements.empty() && result.measurements[0].instructions.has_value();
  });
}

void PrintRow(const BenchTable& table, const RowResult& result, bool instructions) {
  if (result.error) {
    fmt::print("  {:<14} FAILED: {}\n", result.row.name, result.error->ToString());
    return;
  }
  const Spread time = SpreadOf(bench::NanosecondsAFrame(result));
  fmt::print("  {:<14} {:>9.2f} {:>9.0f} {:>8.1f} {:>15} {:>9.4f}", result.row.name,
             GigabitsASecond(result), FramesASecond(result) / 1e3, time.median,
             fmt::format("({:.1f}-{:.1f})", time.min, time.max), ExitsAFrame(result));
  if (instructions) fmt::print(" {:>9.0f}", InstructionsAFrame(result));
  for (const std::string_view base : kBases) fmt::print(" {:>22}", Ratio(table, result, base));
  fmt::print("\n");
}

nlohmann::json ToJson(const Spread& spread) {
  return {{"median", spread.median}, {"min", spread.min}, {"max", spread.max}};
}

nlohmann::json ToJson(const BenchTable& table, const RowResult& result) {
  nlohmann::json json = {
      {"row", result.row.name}, {"model", result.row.model}, {"options", result.row.options}};
  if (result.error) {
    json["error"] = result.error->ToString();
    return json;
  }
  json["gigabits_per_second"] = GigabitsASecond(result);
  json["frames_per_second"] = FramesASecond(result);
  json["ns_per_frame"] = ToJson(SpreadOf(bench::NanosecondsAFrame(result)));
  json["exits_per_frame"] = ExitsAFrame(result);
  if (CountsInstructions(table)) json["instructions_per_frame"] = InstructionsAFrame(result);
  for (const std::string_view base : kBases) {
    if (const RowResult* other = Find(table, base)) {
      json["speedup"][std::string(base)] = ToJson(SpreadOf(bench::Speedups(result, *other)));
    }
  }
  return json;
}

}  // namespace

void PrintBenchTable(const BenchTable& table) {
  const bool instructions = CountsInstructions(table);
  const std::string place = table.backend.empty() ? "" : " on " + table.backend;
  fmt::print("\n{}{}: {}\n", table.workload, place, table.meaning);
  fmt::print("  {:<14} {:>9} {:>9} {:>8} {:>15} {:>9}", "row", "Gbit/s", "k frame/s", "ns/frame",
             "(min-max)", "exits/fr.");
  if (instructions) fmt::print(" {:>9}", "instr/fr.");
  for (const std::string_view base : kBases) fmt::print(" {:>22}", fmt::format("x {}", base));
  fmt::print("\n");
  for (const RowResult& result : table.results) PrintRow(table, result, instructions);
}

nlohmann::json BenchTableToJson(const BenchTable& table) {
  nlohmann::json rows = nlohmann::json::array();
  for (const RowResult& result : table.results) rows.push_back(ToJson(table, result));
  return {{"backend", table.backend}, {"workload", table.workload}, {"rows", rows}};
}

}  // namespace nicreplay
