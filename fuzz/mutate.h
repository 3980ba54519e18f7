// SPDX-License-Identifier: MIT
// Mutations that know where items of an input begin: for libFuzzer's custom mutator and crossover,
// and for AFL++'s.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fuzz/input.h"

namespace nicreplay {

// Changes `size` bytes of input in `data`, which has room for `max_size`; returns the new size.
// The same seed changes the same input alike.
std::size_t MutateInput(const ItemGrammar& grammar, std::uint8_t* data, std::size_t size,
                        std::size_t max_size, std::uint64_t seed);

// An input of items of both, in `out`; returns its size.
std::size_t CrossInputs(const ItemGrammar& grammar, Bytes first, Bytes second, MutableBytes out,
                        std::uint64_t seed);

}  // namespace nicreplay
