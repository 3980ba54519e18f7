// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "replay/unique_fd.h"

namespace nicreplay::bench {

// Instructions that this thread executed in user mode, where the machine can count them
// (perf_event_open; virtual machines often cannot).
class InstructionCounter {
 public:
  InstructionCounter();
  bool available() const { return fd_.valid(); }
  std::optional<std::uint64_t> Read() const;

 private:
  UniqueFd fd_;
};

}  // namespace nicreplay::bench
