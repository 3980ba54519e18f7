// SPDX-License-Identifier: MIT
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstring>
#include <memory>
#include <span>

#include "replay/backends/backend.h"

namespace nicreplay {

// The pieces of a frame as the kernel takes them, behind a header; copied together only where there
// are more of them than it takes.
class GatherList {
 public:
  std::span<iovec> Fill(Bytes header, const Frame& frame) {
    std::size_t count = 0;
    if (!header.empty()) vectors_[count++] = Vector(header);
    if (frame.pieces.size() > vectors_.size() - count) {
      vectors_[count++] = Vector(Flatten(frame));
      return {vectors_.data(), count};
    }
    for (const Bytes& piece : frame.pieces) vectors_[count++] = Vector(piece);
    return {vectors_.data(), count};
  }

 private:
  static constexpr std::size_t kMaxVectors = 1024;  // UIO_MAXIOV

  // The kernel only reads them.
  static iovec Vector(Bytes bytes) {
    return {const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
  }

  Bytes Flatten(const Frame& frame) {
    if (!flat_) flat_.reset(new std::uint8_t[Backend::kMaxFrame]);
    std::size_t size = 0;
    for (const Bytes& piece : frame.pieces) {
      if (piece.empty()) continue;
      std::memcpy(&flat_[size], piece.data(), piece.size());
      size += piece.size();
    }
    return {flat_.get(), size};
  }

  std::array<iovec, kMaxVectors> vectors_;
  std::unique_ptr<std::uint8_t[]> flat_;
};

}  // namespace nicreplay
