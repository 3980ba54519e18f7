// SPDX-License-Identifier: MIT
#include "fuzz/capturing_machine.h"

#include <gtest/gtest.h>

namespace nicreplay {
namespace {

constexpr std::size_t kRamSize = 4096;
constexpr std::size_t kFrameSize = 60'000;
constexpr std::size_t kFrames = CapturingMachine::kMaxBytes / kFrameSize + 100;

// What a device did in one operation: more than is kept.
struct Much {
  std::size_t piece = kFrameSize;  // of frames
  bool writes_first = false;       // before the frame, or behind it
  std::size_t odd_frame = kFrames;
  std::size_t odd_write = kFrames;
};

void Do(const Much& much, CapturingMachine& machine) {
  std::vector<std::uint8_t> frame(kFrameSize, 7);
  for (std::size_t i = 0; i < kFrames; ++i) {
    const auto write = [&] {
      const auto value = static_cast<std::uint8_t>(i == much.odd_write ? 0xee : i);
      machine.DmaWrite(i % kRamSize, {&value, 1});
    };
    if (much.writes_first) write();
    frame[100] = static_cast<std::uint8_t>(i == much.odd_frame ? 0xee : i);
    std::vector<Bytes> pieces;
    for (std::size_t at = 0; at < frame.size(); at += much.piece) {
      pieces.push_back(Bytes(frame).subspan(at, std::min(much.piece, frame.size() - at)));
    }
    machine.Transmit({pieces, {}});
    if (!much.writes_first) write();
  }
}

bool SameOutcome(const Much& left, const Much& right) {
  CapturingMachine machines[] = {CapturingMachine(kRamSize), CapturingMachine(kRamSize)};
  Do(left, machines[0]);
  Do(right, machines[1]);
  EXPECT_FALSE(machines[0].complete() || machines[1].complete());
  EXPECT_EQ(machines[0].frames_sent(), kFrames);
  const bool same = machines[0].SameOutcome(machines[1]);
  EXPECT_EQ(same, machines[1].SameOutcome(machines[0]));
  return same;
}

// Session 324 of the optimized traffic: 57 thousand descriptors at once, and all was the same.
TEST(CapturingMachine, MoreThanIsKeptIsTheSameInAnyForm) {
  EXPECT_TRUE(SameOutcome({}, {}));
  EXPECT_TRUE(SameOutcome({}, {.piece = 1000}));
  EXPECT_TRUE(SameOutcome({}, {.writes_first = true}));
}

TEST(CapturingMachine, OfMoreThanIsKeptEachByteCounts) {
  for (const std::size_t odd : {std::size_t{3}, kFrames - 5}) {
    EXPECT_FALSE(SameOutcome({}, {.odd_frame = odd})) << odd;
  }
  EXPECT_FALSE(SameOutcome({}, {.odd_write = kFrames - 5}));
}

TEST(CapturingMachine, OneSideMayHaveBeenJustBelow) {
  CapturingMachine kept(kRamSize);
  CapturingMachine overflowed(kRamSize);
  const std::vector<std::uint8_t> frame(CapturingMachine::kMaxBytes - 10, 1);
  const Bytes piece = frame;
  kept.Transmit({{&piece, 1}, {}});
  const std::vector<std::uint8_t> zeros(100);
  overflowed.DmaWrite(0, zeros);
  overflowed.Transmit({{&piece, 1}, {}});
  EXPECT_TRUE(kept.complete());
  EXPECT_FALSE(overflowed.complete());
  EXPECT_TRUE(kept.SameOutcome(overflowed));
  overflowed.Transmit({{&piece, 1}, {}});
  EXPECT_FALSE(kept.SameOutcome(overflowed));
}

}  // namespace
}  // namespace nicreplay
