// SPDX-License-Identifier: MIT
// In place of a fuzzing engine: an input has to cover the same, whatever ran before it.  Runs the
// target on the files, and on those in the folders, that the command line names, in two orders, and
// says which counters of coverage differ.
#include <cstdint>
#include <cstdio>
#include <map>
#include <span>
#include <string>

#include "fuzz/targets/files.h"

extern "C" {
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
__attribute__((weak)) int LLVMFuzzerInitialize(int* count, char*** arguments);
// NOLINTBEGIN(bugprone-reserved-identifier)
void __sanitizer_cov_8bit_counters_init(std::uint8_t* start, std::uint8_t* end);
void __sanitizer_cov_pcs_init(const std::uintptr_t* start, const std::uintptr_t* end);
void __sanitizer_symbolize_pc(void* pc, const char* format, char* out, std::size_t size);
void __afl_coverage_discard();
// NOLINTEND(bugprone-reserved-identifier)
}

namespace {

// Those of the one module that is instrumented, and their places: a PC and flags each.
std::span<std::uint8_t> counters;
std::span<const std::uintptr_t> places;

// As fuzzers tell counts apart.
std::uint8_t BucketOf(std::uint8_t count) {
  static constexpr std::uint8_t kFirst[] = {4, 8, 16, 32, 128};
  if (count < kFirst[0]) return count;
  std::uint8_t bucket = kFirst[0];
  for (const std::uint8_t first : kFirst)
    bucket = static_cast<std::uint8_t>(bucket + (count >= first));
  return bucket;
}

using Coverage = std::vector<std::uint8_t>;

Coverage CoverageOf(const std::vector<char>& input) {
  __afl_coverage_discard();
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  Coverage coverage;
  coverage.reserve(counters.size());
  for (const std::uint8_t count : counters) coverage.push_back(BucketOf(count));
  return coverage;
}

void Report(std::size_t counter, const std::string& input) {
  char place[512] = "";
  if (2 * counter < places.size()) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): what it is
    auto* const pc = reinterpret_cast<void*>(places[2 * counter]);
    __sanitizer_symbolize_pc(pc, "%f %S", place, sizeof(place));
  }
  std::fprintf(stderr, "%s\n    first found by %s\n", place, input.c_str());
}

}  // namespace

void __sanitizer_cov_8bit_counters_init(std::uint8_t* start, std::uint8_t* end) {
  counters = {start, end};
}
void __sanitizer_cov_pcs_init(const std::uintptr_t* start, const std::uintptr_t* end) {
  places = {start, end};
}
void __afl_coverage_discard() { std::fill(counters.begin(), counters.end(), std::uint8_t{0}); }

int main(int count, char** arguments) {
  if (LLVMFuzzerInitialize != nullptr) LLVMFuzzerInitialize(&count, &arguments);
  std::vector<std::filesystem::path> paths;
  std::vector<std::vector<char>> inputs;
  for (int i = 1; i < count; ++i) {
    for (const auto& path : nicreplay::FilesOf(arguments[i])) {
      auto bytes = nicreplay::BytesOf(path);
      if (!bytes) {
        std::fprintf(stderr, "%s: cannot be opened\n", path.c_str());
        return 2;
      }
      paths.push_back(path);
      inputs.push_back(std::move(*bytes));
    }
  }
  // What happens once in a process, like the first use of a table, is no matter.
  for (const auto& input : inputs) CoverageOf(input);
  std::vector<Coverage> forward;
  forward.reserve(inputs.size());
  for (const auto& input : inputs) forward.push_back(CoverageOf(input));
  std::map<std::size_t, std::size_t> unstable;  // counters, and the input that showed it
  std::size_t covered = 0;
  for (std::size_t i = inputs.size(); i-- > 0;) {
    const Coverage backward = CoverageOf(inputs[i]);
    for (std::size_t k = 0; k < backward.size(); ++k) {
      covered += backward[k] != 0 ? 1 : 0;
      if (backward[k] != forward[i][k]) unstable.emplace(k, i);
    }
  }
  for (const auto& [counter, input] : unstable) Report(counter, paths[input].string());
  std::printf("%zu inputs, %zu counts, %zu unstable counters\n", inputs.size(), covered,
              unstable.size());
  return unstable.empty() && covered != 0 ? 0 : 1;
}
