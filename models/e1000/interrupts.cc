// SPDX-License-Identifier: MIT
#include "models/e1000/interrupts.h"

#include <algorithm>

#include "models/e1000/timers.h"

namespace nicreplay::e1000 {
namespace {

constexpr Nanoseconds kUnit = 256;              // of ITR
constexpr std::uint32_t kUnitsPerDelay = 4;     // RADV and TADV count 1024 ns
constexpr std::uint32_t kShortestWindow = 500;  // 13.4.18: at most 7813 interrupts a second

// The least of the delays that are set; 0: none is.
std::uint32_t Shorter(std::uint32_t window, std::uint32_t delay) {
  if (delay == 0) return window;
  return window == 0 ? delay : std::min(window, delay);
}

}  // namespace

void Interrupts::SetCauses(std::uint32_t causes) {
  registers_[kICR] = causes;
  // ICS reads as ICR does, without clearing; drivers rely on it (13.4.19 calls it write-only).
  registers_[kICS] = causes;

  const std::uint32_t pending = causes & registers_[kIMS];
  const bool rises = !line_high_ && pending != 0;
  if (rises && window_open_) return;
  if (rises && mitigation_ == Feature::kOn) OpenWindow(pending);
  line_high_ = pending != 0;
  pci_.SetInterrupt(line_high_ ? LineLevel::kHigh : LineLevel::kLow, line_);
}

void Interrupts::OpenWindow(std::uint32_t pending) {
  std::uint32_t window = registers_[kITR];
  if (transmit_delay_asked_ && (pending & (cause::kTXQE | cause::kTXDW)) != 0) {
    window = Shorter(window, registers_[kTADV] * kUnitsPerDelay);
  }
  if (registers_[kRDTR] != 0 && (pending & cause::kRXT0) != 0) {
    window = Shorter(window, registers_[kRADV] * kUnitsPerDelay);
  }
  window = std::max(window, kShortestWindow);
  window_open_ = true;
  transmit_delay_asked_ = false;
  host_.ArmTimer(kMitigationTimer, host_.Now() + window * kUnit);
}

void Interrupts::OnTimer() {
  window_open_ = false;
  SetCauses(registers_[kICR]);
}

void Interrupts::Reset() {
  host_.CancelTimer(kMitigationTimer);
  window_open_ = false;
  line_high_ = false;
  transmit_delay_asked_ = false;
}

}  // namespace nicreplay::e1000
