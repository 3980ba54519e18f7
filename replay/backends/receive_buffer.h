// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "replay/backends/backend.h"

namespace nicreplay {

// Memory for the frames of one Backend::Receive, used over and over: frames lie one behind the
// other, so that small ones stay in the cache.
class ReceiveBuffer {
 public:
  static constexpr std::size_t kMaxFrames = 64;

  struct Arrived {
    std::size_t begin = 0;  // of the frame, in what was read
    std::size_t end = 0;
    Offload offload;
  };

  // Calls read(where to) until it returns nullopt, an error, or there are `most`.  An error after
  // frames is left for the next time.
  template <typename Read>
  Result<std::span<const Frame>> Fill(std::size_t most, Read read) {
    std::size_t count = 0;
    std::size_t used = 0;
    while (count < most && count < kMaxFrames && kSize - used >= kMaxRead) {
      Result<std::optional<Arrived>> arrived = read(MutableBytes(&memory_[used], kMaxRead));
      if (!arrived && count == 0) return tl::make_unexpected(std::move(arrived.error()));
      if (!arrived || !*arrived) break;
      const Arrived& one = **arrived;
      pieces_[count] = {&memory_[used + one.begin], one.end - one.begin};
      frames_[count] = {{&pieces_[count], 1}, one.offload};
      ++count;
      used += (one.end + kAlignment - 1) / kAlignment * kAlignment;
    }
    return std::span<const Frame>(frames_.data(), count);
  }

 private:
  static constexpr std::size_t kAlignment = 64;
  // A frame with a header before it.
  static constexpr std::size_t kMaxRead = (Backend::kMaxFrame + 64) / kAlignment * kAlignment;
  static constexpr std::size_t kSize = std::size_t{256} << 10;

  const std::unique_ptr<std::uint8_t[]> memory_{new std::uint8_t[kSize]};
  std::array<Bytes, kMaxFrames> pieces_;
  std::array<Frame, kMaxFrames> frames_;
};

}  // namespace nicreplay
