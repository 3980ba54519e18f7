// SPDX-License-Identifier: MIT
#include "replay/bench/instructions.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace nicreplay::bench {

InstructionCounter::InstructionCounter() {
  perf_event_attr attributes{};
  attributes.type = PERF_TYPE_HARDWARE;
  attributes.size = sizeof attributes;
  attributes.config = PERF_COUNT_HW_INSTRUCTIONS;
  attributes.exclude_kernel = 1;
  attributes.exclude_hv = 1;
  fd_ = UniqueFd(
      static_cast<int>(syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC)));
}

std::optional<std::uint64_t> InstructionCounter::Read() const {
  std::uint64_t count = 0;
  if (!fd_.valid() || read(fd_.get(), &count, sizeof count) != sizeof count) return std::nullopt;
  return count;
}

}  // namespace nicreplay::bench
