// SPDX-License-Identifier: MIT
// virtio-net: saved and loaded at a random point it behaves as if it had not been, and whatever its
// driver does it keeps to the memory that it was given.
#include "fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return nicreplay::FuzzOneInput("virtio-net", data, size);
}
