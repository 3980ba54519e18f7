// SPDX-License-Identifier: MIT
// Where work that a device put off runs, and where a polling core polls: an input like any other,
// so that a race is a test case that can be repeated.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "models/device.h"
#include "models/result.h"

namespace nicreplay {

class Schedule {
 public:
  // What runs before a stimulus; both: work first.
  struct Turn {
    bool work = false;
    bool poll = false;
  };

  // A polling core that is not starved is back within this virtual time.
  static constexpr Nanoseconds kPollPeriod = 50'000;

  // "eager": both before every stimulus; "lazy": work at its deadline, polls once in kPollPeriod;
  // "every=N": both before every Nth stimulus; "seed=N": at random, also long pauses; "recorded":
  // only where the session says so.
  static Result<Schedule> Parse(std::string_view text);
  // Two bits a stimulus, from the bytes of a fuzzer; nothing after their end.
  static Schedule FromBytes(Bytes bytes);

  // To be asked once a stimulus.
  Turn Next(Nanoseconds now);

  const std::string& text() const { return text_; }

 private:
  enum class Kind : std::uint8_t { kEager, kLazy, kEvery, kSeeded, kBytes, kRecorded };

  Turn Draw();

  Kind kind_ = Kind::kRecorded;
  std::string text_ = "recorded";
  std::uint64_t number_ = 1;  // of every=N
  std::uint64_t count_ = 0;
  std::uint64_t state_ = 0;      // of the random numbers
  std::uint64_t mood_left_ = 0;  // stimuli until the frequency changes
  unsigned work_one_in_ = 1;     // how often, at random; 0: never
  unsigned poll_one_in_ = 1;
  Nanoseconds last_poll_ = 0;
  std::vector<std::uint8_t> bytes_;
};

}  // namespace nicreplay
