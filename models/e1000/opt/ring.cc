// SPDX-License-Identifier: MIT
#include "models/e1000/opt/ring.h"

#include <algorithm>

namespace nicreplay::e1000 {

void DescriptorWindow::Fetch(std::uint32_t index, std::uint32_t ahead) {
  const GuestAddress address = ring_.base + kDescriptorSize * std::uint64_t{index};
  std::uint32_t count = 1;
  batch_first_ = index;
  if (reading_ == RingReading::kBatch) {
    count = std::min(left_ - ahead, ring_.size - index);  // a batch ends where the ring does
    const Bytes mapped = control_.MapRead(address, count * kDescriptorSize);
    if (mapped.size() >= kDescriptorSize) {
      batch_ = mapped.data();
      batch_size_ = static_cast<std::uint32_t>(mapped.size() / kDescriptorSize);
      return;
    }
    count = std::min(count, kCopied);
  }
  batch_ = copies_.data();
  batch_size_ = count;
  control_.DmaRead(address, {copies_.data(), count * kDescriptorSize});
}

}  // namespace nicreplay::e1000
