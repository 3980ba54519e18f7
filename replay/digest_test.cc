// SPDX-License-Identifier: MIT
#include "replay/digest.h"

#include <gtest/gtest.h>

#include <set>

#include "replay/effects_testing.h"

namespace nicreplay {
namespace {

using testing::EffectList;

Digest Of(const Stimulus& stimulus, const EffectList& effects) {
  DigestBuilder builder;
  builder.Add(stimulus, effects);
  return builder.Finish();
}

constexpr Stimulus kWrite = {.kind = StimulusKind::kWrite};

TEST(DigestTest, DoesNotDependOnHowDmaWasSplit) {
  const Digest whole = Of(kWrite, EffectList().Write(10, {1, 2, 3, 4}));
  EXPECT_EQ(whole, Of(kWrite, EffectList().Write(10, {1, 2}).Write(12, {3, 4})));
  EXPECT_EQ(whole, Of(kWrite, EffectList().Write(12, {3, 4}).Write(10, {9, 9}).Write(10, {1, 2})));
  EXPECT_EQ(whole,
            Of(kWrite, EffectList().Read(7, {1}).Write(10, {1, 2, 3, 4}).Armed(1, 5).Ready(1)));
}

TEST(DigestTest, DoesNotDependOnWhereFramesComeAmongWrites) {
  EXPECT_EQ(Of(kWrite, EffectList().Transmit({1}).Write(10, {1})),
            Of(kWrite, EffectList().Write(10, {1}).Transmit({1})));
}

TEST(DigestTest, DependsOnEverythingThatADriverSees) {
  std::vector<Digest> digests = {
      Of(kWrite, {}),
      Of(kWrite, EffectList().Write(10, {1})),
      Of(kWrite, EffectList().Write(11, {1})),
      Of(kWrite, EffectList().Write(10, {2})),
      Of(kWrite, EffectList().Write(10, {1, 1})),
      Of(kWrite, EffectList().Write(10, {1}).Write(12, {1})),
      Of(kWrite, EffectList().Transmit({1})),
      Of(kWrite, EffectList().Transmit({2})),
      Of(kWrite, EffectList().Transmit({1, 2})),
      Of(kWrite, EffectList().Transmit({1}).Transmit({2})),
      Of(kWrite, EffectList().Transmit({2}).Transmit({1})),
      Of(kWrite, EffectList().Interrupt(1)),
      Of(kWrite, EffectList().Interrupt(0)),
      Of(kWrite, EffectList().Delivery({1}, ReceiveResult::kConsumed)),
      Of(kWrite, EffectList().Delivery({1}, ReceiveResult::kDropped)),
      Of({.value = 1, .kind = StimulusKind::kRead}, {}),
      Of({.value = 2, .kind = StimulusKind::kRead}, {}),
      Of({.kind = StimulusKind::kFrame}, {}),
      Of({.kind = StimulusKind::kFrame, .result = ReceiveResult::kDropped}, {}),
  };
  std::set<std::string> different;
  for (const Digest& digest : digests) different.insert(ToString(digest));
  EXPECT_EQ(different.size(), digests.size());
}

TEST(DigestTest, DependsOnTheStimulusThatAnEffectBelongsTo) {
  DigestBuilder first;
  first.Add(kWrite, EffectList().Interrupt(1));
  first.Add(kWrite, {});
  DigestBuilder second;
  second.Add(kWrite, {});
  second.Add(kWrite, EffectList().Interrupt(1));
  EXPECT_NE(first.Finish(), second.Finish());
}

TEST(DigestTest, PrintsAllDigits) {
  EXPECT_EQ(ToString(Digest{0x1, 0xab}), "000000000000000100000000000000ab");
}

}  // namespace
}  // namespace nicreplay
