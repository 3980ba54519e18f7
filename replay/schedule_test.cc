// SPDX-License-Identifier: MIT
#include "replay/schedule.h"

#include <gtest/gtest.h>

namespace nicreplay {
namespace {

std::string Turns(Schedule schedule, int count, Nanoseconds step = 10'000) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    const Schedule::Turn turn = schedule.Next(static_cast<Nanoseconds>(i) * step);
    text += turn.work ? (turn.poll ? 'b' : 'w') : (turn.poll ? 'p' : '.');
  }
  return text;
}

std::string Turns(std::string_view name, int count) {
  return Turns(Schedule::Parse(name).value(), count);
}

TEST(ScheduleTest, ByName) {
  EXPECT_EQ(Turns("eager", 4), "bbbb");
  EXPECT_EQ(Turns("recorded", 4), "....");
  EXPECT_EQ(Turns("every=3", 7), "..b..b.");
  EXPECT_EQ(Turns("lazy", 12), ".....p....p.");
}

TEST(ScheduleTest, ASeedIsAlwaysTheSame) {
  EXPECT_EQ(Turns("seed=5", 2000), Turns("seed=5", 2000));
  EXPECT_NE(Turns("seed=5", 2000), Turns("seed=6", 2000));
  for (const char turn : {'b', 'w', 'p', '.'}) {
    EXPECT_NE(Turns("seed=5", 2000).find(turn), std::string::npos) << turn;
  }
}

TEST(ScheduleTest, FromBytes) {
  const std::uint8_t bytes[] = {0b00'11'10'01, 0b00'00'00'01};
  EXPECT_EQ(Turns(Schedule::FromBytes(bytes), 10), "wpb.w.....");
}

TEST(ScheduleTest, MistakesAreErrors) {
  for (const char* text : {"", "every", "every=", "every=0", "every=x", "seed=1x", "sometimes"}) {
    EXPECT_FALSE(Schedule::Parse(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace nicreplay
