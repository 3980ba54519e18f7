// SPDX-License-Identifier: MIT
// The stimuli that are a call of the device and nothing else: the same for every machine around it.
#pragma once

#include <cstdint>

#include "models/device.h"
#include "replay/event.h"

namespace nicreplay {

// Accesses, resets, work and polls.  Returns the value of a read, 0 otherwise; other kinds do
// nothing.
inline std::uint64_t ApplyToDevice(Device& device, const Stimulus& stimulus) {
  switch (stimulus.kind) {
    case StimulusKind::kRead:
      return device.Read(stimulus.access());
    case StimulusKind::kWrite:
      device.Write(stimulus.access(), stimulus.value);
      return 0;
    case StimulusKind::kConfigRead:
      return device.ConfigRead(static_cast<std::uint8_t>(stimulus.offset), stimulus.size);
    case StimulusKind::kConfigWrite:
      device.ConfigWrite(static_cast<std::uint8_t>(stimulus.offset), stimulus.size,
                         static_cast<std::uint32_t>(stimulus.value));
      return 0;
    case StimulusKind::kReset:
      device.Reset();
      return 0;
    case StimulusKind::kWork:
      device.Work();
      return 0;
    case StimulusKind::kPoll:
      device.Poll();
      return 0;
    case StimulusKind::kMemory:
    case StimulusKind::kFrame:
    case StimulusKind::kLink:
    case StimulusKind::kTimer:
      return 0;
  }
  return 0;
}

}  // namespace nicreplay
