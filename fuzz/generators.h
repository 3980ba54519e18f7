// SPDX-License-Identifier: MIT
// The generator that suits a model: one a family of devices.
#pragma once

#include <cstdint>
#include <string_view>

#include "fuzz/operation_sink.h"
#include "models/device.h"

namespace nicreplay {

// RAM for rings and buffers.  Addresses around its end may be used, too: nothing else is there.
struct GeneratorWindow {
  static constexpr std::size_t kSize = std::size_t{1} << 20;

  GuestAddress base = 0;
  std::size_t size = kSize;
};

// What is generated: anything, or mostly what optimizations of the datapath are about, where the
// family's generator makes that difference.
enum class GeneratorTraffic : std::uint8_t { kAny, kOptimized };

// Drives the device until the sink is done.  The same seed drives the same operations, given the
// same answers.
using Generate = void (*)(std::uint64_t seed, OperationSink& sink, GeneratorWindow window,
                          GeneratorTraffic traffic);

// That of the model's family; models of no family are driven as an e1000.
Generate GeneratorOf(std::string_view model);

}  // namespace nicreplay
