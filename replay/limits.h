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
inline constexpr std::size_t kMaxChunkBytes = 64u << 20;  // of one message, decompressed
inline constexpr std::size_t kMaxChunkStimuli = 1u << 20;
inline constexpr std::size_t kMaxChunkEffects = 1u << 21;

// Why a stimulus or effect does not fit a trace; text null: it does.
struct Fault {
  ErrorCode code = ErrorCode::kCorrupt;
  const char* text = nullptr;
};
Fault FaultOf(const Stimulus& stimulus);
Fault FaultOf(const Effect& effect);

}  // namespace nicreplay
