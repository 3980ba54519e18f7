// SPDX-License-Identifier: MIT
// Bytes with stable addresses that are all given back at once; no allocation in the steady state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "models/device.h"

namespace nicreplay {

class Arena {
 public:
  static constexpr std::size_t kBlockBytes = 1u << 20;
  static constexpr std::size_t kKeptBlocks = 16;  // what Reset keeps for the next time

  // Uninitialized, aligned to 8 bytes.
  std::uint8_t* Allocate(std::size_t size) {
    size = (size + 7) & ~std::size_t{7};
    while (block_ < blocks_.size() && blocks_[block_].size - used_ < size) NextBlock();
    if (block_ == blocks_.size()) {
      const std::size_t bytes = size > kBlockBytes ? size : kBlockBytes;
      blocks_.push_back({std::unique_ptr<std::uint8_t[]>(new std::uint8_t[bytes]), bytes});
    }
    std::uint8_t* const at = blocks_[block_].bytes.get() + used_;
    used_ += size;
    return at;
  }

  const std::uint8_t* Copy(Bytes bytes) {
    if (bytes.empty()) return nullptr;
    std::uint8_t* const at = Allocate(bytes.size());
    std::memcpy(at, bytes.data(), bytes.size());
    return at;
  }

  // Null for null, and for an offload that leaves nothing to the receiver.
  const Offload* Copy(const Offload* offload) {
    if (offload == nullptr || *offload == Offload{}) return nullptr;
    return new (Allocate(sizeof(Offload))) Offload(*offload);
  }

  // What was handed out is void.
  void Reset() {
    if (blocks_.size() > 1) {
      std::erase_if(blocks_, [](const Block& block) { return block.size > kBlockBytes; });
      if (blocks_.size() > kKeptBlocks) blocks_.resize(kKeptBlocks);
    }
    block_ = 0;
    used_ = 0;
  }

 private:
  struct Block {
    std::unique_ptr<std::uint8_t[]> bytes;
    std::size_t size;
  };

  void NextBlock() {
    ++block_;
    used_ = 0;
  }

  std::vector<Block> blocks_;
  std::size_t block_ = 0;
  std::size_t used_ = 0;
};

static_assert(alignof(Offload) <= 8);

}  // namespace nicreplay
