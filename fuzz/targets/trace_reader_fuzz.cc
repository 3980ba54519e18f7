// SPDX-License-Identifier: MIT
// Trace files of hostile bytes: read strictly, salvaged, and made into a program.
#include "replay/stream.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nicreplay;
  for (const Salvage salvage : {Salvage::kNo, Salvage::kYes}) {
    const auto loaded =
        LoadTrace(TraceReader::FromBytes({data, size}), salvage, std::uint64_t{16} << 20);
    if (!loaded && loaded.error().message.empty()) __builtin_trap();
  }
  return 0;
}
