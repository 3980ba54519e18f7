// SPDX-License-Identifier: MIT
// doorbell: writes of TDT and RDT are queued with their values and made together, as KVM's
// coalesced MMIO delivers them.
//
// Why a driver cannot tell: they are made in their order, before anything else that it could see
// them by, and kDoorbellDeferral after the first at the latest.  That a receive buffer comes later
// is what a frame on its way sees on the 8254x, too.  None is left out, not even between others of
// the same register: where values go backwards, each of them means a lap of the ring.
#pragma once

#include <array>
#include <cstdint>

#include "models/e1000/deferral.h"
#include "models/e1000/opt/pending_work.h"
#include "models/e1000/registers.h"

namespace nicreplay::e1000 {

class DoorbellQueue {
 public:
  explicit DoorbellQueue(PendingWork& pending) : pending_(pending) {}

  bool full() const { return count_ == kCapacity; }

  // Not when full.
  void Add(std::uint32_t offset, std::uint32_t value) {
    values_[count_] = value;
    transmit_[count_++] = offset == kTDT;
    pending_.Add(PutOff::kDoorbells, pending_.host().Now() + kDoorbellDeferral);
  }

  // Calls write(offset, value) for each, in order.
  template <typename F>
  void Drain(F write) {
    if (count_ == 0) return;
    for (std::uint8_t i = 0; i < count_; ++i) write(transmit_[i] ? kTDT : kRDT, values_[i]);
    count_ = 0;
    pending_.Remove(PutOff::kDoorbells);
  }

  template <typename Self, typename Archive>
  static void Archived(Self& self, Archive& archive) {
    archive.Bounded(self.count_, kCapacity);
    for (auto& value : self.values_) archive.Number(value);
    for (auto& transmit : self.transmit_) archive.Flag(transmit);
  }
  void Resume() {
    if (count_ != 0) pending_.Add(PutOff::kDoorbells, pending_.host().Now() + kDoorbellDeferral);
  }

 private:
  static constexpr std::uint8_t kCapacity = kDoorbellsQueued;

  PendingWork& pending_;
  std::array<std::uint32_t, kCapacity> values_{};
  std::array<bool, kCapacity> transmit_{};
  std::uint8_t count_ = 0;
};

}  // namespace nicreplay::e1000
