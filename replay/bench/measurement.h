// SPDX-License-Identifier: MIT
// What is measured, and with what.
//
// CPU time of this thread, the kernel's work for it included, plus what exits are said to cost:
// throughput is that of one busy core, whatever else the machine does.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "models/result.h"
#include "replay/bench/instructions.h"

namespace nicreplay::bench {

// What a run took and did.  Frames are wire frames, in both directions.
struct Measurement {
  double seconds = 0;  // exits included, at what they are said to cost
  std::uint64_t frames = 0;
  std::uint64_t bytes = 0;
  std::uint64_t exits = 0;  // trapped accesses and interrupts
  std::optional<std::uint64_t> instructions;
};

// CPU time and instructions between calls of Resume and Pause.
class Stopwatch {
 public:
  void Reset();
  void Resume();
  void Pause();
  // While it runs.
  std::chrono::nanoseconds elapsed() const;
  // While it does not.  Adds what `exits` cost.
  void Report(Measurement* measurement, std::uint64_t exit_cost) const;

 private:
  InstructionCounter counter_;
  std::chrono::nanoseconds cpu_{0};
  std::uint64_t instructions_ = 0;
};

// One row of a table, ready to run.
class Measurable {
 public:
  virtual ~Measurable() = default;
  // Runs for about `time`.  An error if it did not do all it should, and nothing else.
  virtual Result<Measurement> Run(std::chrono::nanoseconds time) = 0;
};

}  // namespace nicreplay::bench
