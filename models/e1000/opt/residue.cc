// SPDX-License-Identifier: MIT
#include "models/e1000/opt/residue.h"

#include <algorithm>
#include <cstring>

namespace nicreplay::e1000 {

void Residue::Settle(std::uint8_t* buffer) {
  if (!pending_) return;
  pending_ = false;
  if (segmenter_.Parse(frame_) != OffloadFault::kNone) return;
  const std::size_t last = segmenter_.count() - 1;
  // Behind a short last segment lies what the one before left.
  if (segmenter_.SizeOf(last) < kTracked && last != 0) Copy(last - 1, buffer);
  Copy(last, buffer);
}

void Residue::Copy(std::size_t wire_frame, std::uint8_t* buffer) {
  std::size_t at = 0;
  for (Bytes piece : segmenter_.Get(wire_frame)) {
    if (at >= kTracked) return;
    piece = piece.first(std::min(piece.size(), kTracked - at));
    const std::size_t skipped = newer_ > at ? std::min(newer_ - at, piece.size()) : 0;
    // A frame that was copied lies in the buffer itself.
    std::memmove(buffer + at + skipped, piece.data() + skipped, piece.size() - skipped);
    at += piece.size();
  }
}

}  // namespace nicreplay::e1000
