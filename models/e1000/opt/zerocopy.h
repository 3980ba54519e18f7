// SPDX-License-Identifier: MIT
// zerocopy: a frame goes to the network in the pieces in which it lies in guest memory, instead of
// by way of the packet buffer.
//
// Why a driver cannot tell: what the network gets are the same bytes, read once, when the packet's
// last descriptor is worked instead of descriptor by descriptor.  In between the device writes
// nothing but write-backs, so a frame that has bytes in the ring itself is left to stock's engine,
// and so is one that is not all mappable memory.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "models/e1000/control_plane.h"
#include "models/e1000/opt/packet.h"

namespace nicreplay::e1000 {

// Whether bytes of the packet lie in the ring, where write-backs could change them.
inline bool LiesInRing(const Packet& packet, const RingSpan& ring) {
  return std::ranges::any_of(packet.descriptors(), [&](const TxDescriptor& descriptor) {
    return ring.Overlaps(descriptor.buffer_address, descriptor.length());
  });
}

class FramePieces {
 public:
  // False where not all of the packet can be mapped, in a few pieces.
  bool Map(ControlPlane& control, const Packet& packet);
  // One piece.
  void Set(Bytes frame);

  std::span<const Bytes> frame() const { return {&pieces_[kHeader + 1], count_}; }

  // The first `out.size()` bytes; the frame has them.
  void CopyFront(MutableBytes out) const;
  // The frame with `header` instead of as many bytes at its front; it is longer than that.
  std::span<const Bytes> WithHeader(Bytes header);

 private:
  static constexpr std::size_t kMaxPieces = Packet::kMaxDescriptors + 16;
  static constexpr std::size_t kHeader = 0;  // its place

  std::array<Bytes, 1 + kMaxPieces> pieces_;
  std::size_t count_ = 0;
};

}  // namespace nicreplay::e1000
