// SPDX-License-Identifier: MIT
#include "replay/bench/measurement.h"

#include <ctime>

namespace nicreplay::bench {

namespace {

std::chrono::nanoseconds ThreadTime() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

void Stopwatch::Reset() {
  cpu_ = std::chrono::nanoseconds{0};
  instructions_ = 0;
}

void Stopwatch::Resume() {
  instructions_ -= counter_.Read().value_or(0);
  cpu_ -= ThreadTime();
}

void Stopwatch::Pause() {
  cpu_ += ThreadTime();
  instructions_ += counter_.Read().value_or(0);
}

std::chrono::nanoseconds Stopwatch::elapsed() const { return cpu_ + ThreadTime(); }

void Stopwatch::Report(Measurement* measurement, std::uint64_t exit_cost) const {
  measurement->seconds = static_cast<double>(cpu_.count()) * 1e-9 +
                         static_cast<double>(measurement->exits * exit_cost) * 1e-9;
  if (counter_.available()) measurement->instructions = instructions_;
}

}  // namespace nicreplay::bench
