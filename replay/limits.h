// SPDX-License-Identifier: MIT
// Limits of traces, the same for what is recorded, written and read.
#pragma once

#include <cstddef>

#include "models/result.h"
#include "replay/event.h"

namespace nicreplay {

inline constexpr std::size_t kMaxFrameBytes = 256u << 10;
inline constexpr std::size_t kMaxMemoryBytes = 16u << 20;  // of one memory stimulus or DMA
inline constexpr std::size_t kMaxTextBytes = 64u << 10;
// Of one message, decompressed; and of what its events carry, where bytes are said once for many.
inline constexpr std::size_t kMaxChunkBytes = 64u << 20;
inline constexpr std::size_t kMaxChunkStimuli = 1u << 20;
inline constexpr std::size_t kMaxChunkEffects = 1u << 21;

// Why a stimulus or effect does not fit a trace; text null: it does.
struct Fault {
  ErrorCode code = ErrorCode::kCorrupt;
  const char* text = nullptr;
};
inline Fault FaultOf(const Stimulus& stimulus) {
  const bool power_of_two = stimulus.size == 1 || stimulus.size == 2 || stimulus.size == 4;
  switch (stimulus.kind) {
    case StimulusKind::kRead:
    case StimulusKind::kWrite:
      if (stimulus.bar >= 6) return {ErrorCode::kCorrupt, "an access to a BAR above 5"};
      if (power_of_two || stimulus.size == 8) return {};
      return {ErrorCode::kCorrupt, "an access of a size other than 1, 2, 4 and 8"};
    case StimulusKind::kConfigRead:
    case StimulusKind::kConfigWrite:
      if (stimulus.offset > 255) return {ErrorCode::kCorrupt, "a configuration offset above 255"};
      if (power_of_two) return {};
      return {ErrorCode::kCorrupt, "a configuration access of a size other than 1, 2 and 4"};
    case StimulusKind::kMemory:
      if (stimulus.data_size <= kMaxMemoryBytes) return {};
      return {ErrorCode::kTooLarge, "a write of more than 16 MiB of memory"};
    case StimulusKind::kFrame:
      if (stimulus.data_size > kMaxFrameBytes)
        return {ErrorCode::kTooLarge, "a frame over 256 KiB"};
      if (stimulus.result <= ReceiveResult::kDropped) return {};
      return {ErrorCode::kCorrupt, "an unknown result of a delivery"};
    case StimulusKind::kLink:
      if (stimulus.detail <= 1) return {};
      return {ErrorCode::kCorrupt, "a link neither up nor down"};
    case StimulusKind::kTimer:
    case StimulusKind::kReset:
    case StimulusKind::kWork:
    case StimulusKind::kPoll:
      return {};
  }
  return {ErrorCode::kCorrupt, "a stimulus of an unknown kind"};
}

inline Fault FaultOf(const Effect& effect) {
  switch (effect.kind) {
    case EffectKind::kDmaRead:
    case EffectKind::kDmaWrite:
      if (effect.data_size <= kMaxMemoryBytes) return {};
      return {ErrorCode::kTooLarge, "a DMA of more than 16 MiB"};
    case EffectKind::kDelivery:
      if (effect.result > ReceiveResult::kDropped) {
        return {ErrorCode::kCorrupt, "an unknown result of a delivery"};
      }
      [[fallthrough]];
    case EffectKind::kTransmit:
      if (effect.data_size <= kMaxFrameBytes) return {};
      return {ErrorCode::kTooLarge, "a frame over 256 KiB"};
    case EffectKind::kInterrupt:
    case EffectKind::kReady:
      if (effect.detail <= 1) return {};
      return {ErrorCode::kCorrupt, "a level neither high nor low"};
    case EffectKind::kTimerArmed:
    case EffectKind::kTimerCancelled:
      return {};
  }
  return {ErrorCode::kCorrupt, "an effect of an unknown kind"};
}

}  // namespace nicreplay
