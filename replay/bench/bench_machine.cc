// SPDX-License-Identifier: MIT
#include "replay/bench/bench_machine.h"

namespace nicreplay::bench {

void BenchMachine::Count(const Frame& frame) {
  const std::size_t size = frame.size();
  std::size_t frames = 1;
  const Offload& offload = frame.offload;
  if (offload.gso_type != Offload::kGsoNone && offload.gso_size != 0 &&
      size > offload.header_length) {
    const std::size_t payload = size - offload.header_length;
    frames = (payload + offload.gso_size - 1) / offload.gso_size;
  }
  frames_sent_ += frames;
  bytes_sent_ += size + (frames - 1) * offload.header_length;
}

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
  for (const Frame& frame : frames) {
    Count(frame);
    if (inspector_) inspector_(frame);
  }
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
