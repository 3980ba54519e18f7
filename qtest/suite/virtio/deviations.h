// SPDX-License-Identifier: MIT
// Where QEMU 7.2's own virtio-net does otherwise than the specification says and our model does,
// as far as a driver can see it without bringing QEMU down, in one table.  Cases ask it; why it is
// so stands in qtest/live/virtio-net.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "qtest/suite/suite_target.h"

namespace nicreplay::virtio {

using suite::Origin;

enum class Deviation : std::uint8_t {
  kNumBuffersUnmerged,  // num_buffers of a version 1 driver without MRG_RXBUF
  kMissingQueueKeeps,   // 1: registers of a queue that does not exist keep what is written
};
inline constexpr std::size_t kDeviations = 2;

struct DeviationRow {
  Deviation deviation;
  std::array<std::uint32_t, 2> values;  // of the model, of QEMU
};

inline constexpr std::array<DeviationRow, kDeviations> kDeviationTable = {{
    {Deviation::kNumBuffersUnmerged, {1, 0}},
    {Deviation::kMissingQueueKeeps, {0, 1}},
}};

constexpr std::uint32_t ValueOf(Deviation deviation, Origin origin) {
  return kDeviationTable[static_cast<std::size_t>(deviation)]
      .values[static_cast<std::size_t>(origin)];
}

constexpr bool DeviationsInOrder() {
  for (std::size_t i = 0; i < kDeviations; ++i) {
    if (static_cast<std::size_t>(kDeviationTable[i].deviation) != i) return false;
  }
  return true;
}
static_assert(DeviationsInOrder(), "a row of the deviations is not at its place");

}  // namespace nicreplay::virtio
