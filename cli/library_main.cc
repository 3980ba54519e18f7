// SPDX-License-Identifier: MIT
// The entry of libnicreplay.so.
#include "cli/builtin_models.h"
#include "replay/library.h"

extern "C" __attribute__((visibility("default"))) const nr_library* nicreplay_library() {
  nicreplay::RegisterBuiltinModels();
  return nicreplay::Library();
}
