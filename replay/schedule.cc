// SPDX-License-Identifier: MIT
#include "replay/schedule.h"

#include <charconv>

namespace nicreplay {

namespace {

// splitmix64: the same everywhere, for ever.
std::uint64_t NextRandom(std::uint64_t* state) {
  *state += 0x9e3779b97f4a7c15;
  std::uint64_t z = *state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

bool TakeNumber(std::string_view text, std::string_view key, std::uint64_t* number) {
  if (!text.starts_with(key)) return false;
  text.remove_prefix(key.size());
  const auto end = std::from_chars(text.data(), text.data() + text.size(), *number);
  return end.ec == std::errc() && end.ptr == text.data() + text.size();
}

}  // namespace

Result<Schedule> Schedule::Parse(std::string_view text) {
  Schedule schedule;
  schedule.text_ = text;
  if (text == "eager") {
    schedule.kind_ = Kind::kEager;
  } else if (text == "lazy") {
    schedule.kind_ = Kind::kLazy;
  } else if (text == "recorded") {
    schedule.kind_ = Kind::kRecorded;
  } else if (TakeNumber(text, "every=", &schedule.number_) && schedule.number_ > 0) {
    schedule.kind_ = Kind::kEvery;
  } else if (TakeNumber(text, "seed=", &schedule.state_)) {
    schedule.kind_ = Kind::kSeeded;
  } else {
    return Fail(ErrorCode::kUsage, "no schedule '" + std::string(text) +
                                       "'; there are eager, lazy, every=N, seed=N and recorded");
  }
  return schedule;
}

Schedule Schedule::FromBytes(Bytes bytes) {
  Schedule schedule;
  schedule.kind_ = Kind::kBytes;
  schedule.text_ = "bytes";
  schedule.bytes_.assign(bytes.begin(), bytes.end());
  return schedule;
}

// Stretches in which work and polls are frequent, rare or absent, independently.
Schedule::Turn Schedule::Draw() {
  static constexpr unsigned kFrequencies[] = {1, 2, 4, 16, 64, 0};
  if (mood_left_ == 0) {
    const std::uint64_t random = NextRandom(&state_);
    mood_left_ = 1 + random % 256;
    work_one_in_ = kFrequencies[(random >> 8) % 6];
    poll_one_in_ = kFrequencies[(random >> 16) % 6];
  }
  --mood_left_;
  const std::uint64_t random = NextRandom(&state_);
  Turn turn;
  turn.work = work_one_in_ != 0 && (random & 0xffffffff) % work_one_in_ == 0;
  turn.poll = poll_one_in_ != 0 && (random >> 32) % poll_one_in_ == 0;
  return turn;
}

Schedule::Turn Schedule::Next(Nanoseconds now) {
  const std::uint64_t index = count_++;
  switch (kind_) {
    case Kind::kEager:
      return {true, true};
    case Kind::kLazy:
      if (now - last_poll_ < kPollPeriod) return {};
      last_poll_ = now;
      return {false, true};
    case Kind::kEvery: {
      const bool now_due = index % number_ == number_ - 1;
      return {now_due, now_due};
    }
    case Kind::kSeeded:
      return Draw();
    case Kind::kBytes: {
      if (index / 4 >= bytes_.size()) return {};
      const unsigned bits = bytes_[index / 4] >> (2 * (index % 4));
      return {(bits & 1) != 0, (bits & 2) != 0};
    }
    case Kind::kRecorded:
      return {};
  }
  return {};
}

}  // namespace nicreplay
