// SPDX-License-Identifier: MIT
// For tests: lists of effects written down as a device would cause them, and names for memory.
#pragma once

#include <fmt/format.h>

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "models/plain_describer.h"
#include "replay/event.h"
#include "replay/program.h"

namespace nicreplay::testing {

using ByteList = std::vector<std::uint8_t>;

// Owns the bytes of its effects.
class EffectList {
 public:
  EffectList() = default;
  EffectList(EffectList&&) = default;

  EffectList& Write(GuestAddress address, ByteList bytes) {
    return Add({.address = address, .kind = EffectKind::kDmaWrite}, std::move(bytes));
  }
  EffectList& Read(GuestAddress address, ByteList bytes) {
    return Add({.address = address, .kind = EffectKind::kDmaRead}, std::move(bytes));
  }
  EffectList& Transmit(ByteList bytes, const Offload* offload = nullptr) {
    return Add({.offload = offload, .kind = EffectKind::kTransmit}, std::move(bytes));
  }
  EffectList& Delivery(ByteList bytes, ReceiveResult result) {
    return Add({.kind = EffectKind::kDelivery, .result = result}, std::move(bytes));
  }
  EffectList& Interrupt(std::uint8_t level) {
    return Add({.kind = EffectKind::kInterrupt, .detail = level}, {});
  }
  EffectList& Ready(std::uint8_t level) {
    return Add({.kind = EffectKind::kReady, .detail = level}, {});
  }
  EffectList& Armed(TimerId id, Nanoseconds deadline) {
    return Add({.address = deadline, .kind = EffectKind::kTimerArmed, .detail = id}, {});
  }
  EffectList& Cancelled(TimerId id) {
    return Add({.kind = EffectKind::kTimerCancelled, .detail = id}, {});
  }

  operator std::span<const Effect>() const { return effects_; }

 private:
  EffectList& Add(Effect effect, ByteList bytes) {
    bytes_.push_back(std::move(bytes));
    effect.data = bytes_.back().data();
    effect.data_size = static_cast<std::uint32_t>(bytes_.back().size());
    effects_.push_back(effect);
    return *this;
  }

  std::vector<Effect> effects_;
  std::deque<ByteList> bytes_;
};

// A trace written down stimulus by stimulus.
class TestTrace {
 public:
  // The effects of the stimulus are to be added to what this returns.
  EffectList& On(const Stimulus& stimulus) {
    events_.emplace_back().stimulus = stimulus;
    return events_.back().effects;
  }

  // All of it, pointing at what this owns.
  EventBatch Batch() const {
    EventBatch batch;
    for (const Event& event : events_) {
      const std::span<const Effect> effects = event.effects;
      Stimulus& stimulus = batch.stimuli.emplace_back(event.stimulus);
      stimulus.first_effect = static_cast<std::uint32_t>(batch.effects.size());
      stimulus.effect_count = static_cast<std::uint32_t>(effects.size());
      batch.effects.insert(batch.effects.end(), effects.begin(), effects.end());
    }
    return batch;
  }

  Result<Program> Build() const {
    ProgramBuilder builder(TraceHeader{});
    if (auto added = builder.Add(Batch(), nullptr); !added) {
      return tl::make_unexpected(added.error());
    }
    return builder.Finish();
  }

 private:
  struct Event {
    Stimulus stimulus;
    EffectList effects;
  };
  std::deque<Event> events_;
};

// 16 slots of 16 bytes from kSlots on; byte 12 of each is a completion marker.
class SlotDescriber : public PlainDescriber {
 public:
  static constexpr GuestAddress kSlots = 0x1000;

  std::string MemoryName(GuestAddress address) const override {
    if (address < kSlots || address >= kSlots + 256) return {};
    return fmt::format("slot {}, byte {}", (address - kSlots) / 16, address % 16);
  }
  bool IsCompletionMarker(GuestAddress address) const override {
    return !MemoryName(address).empty() && address % 16 == 12;
  }
};

}  // namespace nicreplay::testing
