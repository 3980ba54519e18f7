// SPDX-License-Identifier: MIT
#include "models/virtio/element.h"

#include <algorithm>

namespace nicreplay::virtio {

std::uint64_t PieceList::size() const {
  std::uint64_t total = 0;
  for (const Piece& piece : pieces_) total += piece.size;
  return total;
}

// Calls f(guest address, offset in the range, size) for the parts of the range that exist.
template <typename F>
std::size_t PieceList::ForEachPart(std::uint64_t offset, std::size_t size, F f) const {
  std::size_t done = 0;
  for (const Piece& piece : pieces_) {
    if (done == size) break;
    if (offset >= piece.size) {
      offset -= piece.size;
      continue;
    }
    const auto part =
        static_cast<std::size_t>(std::min<std::uint64_t>(size - done, piece.size - offset));
    f(piece.address + offset, done, part);
    done += part;
    offset = 0;
  }
  return done;
}

std::size_t PieceList::Read(const Memory& memory, std::uint64_t offset, MutableBytes out) const {
  return ForEachPart(offset, out.size(),
                     [&](GuestAddress address, std::size_t done, std::size_t size) {
                       memory.Read(address, out.subspan(done, size));
                     });
}

std::size_t PieceList::Write(const Memory& memory, std::uint64_t offset, Bytes data) const {
  return ForEachPart(offset, data.size(),
                     [&](GuestAddress address, std::size_t done, std::size_t size) {
                       memory.Write(address, data.subspan(done, size));
                     });
}

}  // namespace nicreplay::virtio
