// SPDX-License-Identifier: MIT
#include "replay/bench/bench_machine.h"

#include <algorithm>

namespace nicreplay::bench {

void BenchMachine::Transmit(const Frame& frame) {
  Count(frame);
  if (inspector_) inspector_(frame);
  if (error_) return;
  auto sent = backend_.Send(frame);
  while (sent && *sent == SendResult::kFull) {
    if (auto drained = drain_(); !drained) {
      error_ = std::move(drained.error());
      return;
    }
    sent = backend_.Send(frame);
  }
  if (!sent) error_ = std::move(sent.error());
}

void BenchMachine::TransmitBurst(std::span<const Frame> frames) {
  for (const Frame& frame : frames) Count(frame);
  if (inspector_) std::ranges::for_each(frames, inspector_);
  while (!error_ && !frames.empty()) {
    auto sent = backend_.SendBurst(frames);
    if (!sent) {
      error_ = std::move(sent.error());
      return;
    }
    frames = frames.subspan(*sent);
    if (frames.empty()) return;
    if (auto drained = drain_(); !drained) error_ = std::move(drained.error());
  }
}

}  // namespace nicreplay::bench
