// SPDX-License-Identifier: MIT
#include "replay/net_port.h"

#include <algorithm>

namespace nicreplay {

void NetPort::Restart() {
  queue_.clear();
  queued_ = 0;
  burst_.clear();
  gathered_ = 0;
  segmenter_.Forget();
  link_ = LinkState::kUp;
  disabled_ = false;
  overflowed_ = 0;
}

void NetPort::Queue(Queued frame) {
  if (queued_ + frame.wire_frames > kMaxQueued) {
    overflowed_ += frame.wire_frames;
    return;
  }
  queued_ += frame.wire_frames;
  queue_.push_back(std::move(frame));
}

ReceiveResult NetPort::HandOver(const Frame& frame) {
  in_delivery_ = &frame;
  const ReceiveResult result = device_->Receive(frame);
  in_delivery_ = nullptr;
  return result;
}

// Fills results_; returns how many the device was handed.
std::size_t NetPort::HandOver(std::span<const Frame> frames) {
  if (!one_by_one_) return device_->ReceiveBurst(frames, results_);
  std::size_t done = 0;
  while (done < frames.size()) {
    results_[done] = HandOver(frames[done]);
    if (results_[done++] == ReceiveResult::kKeep) break;
  }
  return done;
}

ReceiveResult NetPort::Deliver(Bytes frame, const Offload& offload) {
  if (link_ == LinkState::kDown) return ReceiveResult::kConsumed;
  if (disabled_) return ReceiveResult::kKeep;
  delivering_ = true;
  const Bytes pieces[] = {frame};
  const ReceiveResult result = HandOver(Frame{pieces, offload});
  delivering_ = false;
  if (result == ReceiveResult::kKeep) disabled_ = true;
  return result;
}

void NetPort::Offer(Bytes frame, const Offload& offload) {
  if (offload != Offload{}) {
    Gather(frame, offload);
    OfferBurst();
    return;
  }
  if (Blocked() || Deliver(frame, offload) == ReceiveResult::kKeep) {
    Queue({{frame.begin(), frame.end()}, offload});
    return;
  }
  Drain();
}

void NetPort::Gather(Bytes frame, const Offload& offload) {
  if (gathered_ >= kMaxGathered) OfferBurst();
  const Bytes pieces[] = {frame};
  if (segmenter_.Parse({pieces, offload}) != OffloadFault::kNone) return;
  gathered_ += segmenter_.count();
  if ((OffloadsNeeded(offload) & ~device_->ReceiveOffloads()) == 0) {
    burst_.push_back({{frame.begin(), frame.end()}, offload, segmenter_.count()});
    return;
  }
  for (std::size_t i = 0; i < segmenter_.count(); ++i) {
    Queued& cut = burst_.emplace_back();
    cut.bytes.reserve(segmenter_.SizeOf(i));
    for (const Bytes& piece : segmenter_.Get(i)) {
      cut.bytes.insert(cut.bytes.end(), piece.begin(), piece.end());
    }
  }
}

// Returns how many of the burst the device is done with.
std::size_t NetPort::DeliverBurst(std::span<const Frame> frames) {
  if (Blocked()) return 0;
  if (link_ == LinkState::kDown) return frames.size();
  results_.assign(frames.size(), ReceiveResult::kDropped);
  delivering_ = true;
  std::size_t done = std::min(HandOver(frames), frames.size());
  delivering_ = false;
  if (done > 0 && results_[done - 1] == ReceiveResult::kKeep) {
    disabled_ = true;
    --done;
  }
  return done;
}

void NetPort::OfferBurst() {
  if (burst_.empty()) return;
  std::vector<Bytes> pieces;
  std::vector<Frame> frames;
  pieces.reserve(burst_.size());
  frames.reserve(burst_.size());
  for (const Queued& frame : burst_) {
    pieces.emplace_back(frame.bytes);
    frames.push_back({{&pieces.back(), 1}, frame.offload});
  }
  const std::size_t done = DeliverBurst(frames);
  const bool all = done == burst_.size();
  for (std::size_t i = done; i < burst_.size(); ++i) Queue(std::move(burst_[i]));
  burst_.clear();
  gathered_ = 0;
  if (all) Drain();
}

void NetPort::OfferBurst(std::span<const Frame> frames) {
  const std::size_t done = DeliverBurst(frames);
  for (const Frame& frame : frames.subspan(done)) {
    if (segmenter_.Parse(frame) != OffloadFault::kNone) continue;
    Queued waiting{{}, frame.offload, segmenter_.count()};
    waiting.bytes.reserve(frame.size());
    for (const Bytes& piece : frame.pieces) {
      waiting.bytes.insert(waiting.bytes.end(), piece.begin(), piece.end());
    }
    Queue(std::move(waiting));
  }
  if (done == frames.size()) Drain();
}

void NetPort::Drain() {
  while (!delivering_ && !queue_.empty()) {
    Queued next = std::move(queue_.front());
    queue_.pop_front();
    queued_ -= next.wire_frames;
    if (Deliver(next.bytes, next.offload) == ReceiveResult::kKeep) {
      queued_ += next.wire_frames;
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
