// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "replay/event.h"

namespace nicreplay {

// What a generator drives: one machine, or several in lockstep.  Operations are stimuli as
// Machine::Apply takes them.
class OperationSink {
 public:
  virtual ~OperationSink() = default;

  // Does the operation; bytes are needed during the call only.  Returns the value of a read, 0
  // otherwise.
  virtual std::uint64_t Do(const Stimulus& operation) = 0;
  // Whether no further operation matters.  Do is harmless afterwards.
  virtual bool Done() const = 0;
};

}  // namespace nicreplay
