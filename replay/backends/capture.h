// SPDX-License-Identifier: MIT
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <vector>

#include "replay/backends/backend.h"

namespace nicreplay {

// Keeps what is sent, up to a number of bytes; for tests.
class CaptureBackend final : public Backend {
 public:
  struct Captured {
    std::vector<std::uint8_t> bytes;
    Offload offload;
    bool operator==(const Captured&) const = default;
  };

  static constexpr std::size_t kDefaultLimit = std::size_t{64} << 20;

  explicit CaptureBackend(OffloadSet offloads = kOffloadAll, std::size_t limit = kDefaultLimit)
      : offloads_(offloads), left_(limit) {}

  OffloadSet offloads() const override { return offloads_; }
  Result<std::span<const Frame>> Receive(std::size_t) override { return std::span<const Frame>(); }

  const std::vector<Captured>& frames() const { return frames_; }

 protected:
  Result<SendResult> SendWhole(const Frame& frame) override {
    const std::size_t size = frame.size();
    if (size > left_) {
      return Fail(ErrorCode::kTooLarge,
                  fmt::format("more than fits a capture, after {} frames", frames_.size()));
    }
    left_ -= size;
    Captured& captured = frames_.emplace_back();
    captured.offload = frame.offload;
    captured.bytes.reserve(size);
    for (const Bytes& piece : frame.pieces) {
      captured.bytes.insert(captured.bytes.end(), piece.begin(), piece.end());
    }
    return SendResult::kSent;
  }

 private:
  const OffloadSet offloads_;
  std::size_t left_;
  std::vector<Captured> frames_;
};

}  // namespace nicreplay
