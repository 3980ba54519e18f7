// SPDX-License-Identifier: MIT
#include "models/e1000/opt/zerocopy.h"

#include <algorithm>
#include <cstring>

namespace nicreplay::e1000 {

bool FramePieces::Map(ControlPlane& control, const Packet& packet) {
  count_ = 0;
  for (const TxDescriptor& descriptor : packet.descriptors()) {
    GuestAddress address = descriptor.buffer_address;
    std::size_t left = descriptor.length();
    while (left != 0) {
      if (count_ == kMaxPieces) return false;
      const Bytes piece = control.MapRead(address, left);
      if (piece.empty()) return false;
      pieces_[kHeader + 1 + count_++] = piece;
      address += piece.size();
      left -= piece.size();
    }
  }
  return true;
}

void FramePieces::Set(Bytes frame) {
  pieces_[kHeader + 1] = frame;
  count_ = 1;
}

void FramePieces::CopyFront(MutableBytes out) const {
  std::size_t filled = 0;
  for (const Bytes& piece : frame()) {
    if (filled == out.size()) break;
    const std::size_t part = std::min(piece.size(), out.size() - filled);
    std::memcpy(out.data() + filled, piece.data(), part);
    filled += part;
  }
}

std::span<const Bytes> FramePieces::WithHeader(Bytes header) {
  std::size_t left = header.size();
  std::size_t at = kHeader + 1;
  while (left >= pieces_[at].size()) left -= pieces_[at++].size();
  pieces_[at] = pieces_[at].subspan(left);
  pieces_[--at] = header;
  return {&pieces_[at], kHeader + 1 + count_ - at};
}

}  // namespace nicreplay::e1000
