// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "replay/backends/backend.h"

namespace nicreplay {

// Takes everything and keeps nothing; gives what it is fed, without a copy: what a device costs
// without a network.
class NullBackend final : public Backend {
 public:
  OffloadSet offloads() const override { return kOffloadAll; }

  // Frames to give, over and over, `count` in all.  They stay the caller's, and have to stay.
  void Feed(std::span<const Frame> frames, std::uint64_t count) {
    feed_ = frames;
    next_ = 0;
    left_ = feed_.empty() ? 0 : count;
  }

  Result<std::span<const Frame>> Receive(std::size_t most) override {
    const std::size_t count =
        static_cast<std::size_t>(std::min<std::uint64_t>({most, feed_.size() - next_, left_}));
    const std::span<const Frame> given = feed_.subspan(next_, count);
    left_ -= count;
    next_ += count;
    if (next_ == feed_.size()) next_ = 0;
    return given;
  }

 protected:
  Result<SendResult> SendWhole(const Frame&) override { return SendResult::kSent; }
  Result<std::size_t> SendWireFrames(std::span<const Frame> frames) override {
    return frames.size();
  }

 private:
  std::span<const Frame> feed_;
  std::size_t next_ = 0;
  std::uint64_t left_ = 0;
};

}  // namespace nicreplay
