// SPDX-License-Identifier: MIT
#include "models/e1000/opt/rxbatch.h"

namespace nicreplay::e1000 {

std::optional<RingSpan> FreeDescriptors(const RegisterFile& registers) {
  RingSpan ring;
  ring.base = registers.RingBase(kRDBAL);
  ring.size = registers.RingSize(kRDLEN);
  ring.first = registers[kRDH];
  const std::uint32_t tail = registers[kRDT];
  if (ring.first >= ring.size || tail >= ring.size) return std::nullopt;
  ring.count = tail >= ring.first ? tail - ring.first : ring.size + tail - ring.first;
  return ring;
}

}  // namespace nicreplay::e1000
