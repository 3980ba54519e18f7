// SPDX-License-Identifier: MIT
// Short driver scenarios for which every place is tried in which put-off work may run.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "replay/event.h"

namespace nicreplay {

// Operations as words:
//   REG=VALUE REG?   write (hexadecimal) or read of TDT, RDT, TDH, RDH, TCTL, RCTL, TDBAL, TDLEN,
//   ICR,
//                    ICS, IMS, IMC, ITR or STATUS, in small letters
//   cmd=VALUE        the PCI command register
//   frame reset up down
//   @N               N microseconds pass before the next operation
// A scenario begins with both rings set up (16 transmit descriptors with a frame each, 8 receive
// buffers), all causes enabled, pages shadowed where that is asked for, and nothing pending.  At
// 0x3000 lies a transmit ring with other frames.
struct Scenario {
  std::string_view name;
  std::string_view words;
};

std::span<const Scenario> Scenarios();

// A scenario's operations, with those that set it up.
struct ScenarioOperations {
  std::vector<Stimulus> set_up;
  std::vector<Stimulus> steps;
  std::vector<std::vector<std::uint8_t>> bytes;  // that they point at
};
ScenarioOperations OperationsOf(const Scenario& scenario);

}  // namespace nicreplay
