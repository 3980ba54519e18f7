// SPDX-License-Identifier: MIT
#include "models/options.h"

#include <gtest/gtest.h>

#include <random>

namespace nicreplay {
namespace {

constexpr MacAddress kMac = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};

Options MustParse(std::string_view text) {
  auto options = Options::Parse(text);
  EXPECT_TRUE(options.has_value()) << text;
  return options ? *options : Options();
}

TEST(Options, ParsesAndPrintsInOrder) {
  EXPECT_EQ(MustParse("").ToString(), "");
  EXPECT_EQ(MustParse("mac=52:54:00:12:34:56,autonegotiation=off,empty=").ToString(),
            "autonegotiation=off,empty=,mac=52:54:00:12:34:56");
  EXPECT_EQ(MustParse("a=b=c").TakeText("a", ""), "b=c");
}

TEST(Options, RefusesWhatIsNotKeyValue) {
  for (const char* text :
       {"mac", "=1", ",", "a=1,", ",a=1", "a=1,,b=2", "a b=1", "a=1,a=2", "A=1", "a=\n"}) {
    const auto options = Options::Parse(text);
    ASSERT_FALSE(options.has_value()) << text;
    EXPECT_EQ(options.error().code, ErrorCode::kUsage) << text;
  }
  const auto large = Options::Parse("a=" + std::string(5000, 'x'));
  ASSERT_FALSE(large.has_value());
  EXPECT_EQ(large.error().code, ErrorCode::kTooLarge);
}

TEST(Options, Switch) {
  Options options = MustParse("a=on,b=off,c=yes");
  EXPECT_TRUE(options.TakeSwitch("a", false).value());
  EXPECT_FALSE(options.TakeSwitch("b", true).value());
  EXPECT_FALSE(options.TakeSwitch("c", true).has_value());
  EXPECT_TRUE(options.TakeSwitch("d", true).value());
  EXPECT_FALSE(options.TakeSwitch("d", false).value());
  EXPECT_TRUE(options.Finish().has_value());
}

TEST(Options, Mac) {
  EXPECT_EQ(MustParse("m=52:54:00:12:34:56").TakeMac("m", {}).value(), kMac);
  EXPECT_EQ(MustParse("").TakeMac("m", kMac).value(), kMac);
  for (const char* text : {"", "52:54:00:12:34", "52:54:00:12:34:5g", "52-54-00-12-34-56",
                           "52:54:00:12:34:56:", "-1:54:00:12:34:56", "5 :54:00:12:34:56"}) {
    EXPECT_FALSE(MustParse(std::string("m=") + text).TakeMac("m", kMac).has_value()) << text;
  }
}

TEST(Options, Number) {
  EXPECT_EQ(MustParse("n=100").TakeNumber("n", 1, 100).value(), 100u);
  EXPECT_EQ(MustParse("n=0x1F").TakeNumber("n", 1, 100).value(), 31u);
  EXPECT_EQ(MustParse("").TakeNumber("n", 7, 5).value(), 7u);
  EXPECT_EQ(MustParse("n=18446744073709551615").TakeNumber("n", 1, ~0ull).value(), ~0ull);
  for (const char* text : {"", "101", "-1", "1x", "0x", "18446744073709551616", " 1", "+1"}) {
    EXPECT_FALSE(MustParse(std::string("n=") + text).TakeNumber("n", 1, 100).has_value()) << text;
  }
}

TEST(Options, FinishNamesWhatNobodyTook) {
  Options options = MustParse("known=1,strange=2");
  EXPECT_EQ(options.TakeText("known", ""), "1");
  const auto finished = options.Finish();
  ASSERT_FALSE(finished.has_value());
  EXPECT_EQ(finished.error().code, ErrorCode::kUsage);
  EXPECT_NE(finished.error().message.find("'strange'"), std::string::npos);
}

TEST(Options, EverythingThatParsesRoundTrips) {
  std::mt19937 random(11);
  int parsed = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (std::size_t left = random() % 12; left > 0; --left) text += "ab=,:1\x7f"[random() % 7];
    const auto first = Options::Parse(text);
    if (!first) continue;
    ++parsed;
    const auto second = Options::Parse(first->ToString());
    ASSERT_TRUE(second.has_value()) << text;
    EXPECT_EQ(second->ToString(), first->ToString());
  }
  EXPECT_GT(parsed, 100);
}

}  // namespace
}  // namespace nicreplay
