// SPDX-License-Identifier: MIT
// A buffer that the driver made available: pieces that the device reads, then pieces that it
// writes (virtio 1.2, 2.6).
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "models/virtio/memory.h"
#include "models/virtio/spec.h"

namespace nicreplay::virtio {

struct Piece {
  GuestAddress address;
  std::uint32_t size;  // bytes, not 0
};

// Pieces as one run of bytes.  Offsets past the end find nothing.
class PieceList {
 public:
  explicit PieceList(std::span<const Piece> pieces) : pieces_(pieces) {}

  std::uint64_t size() const;
  // Returns the number of bytes that there were.
  std::size_t Read(const Memory& memory, std::uint64_t offset, MutableBytes out) const;
  std::size_t Write(const Memory& memory, std::uint64_t offset, Bytes data) const;

 private:
  template <typename F>
  std::size_t ForEachPart(std::uint64_t offset, std::size_t size, F f) const;

  std::span<const Piece> pieces_;
};

// Too large for a stack: a device has one and fills it again and again.
struct Element {
  std::uint16_t id = 0;           // what the used ring names it by
  std::uint16_t descriptors = 0;  // of the ring that it takes up: 1 in a split ring
  std::uint32_t out_count = 0;
  std::uint32_t in_count = 0;
  std::array<Piece, kMaxQueueSize> pieces;  // `out_count` to be read, then `in_count` to be written

  PieceList out() const { return PieceList({pieces.data(), out_count}); }
  PieceList in() const { return PieceList({pieces.data() + out_count, in_count}); }
};

}  // namespace nicreplay::virtio
