// SPDX-License-Identifier: MIT
// Defaults of the sanitizers in fuzz targets; those of the environment go before them.  Freed
// memory is used again soon, which keeps it in the cache; leaks are looked for at the end of a run.
// NOLINTNEXTLINE(bugprone-reserved-identifier)
extern "C" __attribute__((visibility("default"))) const char* __asan_default_options() {
  return "quarantine_size_mb=4:malloc_context_size=4";
}
