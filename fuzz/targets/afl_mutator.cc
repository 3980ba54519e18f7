// SPDX-License-Identifier: MIT
// AFL++'s hooks (docs/custom_mutators.md) for inputs of items (NICREPLAY_GRAMMAR), as a library for
// AFL_CUSTOM_MUTATOR_LIBRARY.
#include <algorithm>
#include <vector>

#include "fuzz/e1000_input.h"
#include "fuzz/mutate.h"
#include "fuzz/random.h"
#include "fuzz/virtio_input.h"

namespace {

struct AflMutator {
  nicreplay::Random random;
  std::vector<std::uint8_t> buffer;
};

}  // namespace

#define NICREPLAY_EXPORT extern "C" __attribute__((visibility("default")))

NICREPLAY_EXPORT void* afl_custom_init(void*, unsigned seed) {
  return new AflMutator{nicreplay::Random(seed), {}};
}

NICREPLAY_EXPORT void afl_custom_deinit(void* mutator) { delete static_cast<AflMutator*>(mutator); }

NICREPLAY_EXPORT std::size_t afl_custom_fuzz(void* data, std::uint8_t* input, std::size_t size,
                                             std::uint8_t** out, std::uint8_t* other,
                                             std::size_t other_size, std::size_t max_size) {
  auto& mutator = *static_cast<AflMutator*>(data);
  mutator.buffer.resize(max_size);
  *out = mutator.buffer.data();
  const std::uint64_t seed = mutator.random.Next();
  if (other != nullptr && mutator.random.OneIn(4)) {
    return nicreplay::CrossInputs(nicreplay::NICREPLAY_GRAMMAR(), {input, size},
                                  {other, other_size}, mutator.buffer, seed);
  }
  size = std::min(size, max_size);
  std::copy_n(input, size, mutator.buffer.begin());
  return nicreplay::MutateInput(nicreplay::NICREPLAY_GRAMMAR(), mutator.buffer.data(), size,
                                max_size, seed);
}
