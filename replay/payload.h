// SPDX-License-Identifier: MIT
// The payload of a chunk while it is written: bytes that stand in it already are found and not
// repeated.  Devices pass on what they get, and guests send the same data again and again.
#pragma once

#include <cstdint>
#include <vector>

#include "models/device.h"

namespace nicreplay {

class PayloadWriter {
 public:
  struct Piece {
    std::uint32_t start = 0;
    std::uint32_t size = 0;
  };
  // What Add takes at most beyond the bytes that it is given: pieces cost less than they save.
  static constexpr std::size_t kOverhead = sizeof(Piece);

  PayloadWriter();

  // Where the bytes stand from now on, in order; at least one piece, none for no bytes.  Valid
  // until the next call.
  const std::vector<Piece>& Add(Bytes bytes);

  const std::vector<std::uint8_t>& bytes() const { return bytes_; }

 private:
  // A shorter repetition is not worth its piece.
  static constexpr std::size_t kShortest = 64;
  // Bytes that are hashed; every kStride-th position of the payload is remembered.
  static constexpr std::size_t kHashed = 16;
  static constexpr std::size_t kStride = 8;
  static constexpr unsigned kTableBits = 16;

  static std::size_t Slot(const std::uint8_t* at);
  Piece Find(Bytes bytes, std::size_t from) const;
  void AddNew(Bytes bytes);
  void AddPiece(std::uint32_t start, std::size_t size);
  void Remember();

  std::vector<std::uint8_t> bytes_;
  std::vector<Piece> pieces_;
  std::vector<std::uint32_t> table_;  // by hash: a position + 1, 0: none
  std::size_t remembered_ = 0;        // the first position that is not in the table yet
};

}  // namespace nicreplay
