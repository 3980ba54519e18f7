// SPDX-License-Identifier: MIT
#include "replay/net_port.h"

namespace nicreplay {

void NetPort::Restart() {
  queue_.clear();
  link_ = LinkState::kUp;
  disabled_ = false;
  overflowed_ = 0;
}

void NetPort::Queue(Bytes frame, const Offload& offload) {
  if (queue_.size() >= kMaxQueued) {
    ++overflowed_;
    return;
  }
  queue_.push_back({{frame.begin(), frame.end()}, offload});
}

ReceiveResult NetPort::Deliver(Bytes frame, const Offload& offload) {
  if (link_ == LinkState::kDown) return ReceiveResult::kConsumed;
  if (disabled_) return ReceiveResult::kKeep;
  delivering_ = true;
  const Bytes pieces[] = {frame};
  const ReceiveResult result = device_->Receive(Frame{pieces, offload});
  delivering_ = false;
  if (result == ReceiveResult::kKeep) disabled_ = true;
  return result;
}

void NetPort::Offer(Bytes frame, const Offload& offload) {
  if (Blocked() || Deliver(frame, offload) == ReceiveResult::kKeep) {
    Queue(frame, offload);
    return;
  }
  Drain();
}

void NetPort::Drain() {
  while (!delivering_ && !queue_.empty()) {
    Queued next = std::move(queue_.front());
    queue_.pop_front();
    if (Deliver(next.bytes, next.offload) == ReceiveResult::kKeep) {
      queue_.push_front(std::move(next));
      return;
    }
  }
}

void NetPort::Flush() {
  disabled_ = false;
  Drain();
}

void NetPort::SetLink(LinkState state) {
  link_ = state;
  device_->SetLink(state);
}

}  // namespace nicreplay
