// SPDX-License-Identifier: MIT
// asynctx: a write of TDT only says how far the transmit ring may be worked; the work is done
// later, for all such writes at once, outside of the guest's exit.
//
// Why a driver cannot tell it from a slow engine: the 8254x itself reads descriptors when it gets
// to them.  Only memory (DD, and what is sent) and the interrupt line show the delay, for
// kTransmitDeferral at most; whoever looks at a register first waits until the work is done
// (deferring_device.h).  Of several writes the last one counts, as in the register itself.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "models/e1000/deferral.h"
#include "models/e1000/opt/pending_work.h"

namespace nicreplay::e1000 {

class HeldTail {
 public:
  explicit HeldTail(PendingWork& pending) : pending_(pending) {}

  void Hold(std::uint32_t value) {
    value_ = value;
    held_ = true;
    pending_.Add(PutOff::kTransmit, pending_.host().Now() + kTransmitDeferral);
  }

  // The value to write now, if one is held.
  std::optional<std::uint32_t> Release() {
    if (!std::exchange(held_, false)) return std::nullopt;
    pending_.Remove(PutOff::kTransmit);
    return value_;
  }

  template <typename Self, typename Archive>
  static void Archived(Self& self, Archive& archive) {
    archive.Number(self.value_);
    archive.Flag(self.held_);
  }
  void Resume() {
    if (held_) Hold(value_);
  }

 private:
  PendingWork& pending_;
  std::uint32_t value_ = 0;
  bool held_ = false;
};

}  // namespace nicreplay::e1000
