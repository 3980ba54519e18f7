// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <vector>

#include "replay/backends/backend.h"

namespace nicreplay {

// Takes everything and keeps nothing; gives what it is fed, without a copy: what a device costs
// without a network.
class NullBackend final : public Backend {
 public:
  OffloadSet offloads() const override { return kOffloadAll; }

  // The frames to give, over and over, `times` in all.  Their bytes stay the caller's.
  void Feed(std::vector<Frame> frames, std::uint64_t times) {
    feed_ = std::move(frames);
    next_ = 0;
    left_ = feed_.empty() ? 0 : times;
  }

  Result<std::span<const Frame>> Receive(std::size_t most) override {
    const std::size_t count = static_cast<std::size_t>(
        std::min<std::uint64_t>({most, feed_.size() - next_, left_}));
    const std::span<const Frame> given = std::span(feed_).subspan(next_, count);
    left_ -= count;
    next_ += count;
    if (next_ == feed_.size()) next_ = 0;
    return given;
  }

 protected:
  Result<SendResult> SendWhole(const Frame&) override { return SendResult::kSent; }

 private:
  std::vector<Frame> feed_;
  std::size_t next_ = 0;
  std::uint64_t left_ = 0;
};

}  // namespace nicreplay
