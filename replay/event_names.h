// SPDX-License-Identifier: MIT
// Names of events for reports and JSON.
#pragma once

#include <array>
#include <cstddef>

#include "replay/event.h"

namespace nicreplay {

inline const char* Name(StimulusKind kind) {
  static constexpr std::array<const char*, kStimulusKinds> kNames = {
      "read", "write", "config-read", "config-write", "memory", "frame",
      "link", "timer", "reset",       "work",         "poll"};
  return kNames.at(static_cast<std::size_t>(kind));
}

inline const char* Name(EffectKind kind) {
  static constexpr std::array<const char*, kEffectKinds> kNames = {
      "dma-read",  "dma-write", "transmit",    "delivery",
      "interrupt", "ready",     "timer-armed", "timer-cancelled"};
  return kNames.at(static_cast<std::size_t>(kind));
}

inline const char* Name(ReceiveResult result) {
  static constexpr std::array<const char*, 3> kNames = {"consumed", "kept", "dropped"};
  return kNames.at(static_cast<std::size_t>(result));
}

}  // namespace nicreplay
