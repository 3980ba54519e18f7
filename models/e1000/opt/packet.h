// SPDX-License-Identifier: MIT
// A packet of the transmit ring, seen whole before it is worked: its descriptors up to EOP.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "models/e1000/descriptors.h"
#include "models/e1000/opt/ring.h"

namespace nicreplay::e1000 {

class Packet {
 public:
  static constexpr std::uint32_t kMaxDescriptors = 64;  // 64 KiB in pieces of 1 KiB

  // Looks ahead from the window's head.  False where the packet is not whole, has more descriptors
  // than fit, or has something in it that stock's engine is better asked about: a context in the
  // middle, TSE in a part of it, nothing in the first descriptor.
  bool Look(DescriptorWindow& window);

  std::span<const TxDescriptor> descriptors() const { return {descriptors_.data(), count_}; }
  std::uint32_t size() const { return size_; }
  bool segmented() const { return segmented_; }
  // 3.3.7: of the first descriptor; a legacy one has none.
  std::uint8_t popts() const { return popts_; }
  // The commands of all descriptors together.
  std::uint32_t commands() const { return commands_; }

 private:
  std::array<TxDescriptor, kMaxDescriptors> descriptors_;
  std::uint32_t count_ = 0;
  std::uint32_t size_ = 0;
  std::uint32_t commands_ = 0;
  std::uint8_t popts_ = 0;
  bool segmented_ = false;
};

inline bool Packet::Look(DescriptorWindow& window) {
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
