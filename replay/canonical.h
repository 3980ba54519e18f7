// SPDX-License-Identifier: MIT
// What a stimulus did to guest memory, independent of how the device split its DMA.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "replay/event.h"

namespace nicreplay {

// One write, or a part of it that does not wrap past the end of the address space.
struct WritePiece {
  GuestAddress address = 0;
  Bytes bytes;            // at least one
  std::size_t order = 0;  // the earlier piece has the lower one

  GuestAddress last() const { return address + (bytes.size() - 1); }
};

// The kDmaWrite effects in their order.
std::vector<WritePiece> WritePieces(std::span<const Effect> effects);

// The final bytes that a stimulus left in guest memory, as maximal runs in ascending address order.
class WriteImage {
 public:
  struct Run {
    GuestAddress address = 0;
    std::vector<std::uint8_t> bytes;
    bool operator==(const Run&) const = default;
  };

  // Rebuilds the image from the kDmaWrite effects, in their order.
  void Build(std::span<const Effect> effects) { Build(WritePieces(effects)); }
  void Build(std::vector<WritePiece> pieces);

  std::span<const Run> runs() const { return {runs_.data(), run_count_}; }

 private:
  std::vector<Run> runs_;  // reused between stimuli; the first run_count_ are valid
  std::size_t run_count_ = 0;
};

}  // namespace nicreplay
