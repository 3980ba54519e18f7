// SPDX-License-Identifier: MIT
// libFuzzer's hooks, in the targets that take inputs of items (NICREPLAY_GRAMMAR).
#include "fuzz/e1000_input.h"
#include "fuzz/mutate.h"
#include "fuzz/random.h"
#include "fuzz/virtio_input.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  // The engine's own, too: it knows the dictionary.
  if (seed % 8 == 0) return LLVMFuzzerMutate(data, size, max_size);
  return nicreplay::MutateInput(nicreplay::NICREPLAY_GRAMMAR(), data, size, max_size, seed);
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* first, std::size_t first_size,
                                                 const std::uint8_t* second,
                                                 std::size_t second_size, std::uint8_t* out,
                                                 std::size_t max_size, unsigned seed) {
  return nicreplay::CrossInputs(nicreplay::NICREPLAY_GRAMMAR(), {first, first_size},
                                {second, second_size}, {out, max_size}, seed);
}
