// SPDX-License-Identifier: MIT
#include "replay/canonical.h"

#include <algorithm>
#include <cstring>

namespace nicreplay {

std::vector<WritePiece> WritePieces(std::span<const Effect> effects) {
  std::vector<WritePiece> pieces;
  for (const Effect& effect : effects) {
    if (effect.kind != EffectKind::kDmaWrite || effect.data_size == 0) continue;
    const std::uint64_t room = ~effect.address;  // bytes that fit before the wrap, less one
    if (effect.data_size - 1 <= room) {
      pieces.push_back({effect.address, effect.bytes(), pieces.size()});
    } else {
      pieces.push_back({effect.address, effect.bytes().first(room + 1), pieces.size()});
      pieces.push_back({0, effect.bytes().subspan(room + 1), pieces.size()});
    }
  }
  return pieces;
}

void WriteImage::Build(std::vector<WritePiece> pieces) {
  run_count_ = 0;
  std::stable_sort(pieces.begin(), pieces.end(),
                   [](const WritePiece& a, const WritePiece& b) { return a.address < b.address; });
  std::size_t first = 0;
  while (first < pieces.size()) {
    // All pieces that touch or overlap form one run; later writes win.
    GuestAddress last = pieces[first].last();
    std::size_t end = first + 1;
    while (end < pieces.size() && (last == ~GuestAddress{0} || pieces[end].address <= last + 1)) {
      last = std::max(last, pieces[end].last());
      ++end;
    }
    std::sort(pieces.begin() + static_cast<std::ptrdiff_t>(first),
              pieces.begin() + static_cast<std::ptrdiff_t>(end),
              [](const WritePiece& a, const WritePiece& b) { return a.order < b.order; });
    if (run_count_ == runs_.size()) runs_.emplace_back();
    Run& run = runs_[run_count_++];
    run.address = ~GuestAddress{0};
    for (std::size_t i = first; i < end; ++i)
      run.address = std::min(run.address, pieces[i].address);
    run.bytes.resize(last - run.address + 1);
    for (std::size_t i = first; i < end; ++i) {
      std::memcpy(run.bytes.data() + (pieces[i].address - run.address), pieces[i].bytes.data(),
                  pieces[i].bytes.size());
    }
    first = end;
  }
}

}  // namespace nicreplay
