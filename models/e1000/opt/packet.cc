// SPDX-License-Identifier: MIT
#include "models/e1000/opt/packet.h"

#include <algorithm>

namespace nicreplay::e1000 {

bool Packet::Look(DescriptorWindow& window) {
  const std::uint32_t most = std::min(window.left(), kMaxDescriptors);
  count_ = 0;
  size_ = 0;
  commands_ = 0;
  while (count_ < most) {
    const TxDescriptor& descriptor = descriptors_[count_] = window.At<TxDescriptor>(count_);
    const TxDescriptorKind kind = KindOf(descriptor.lower);
    if (kind == TxDescriptorKind::kContext) return false;
    const bool data = kind == TxDescriptorKind::kData;
    const bool segmented = data && (descriptor.lower & txd::kTSE) != 0;
    if (count_ == 0) {
      if (descriptor.length() == 0) return false;
      segmented_ = segmented;
      popts_ = data ? descriptor.popts() : 0;
    } else if (segmented != segmented_) {
      return false;
    }
    ++count_;
    size_ += descriptor.length();
    commands_ |= descriptor.lower;
    if ((descriptor.lower & txd::kEOP) != 0) return true;
  }
  return false;
}

}  // namespace nicreplay::e1000
