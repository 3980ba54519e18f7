// SPDX-License-Identifier: MIT
// libFuzzer's hooks, in the targets that take inputs of an e1000.
#include "fuzz/mutate.h"
#include "fuzz/random.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  // The engine's own, too: it knows the dictionary.
  if (seed % 8 == 0) return LLVMFuzzerMutate(data, size, max_size);
  return nicreplay::MutateE1000Input(data, size, max_size, seed);
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* first, std::size_t first_size,
                                                 const std::uint8_t* second,
                                                 std::size_t second_size, std::uint8_t* out,
                                                 std::size_t max_size, unsigned seed) {
  return nicreplay::CrossE1000Inputs({first, first_size}, {second, second_size}, {out, max_size},
                                     seed);
}
