// SPDX-License-Identifier: MIT
// The device's timers.
#pragma once

#include <array>
#include <string_view>

#include "models/device.h"

namespace nicreplay::e1000 {

inline constexpr TimerId kAutonegotiationTimer = 0;
inline constexpr TimerId kMitigationTimer = 1;
inline constexpr TimerId kFlushTimer = 2;
inline constexpr std::array<std::string_view, 3> kTimerNames = {"autoneg", "mitigation", "flush"};

inline constexpr Nanoseconds kMillisecond = 1'000'000;

// Stock QEMU keeps these deadlines in whole milliseconds: `delay` counts from the last one that
// passed.
inline Nanoseconds MillisecondDeadline(Nanoseconds now, std::uint64_t delay) {
  return (now / kMillisecond + delay) * kMillisecond;
}

}  // namespace nicreplay::e1000
