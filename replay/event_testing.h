// SPDX-License-Identifier: MIT
// For tests: comparing events by content, and examples of every kind.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "replay/event.h"

namespace nicreplay::testing {

// An all-zero offload means the same as none.
inline Offload OffloadOf(const Offload* offload) { return offload ? *offload : Offload{}; }

inline bool SameBytes(Bytes a, Bytes b) { return std::ranges::equal(a, b); }

inline bool Same(const Effect& a, const Effect& b) {
  return a.kind == b.kind && a.address == b.address && a.detail == b.detail &&
         a.result == b.result && SameBytes(a.bytes(), b.bytes()) &&
         OffloadOf(a.offload) == OffloadOf(b.offload);
}

inline bool Same(const Stimulus& a, const Stimulus& b) {
  return a.kind == b.kind && a.time == b.time && a.value == b.value && a.offset == b.offset &&
         a.bar == b.bar && a.size == b.size && a.detail == b.detail && a.result == b.result &&
         SameBytes(a.bytes(), b.bytes()) && OffloadOf(a.offload) == OffloadOf(b.offload);
}

inline bool Same(const EventBatch& a, const EventBatch& b) {
  if (a.first_index != b.first_index || a.stimuli.size() != b.stimuli.size()) return false;
  for (std::size_t i = 0; i < a.stimuli.size(); ++i) {
    if (!Same(a.stimuli[i], b.stimuli[i])) return false;
    if (!std::ranges::equal(a.EffectsOf(a.stimuli[i]), b.EffectsOf(b.stimuli[i]),
                            [](const Effect& x, const Effect& y) { return Same(x, y); })) {
      return false;
    }
  }
  return true;
}

// Bytes that stay where they are for the life of the program.
inline const std::vector<std::uint8_t>& Payload() {
  static const std::vector<std::uint8_t> bytes = [] {
    std::vector<std::uint8_t> all(70'000);
    std::uint64_t state = 88172645463325252u;  // xorshift64
    for (std::uint8_t& byte : all) {
      state ^= state << 13;
      state ^= state >> 7;
      state ^= state << 17;
      byte = static_cast<std::uint8_t>(state);
    }
    return all;
  }();
  return bytes;
}

inline constexpr std::uint32_t kSuperFrame = 9000;  // bytes of the frame with an offload header
inline const Offload kTsoOffload = {.flags = Offload::kNeedsChecksum,
                                    .gso_type = Offload::kGsoTcp4,
                                    .header_length = 54,
                                    .gso_size = 1448,
                                    .checksum_start = 34,
                                    .checksum_offset = 16};

inline std::vector<Effect> EveryEffect() {
  const std::uint8_t* const bytes = Payload().data();
  return {
      {.address = 0x1000, .data = bytes, .data_size = 16, .kind = EffectKind::kDmaRead},
      {.address = ~std::uint64_t{0},
       .data = bytes + 3,
       .data_size = 1,
       .kind = EffectKind::kDmaWrite},
      {.address = 7, .kind = EffectKind::kDmaRead},
      {.data = bytes, .data_size = 60, .kind = EffectKind::kTransmit},
      {.data = bytes,
       .offload = &kTsoOffload,
       .data_size = kSuperFrame,
       .kind = EffectKind::kTransmit},
      {.data = bytes + 9,
       .offload = &kTsoOffload,
       .data_size = 1514,
       .kind = EffectKind::kDelivery,
       .result = ReceiveResult::kKeep},
      {.data = bytes + 5, .data_size = 61, .kind = EffectKind::kDelivery},
      {.kind = EffectKind::kInterrupt, .detail = 1},
      {.kind = EffectKind::kInterrupt},
      {.kind = EffectKind::kReady, .detail = 1},
      {.address = 123'456'789, .kind = EffectKind::kTimerArmed, .detail = 3},
      {.kind = EffectKind::kTimerCancelled, .detail = 255},
  };
}

inline std::vector<Stimulus> EveryStimulus() {
  const std::uint8_t* const bytes = Payload().data();
  return {
      {.value = 0x12345678, .offset = 0x3818, .kind = StimulusKind::kRead, .size = 4},
      {.value = ~std::uint64_t{0},
       .offset = ~0u,
       .kind = StimulusKind::kWrite,
       .bar = 5,
       .size = 8},
      {.value = 0x8086, .offset = 255, .kind = StimulusKind::kConfigRead, .size = 1},
      {.value = 0x107, .offset = 4, .kind = StimulusKind::kConfigWrite, .size = 2},
      {.value = 0xfee0'0000'0000, .data = bytes, .data_size = 4096, .kind = StimulusKind::kMemory},
      {.data = bytes + 1, .data_size = 1514, .kind = StimulusKind::kFrame},
      {.data = bytes,
       .data_size = 64,
       .offload = &kTsoOffload,
       .kind = StimulusKind::kFrame,
       .detail = 1,
       .result = ReceiveResult::kDropped},
      {.kind = StimulusKind::kLink, .detail = 1},
      {.kind = StimulusKind::kLink},
      {.kind = StimulusKind::kTimer, .detail = 255},
      {.kind = StimulusKind::kReset},
      {.kind = StimulusKind::kWork},
      {.kind = StimulusKind::kPoll},
  };
}

// Every stimulus once without effects and once with every effect.
inline EventBatch EveryEvent(std::uint64_t first_index) {
  EventBatch batch{.first_index = first_index, .stimuli = {}, .effects = {}};
  Nanoseconds time = 1000;
  for (Stimulus stimulus : EveryStimulus()) {
    for (const bool with_effects : {false, true}) {
      stimulus.time = time += 10;
      stimulus.first_effect = static_cast<std::uint32_t>(batch.effects.size());
      const std::vector<Effect> effects = with_effects ? EveryEffect() : std::vector<Effect>{};
      stimulus.effect_count = static_cast<std::uint32_t>(effects.size());
      batch.stimuli.push_back(stimulus);
      batch.effects.insert(batch.effects.end(), effects.begin(), effects.end());
    }
  }
  return batch;
}

}  // namespace nicreplay::testing
