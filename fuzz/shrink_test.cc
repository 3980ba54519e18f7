// SPDX-License-Identifier: MIT
#include "fuzz/shrink.h"

#include <gtest/gtest.h>

#include "fuzz/counting_model.h"
#include "fuzz/random.h"

namespace nicreplay {
namespace {

Pairing With(CountingFault fault) {
  return {{CountingModel(CountingFault::kNone), ""}, {CountingModel(fault), ""}, 4096};
}

Stimulus Write(std::uint32_t offset, std::uint64_t value) {
  return {.value = value, .offset = offset, .kind = StimulusKind::kWrite, .size = 4};
}

constexpr Stimulus kReadCount = {.offset = 4, .kind = StimulusKind::kRead, .size = 4};

// Mostly noise; the count and all that shows it now and then.
std::vector<Stimulus> Session(std::size_t size) {
  Random random(1);
  std::vector<Stimulus> operations;
  for (std::size_t i = 0; i < size; ++i) {
    operations.push_back(Write(4 * static_cast<std::uint32_t>(random.Below(8)), random.Below(10)));
    if (i > size / 2 && random.OneIn(5)) operations.push_back(kReadCount);
  }
  return operations;
}

TEST(ShrinkTest, LeavesWhatTheDifferenceNeeds) {
  const auto shrunk = Shrink(With(CountingFault::kValue), Session(2000)).value();
  ASSERT_EQ(shrunk.operations.size(), 4u);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(shrunk.operations[i].offset, 0u);
    EXPECT_EQ(shrunk.operations[i].value, 7u);
  }
  EXPECT_EQ(shrunk.operations[3].kind, StimulusKind::kRead);
  EXPECT_EQ(shrunk.divergence.kind, Divergence::Kind::kValue);
  EXPECT_EQ(shrunk.divergence.event, 3u);
  EXPECT_GT(shrunk.tries, 4u);
}

TEST(ShrinkTest, KeepsTheKindOfTheDifference) {
  const auto shrunk = Shrink(With(CountingFault::kFrame), Session(500)).value();
  EXPECT_EQ(shrunk.operations.size(), 4u);
  const auto again = CompareOperations(With(CountingFault::kFrame), shrunk.operations).value();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->kind, shrunk.divergence.kind);
}

TEST(ShrinkTest, StopsAfterSoManyTries) {
  const auto untouched = Shrink(With(CountingFault::kValue), Session(2000), 0).value();
  EXPECT_EQ(untouched.tries, 0u);
  EXPECT_GT(untouched.operations.size(), 1000u);
  EXPECT_EQ(untouched.operations.size(), untouched.divergence.event + 1);
  const auto some = Shrink(With(CountingFault::kValue), Session(2000), 5).value();
  EXPECT_EQ(some.tries, 5u);
  EXPECT_LT(some.operations.size(), untouched.operations.size());
}

TEST(ShrinkTest, RefusesWhatShowsNoDifference) {
  const auto shrunk = Shrink(With(CountingFault::kNone), Session(100));
  ASSERT_FALSE(shrunk.has_value());
  EXPECT_EQ(shrunk.error().code, ErrorCode::kUsage);
}

}  // namespace
}  // namespace nicreplay
