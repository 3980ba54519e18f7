// SPDX-License-Identifier: MIT
// What was put off, and by when it has to be done.
#pragma once

#include <algorithm>
#include <array>

#include "models/device.h"

namespace nicreplay::e1000 {

enum class PutOff : std::uint8_t { kDoorbells, kTransmit, kLine };

// Keeps the host's request at the earliest deadline.
class PendingWork {
 public:
  explicit PendingWork(Host& host) : host_(host) { deadlines_.fill(kNone); }

  Host& host() { return host_; }
  bool any() const { return earliest_ != kNone; }
  bool has(PutOff what) const { return deadlines_[Index(what)] != kNone; }

  // More of the same kind waits no longer than the first.
  void Add(PutOff what, Nanoseconds deadline) {
    Nanoseconds& held = deadlines_[Index(what)];
    held = std::min(held, deadline);
    Update();
  }
  void Remove(PutOff what) {
    deadlines_[Index(what)] = kNone;
    Update();
  }
  // As after creation; the host forgets by itself.
  void Forget() {
    deadlines_.fill(kNone);
    earliest_ = kNone;
  }

 private:
  static constexpr Nanoseconds kNone = ~Nanoseconds{0};
  static constexpr std::size_t Index(PutOff what) { return static_cast<std::size_t>(what); }

  void Update() {
    const Nanoseconds earliest = *std::min_element(deadlines_.begin(), deadlines_.end());
    if (earliest == earliest_) return;
    // A request that is too early does not go away by a later one.
    if (earliest_ != kNone) host_.CancelWork();
    if (earliest != kNone) host_.RequestWork(earliest);
    earliest_ = earliest;
  }

  Host& host_;
  std::array<Nanoseconds, 3> deadlines_;
  Nanoseconds earliest_ = kNone;
};

}  // namespace nicreplay::e1000
