// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "models/device.h"

namespace nicreplay {

// The bytes of one message, in whole words; uninitialized when made.
class ChunkBuffer {
 public:
  ChunkBuffer() = default;
  explicit ChunkBuffer(std::size_t bytes) { Resize(bytes); }

  // The content is void.  Allocates only beyond what it ever held.
  void Resize(std::size_t bytes) {
    const std::size_t words = (bytes + 7) / 8;
    if (words > capacity_) {
      words_.reset(new std::uint64_t[words]);
      capacity_ = words;
    }
    size_ = bytes;
  }
  // The first `bytes` stay.
  void Shrink(std::size_t bytes) { size_ = bytes; }

  std::uint64_t* words() { return words_.get(); }
  const std::uint64_t* words() const { return words_.get(); }
  std::size_t size() const { return size_; }
  MutableBytes bytes() { return {reinterpret_cast<std::uint8_t*>(words_.get()), size_}; }
  Bytes bytes() const { return {reinterpret_cast<const std::uint8_t*>(words_.get()), size_}; }

 private:
  std::unique_ptr<std::uint64_t[]> words_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
};

}  // namespace nicreplay
