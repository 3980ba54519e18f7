// SPDX-License-Identifier: MIT
#include "replay/canonical.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "replay/effects_testing.h"

namespace nicreplay {
namespace {

using testing::EffectList;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Piece = WriteImage::Run;

constexpr GuestAddress kTop = ~GuestAddress{0};

std::vector<Piece> RunsOf(const EffectList& effects) {
  WriteImage image;
  image.Build(EffectList().Write(77, {1, 2, 3}).Write(99, {4}));  // whatever was there before
  image.Build(effects);
  return {image.runs().begin(), image.runs().end()};
}

TEST(WriteImageTest, HasNothingOfNothing) {
  EXPECT_THAT(RunsOf({}), IsEmpty());
  EXPECT_THAT(RunsOf(EffectList().Write(5, {}).Transmit({1}).Read(3, {1})), IsEmpty());
}

TEST(WriteImageTest, JoinsWhatTouches) {
  EXPECT_THAT(RunsOf(EffectList().Write(10, {1, 2}).Write(14, {5}).Write(12, {3, 4})),
              ElementsAre(Piece{10, {1, 2, 3, 4, 5}}));
}

TEST(WriteImageTest, KeepsApartWhatDoesNot) {
  EXPECT_THAT(RunsOf(EffectList().Write(13, {4}).Write(10, {1, 2})),
              ElementsAre(Piece{10, {1, 2}}, Piece{13, {4}}));
}

TEST(WriteImageTest, LaterWritesWin) {
  EXPECT_THAT(RunsOf(EffectList().Write(10, {1, 1, 1}).Write(9, {2, 2}).Write(11, {3})),
              ElementsAre(Piece{9, {2, 2, 3, 1}}));
  EXPECT_THAT(RunsOf(EffectList().Write(9, {2, 2}).Write(10, {1, 1, 1})),
              ElementsAre(Piece{9, {2, 1, 1, 1}}));
}

TEST(WriteImageTest, WrapsAtTheEndOfTheAddressSpace) {
  EXPECT_THAT(RunsOf(EffectList().Write(kTop, {1, 2, 3})),
              ElementsAre(Piece{0, {2, 3}}, Piece{kTop, {1}}));
  EXPECT_THAT(RunsOf(EffectList().Write(kTop - 1, {1, 2}).Write(kTop, {7, 8}).Write(0, {9})),
              ElementsAre(Piece{0, {9}}, Piece{kTop - 1, {1, 7}}));
}

}  // namespace
}  // namespace nicreplay
