// SPDX-License-Identifier: MIT
// The entry of libnicreplay.so.
#include "replay/library.h"

extern "C" __attribute__((visibility("default"))) const nr_library* nicreplay_library() {
  return nicreplay::Library();
}
