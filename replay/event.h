// SPDX-License-Identifier: MIT
// The event vocabulary of trace.capnp in memory: flat, trivially copyable, pointing at bytes that
// somebody else owns.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "models/device.h"

namespace nicreplay {

enum class StimulusKind : std::uint8_t {
  kRead,         // bar, offset, size, value: what the device answered
  kWrite,        // bar, offset, size, value
  kConfigRead,   // offset, size, value
  kConfigWrite,  // offset, size, value
  kMemory,       // value: guest address; bytes
  kFrame,        // bytes, offload, result, detail: 1 if the next kFrame arrives together with it
  kLink,         // detail: 1 up, 0 down
  kTimer,        // detail: TimerId
  kReset,
  kWork,
  kPoll,
};
inline constexpr std::size_t kStimulusKinds = 11;

struct Stimulus {
  Nanoseconds time = 0;
  std::uint64_t value = 0;
  const std::uint8_t* data = nullptr;
  std::uint32_t data_size = 0;
  std::uint32_t offset = 0;
  const Offload* offload = nullptr;  // null: an ordinary wire frame
  std::uint32_t first_effect = 0;    // into the effects of the batch
  std::uint32_t effect_count = 0;
  StimulusKind kind = StimulusKind::kRead;
  std::uint8_t bar = 0;
  std::uint8_t size = 0;
  std::uint8_t detail = 0;
  ReceiveResult result = ReceiveResult::kConsumed;

  Bytes bytes() const { return {data, data_size}; }
  Access access() const { return {bar, size, offset}; }
};

enum class EffectKind : std::uint8_t {
  kDmaRead,         // address, bytes
  kDmaWrite,        // address, bytes
  kTransmit,        // bytes, offload
  kDelivery,        // bytes, offload, result: a queued frame was delivered; its effects follow
  kInterrupt,       // detail: level at the end of the stimulus, where it changed
  kReady,           // detail: readiness to receive at the end of the stimulus, where it changed
  kTimerArmed,      // detail: TimerId, address: deadline in ns
  kTimerCancelled,  // detail: TimerId
};
inline constexpr std::size_t kEffectKinds = 8;

struct Effect {
  std::uint64_t address = 0;
  const std::uint8_t* data = nullptr;
  const Offload* offload = nullptr;
  std::uint32_t data_size = 0;
  EffectKind kind = EffectKind::kDmaRead;
  std::uint8_t detail = 0;
  ReceiveResult result = ReceiveResult::kConsumed;

  Bytes bytes() const { return {data, data_size}; }
};

// A run of stimuli with their effects.
struct EventBatch {
  std::uint64_t first_index = 0;
  std::vector<Stimulus> stimuli;
  std::vector<Effect> effects;

  std::span<const Effect> EffectsOf(const Stimulus& stimulus) const {
    return {effects.data() + stimulus.first_effect, stimulus.effect_count};
  }
};

struct TraceHeader {
  std::uint32_t version = 0;
  std::string model;
  std::string options;
  std::string recorder;
  std::string environment;

  bool operator==(const TraceHeader&) const = default;
};

struct Digest {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  bool operator==(const Digest&) const = default;
};

// Frames in are those delivered and not kept for later (a kept frame is delivered again).
struct TraceTotals {
  std::uint64_t stimuli = 0;
  std::uint64_t effects = 0;
  std::uint64_t frames_in = 0;
  std::uint64_t frames_out = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  void Add(const Stimulus& stimulus, std::span<const Effect> stimulus_effects) {
    AddStimulus(stimulus);
    for (const Effect& effect : stimulus_effects) AddEffect(effect);
  }
  void AddStimulus(const Stimulus& stimulus) {
    ++stimuli;
    if (stimulus.kind == StimulusKind::kFrame) AddDelivery(stimulus.data_size, stimulus.result);
  }
  void AddEffect(const Effect& effect) {
    ++effects;
    if (effect.kind == EffectKind::kTransmit) {
      ++frames_out;
      bytes_out += effect.data_size;
    } else if (effect.kind == EffectKind::kDelivery) {
      AddDelivery(effect.data_size, effect.result);
    }
  }

  // Those of `times` stimuli that are alike.
  void Add(const TraceTotals& one, std::uint64_t times) {
    stimuli += one.stimuli * times;
    effects += one.effects * times;
    frames_in += one.frames_in * times;
    frames_out += one.frames_out * times;
    bytes_in += one.bytes_in * times;
    bytes_out += one.bytes_out * times;
  }

  bool operator==(const TraceTotals&) const = default;

 private:
  void AddDelivery(std::uint32_t size, ReceiveResult result) {
    if (result == ReceiveResult::kKeep) return;
    ++frames_in;
    bytes_in += size;
  }
};

// Where one chunk of events lies in a trace file.
struct ChunkEntry {
  std::uint64_t offset = 0;  // of the zstd frame
  std::uint64_t first_index = 0;
  std::uint32_t stimuli = 0;
  bool operator==(const ChunkEntry&) const = default;
};

struct TraceFooter {
  TraceTotals totals;
  Digest digest;
  std::vector<ChunkEntry> chunks;  // those of events, in order
  bool operator==(const TraceFooter&) const = default;
};

}  // namespace nicreplay
