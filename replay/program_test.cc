// SPDX-License-Identifier: MIT
#include "replay/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "replay/effects_testing.h"

namespace nicreplay {
namespace {

using testing::ByteList;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::TestTrace;

constexpr Stimulus kWrite = {.kind = StimulusKind::kWrite, .size = 4};
constexpr GuestAddress kAt = 0x2000;

// "before step 2: 2000 = 01 02"
std::vector<std::string> Patches(const Program& program) {
  std::vector<std::string> all;
  std::size_t next = 0;
  for (std::size_t step = 0; step < program.steps.size(); ++step) {
    for (; next < program.steps[step].patch_end; ++next) {
      const MemoryPatch& patch = program.patches[next];
      std::string text = fmt::format("before step {}: {:x} =", step, patch.address);
      for (std::size_t i = 0; i < patch.size; ++i) text += fmt::format(" {:02x}", patch.data[i]);
      all.push_back(text);
    }
  }
  EXPECT_EQ(next, program.patches.size());
  return all;
}

TEST(ProgramTest, ReadsHoistToTheBeginningWhereNothingWasTouched) {
  TestTrace trace;
  trace.On(kWrite);
  trace.On(kWrite).Read(kAt, {1, 2}).Read(kAt + 100, {3});
  EXPECT_THAT(Patches(trace.Build().value()),
              ElementsAre("before step 0: 2000 = 01 02", "before step 0: 2064 = 03"));
}

TEST(ProgramTest, ChangesHoistToAfterTheLastTouch) {
  TestTrace trace;
  trace.On(kWrite);
  trace.On(kWrite).Read(kAt, {1, 2});
  trace.On(kWrite);
  trace.On(kWrite).Read(kAt, {1, 9});
  trace.On(kWrite).Write(kAt, {5, 5});
  trace.On(kWrite);
  trace.On(kWrite).Read(kAt, {6, 5});
  EXPECT_THAT(Patches(trace.Build().value()),
              ElementsAre("before step 0: 2000 = 01 02", "before step 2: 2000 = 01 09",
                          "before step 5: 2000 = 06 05"));
}

TEST(ProgramTest, ReadsOfTheSameBytesChangeNothing) {
  TestTrace trace;
  trace.On(kWrite).Read(kAt, {1, 2, 3}).Read(kAt, {1, 2, 3});
  trace.On(kWrite).Read(kAt + 1, {2}).Write(kAt + 8, {8});
  trace.On(kWrite).Read(kAt + 8, {8});
  trace.On({.value = kAt + 16, .data = ByteList{7}.data(), .kind = StimulusKind::kMemory});
  EXPECT_THAT(Patches(trace.Build().value()), ElementsAre("before step 0: 2000 = 01 02 03"));
}

TEST(ProgramTest, MemoryStimuliAreKnown) {
  const ByteList bytes = {7, 8};
  const Stimulus memory = {
      .value = kAt, .data = bytes.data(), .data_size = 2, .kind = StimulusKind::kMemory};
  TestTrace trace;
  trace.On(memory);
  trace.On(kWrite).Read(kAt, {7, 8});
  EXPECT_THAT(Patches(trace.Build().value()), IsEmpty());
  trace.On(kWrite);
  trace.On(memory);
  trace.On(kWrite).Read(kAt, {7, 9});
  EXPECT_THAT(Patches(trace.Build().value()), ElementsAre("before step 4: 2000 = 07 09"));
}

TEST(ProgramTest, NeighboursInAGranuleMayChangeWhileTheDeviceWorks) {
  TestTrace trace;
  trace.On(kWrite).Read(kAt, ByteList(16, 1));
  trace.On(kWrite).Read(kAt, {1, 1}).Read(kAt + 8, {2, 2});
  EXPECT_THAT(Patches(trace.Build().value()),
              ElementsAre("before step 0: 2000" + std::string(" = 01 01 01 01 01 01 01 01 01 01 "
                                                              "01 01 01 01 01 01"),
                          "before step 1: 2008 = 02 02"));
}

TEST(ProgramTest, OnlyWhatIsNewHoistsBesideWhatTheDeviceWrote) {
  TestTrace trace;
  trace.On(kWrite).Read(kAt, {1, 2, 3, 4});
  trace.On(kWrite).Write(kAt + 1, {7}).Read(kAt, {1, 7, 8, 4});
  EXPECT_THAT(Patches(trace.Build().value()),
              ElementsAre("before step 0: 2000 = 01 02 03 04", "before step 1: 2002 = 08"));
}

TEST(ProgramTest, ChangesUnderOneStimulusAreARace) {
  TestTrace read_twice;
  read_twice.On(kWrite);
  read_twice.On(kWrite).Read(kAt, {1, 2, 3}).Read(kAt + 2, {4});
  auto built = read_twice.Build();
  ASSERT_FALSE(built.has_value());
  EXPECT_EQ(built.error().code, ErrorCode::kRacy);
  EXPECT_EQ(built.error().event, 1u);
}

TEST(ProgramTest, APageThatDoesNotKeepWhatTheDeviceWritesIsAHole) {
  TestTrace trace;
  trace.On(kWrite).Write(kAt + 1, {7}).Read(kAt + 1, {7});
  trace.On(kWrite).Write(kAt, {1}).Read(kAt, {2});
  trace.On(kWrite).Write(kAt, {5}).Read(kAt, {2});
  const Program program = trace.Build().value();
  ASSERT_EQ(program.holes.size(), 1u);
  EXPECT_EQ(program.holes[0].step, 1u);
  EXPECT_EQ(program.holes[0].page, kAt / 4096);
  EXPECT_THAT(Patches(program), ElementsAre("before step 1: 2000 = 02"));
}

TEST(ProgramTest, PagesAndTheEndOfTheAddressSpaceAreNoBorders) {
  TestTrace trace;
  trace.On(kWrite).Read(0x2ffe, {1, 2, 3, 4});
  trace.On(kWrite).Read(~GuestAddress{0} - 1, {5, 6, 7}).Read(0, {7});
  EXPECT_THAT(Patches(trace.Build().value()),
              ElementsAre("before step 0: 2ffe = 01 02 03 04",
                          "before step 0: fffffffffffffffe = 05 06 07"));
}

TEST(ProgramTest, CountsAsTheTraceDoes) {
  TestTrace trace;
  trace.On({.data_size = 60, .kind = StimulusKind::kFrame});
  trace.On({.data_size = 60, .kind = StimulusKind::kFrame, .result = ReceiveResult::kKeep});
  trace.On(kWrite)
      .Delivery({1, 2}, ReceiveResult::kKeep)
      .Delivery({1, 2}, ReceiveResult::kDropped)
      .Read(kAt, {1})
      .Transmit({1, 2, 3});
  const EventBatch batch = trace.Batch();
  TraceTotals totals;
  for (const Stimulus& stimulus : batch.stimuli) totals.Add(stimulus, batch.EffectsOf(stimulus));
  const Program program = trace.Build().value();
  EXPECT_EQ(program.totals, totals);
  EXPECT_EQ(program.totals.frames_in, 2u);
  EXPECT_EQ(program.EffectsOf(program.steps[2]).size(), 3u);
}

// A guest and a device that use the same 64 bytes in turn.
TestTrace AnyTrace() {
  constexpr std::size_t kSize = 64;
  ByteList memory(kSize);
  TestTrace trace;
  const auto steps = *rc::gen::inRange(1, 20);
  for (int step = 0; step < steps; ++step) {
    for (auto changes = *rc::gen::inRange(0, 6); changes > 0; --changes) {
      memory[*rc::gen::inRange<std::size_t>(0, kSize)] = *rc::gen::inRange<std::uint8_t>(0, 3);
    }
    auto& effects = trace.On(kWrite);
    for (auto count = *rc::gen::inRange(0, 6); count > 0; --count) {
      const auto from = *rc::gen::inRange<std::size_t>(0, kSize);
      const auto size = *rc::gen::inRange<std::size_t>(1, kSize - from + 1);
      const auto first = memory.begin() + static_cast<std::ptrdiff_t>(from);
      if (*rc::gen::arbitrary<bool>()) {
        effects.Read(kAt + from, {first, first + static_cast<std::ptrdiff_t>(size)});
      } else {
        std::fill_n(first, size, *rc::gen::inRange<std::uint8_t>(0, 3));
        effects.Write(kAt + from, {first, first + static_cast<std::ptrdiff_t>(size)});
      }
    }
  }
  return trace;
}

RC_GTEST_PROP(ProgramProperty, PatchesExplainEveryRead, ()) {
  const TestTrace trace = AnyTrace();
  const Program program = trace.Build().value();
  const EventBatch batch = trace.Batch();
  std::map<GuestAddress, std::uint8_t> memory;
  const auto store = [&](GuestAddress address, Bytes bytes) {
    for (const std::uint8_t byte : bytes) memory[address++] = byte;
  };
  std::size_t patch = 0;
  for (std::size_t i = 0; i < program.steps.size(); ++i) {
    for (; patch < program.steps[i].patch_end; ++patch) {
      store(program.patches[patch].address,
            {program.patches[patch].data, program.patches[patch].size});
    }
    for (const Effect& effect : batch.EffectsOf(batch.stimuli[i])) {
      if (effect.kind == EffectKind::kDmaWrite) {
        store(effect.address, effect.bytes());
        continue;
      }
      for (std::size_t k = 0; k < effect.data_size; ++k) {
        const auto found = memory.find(effect.address + k);
        RC_ASSERT(found != memory.end());
        RC_ASSERT(found->second == effect.data[k]);
      }
    }
  }
}

}  // namespace
}  // namespace nicreplay
