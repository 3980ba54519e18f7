// SPDX-License-Identifier: MIT
// The optimized e1000, with any of its switches, against the reference of their contract.
#include "fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return nicreplay::FuzzOneInput("e1000-stock-opt", data, size);
}
