// SPDX-License-Identifier: MIT
// The stock e1000 against itself, whose state is saved and loaded in between.
#include "fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return nicreplay::FuzzOneInput("e1000-reload", data, size);
}
