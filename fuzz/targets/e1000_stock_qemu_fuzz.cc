// SPDX-License-Identifier: MIT
// The stock e1000 against QEMU's own.
#include "cli/builtin_models.h"
#include "fuzz/target.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  nicreplay::RegisterBuiltinModels();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return nicreplay::FuzzOneInput("e1000-stock-qemu", data, size);
}
