// SPDX-License-Identifier: MIT
#include "models/e1000/opt/switches.h"

#include <gtest/gtest.h>

namespace nicreplay::e1000 {
namespace {

std::uint16_t Bits(std::string_view list) {
  const auto set = SwitchSet::Parse(list);
  EXPECT_TRUE(set.has_value()) << list;
  return set ? set->bits() : 0;
}

TEST(Switches, ListsAndWords) {
  EXPECT_EQ(Bits("tso+irqmod"), SwitchSet(Switch::kTso, Switch::kIrqmod).bits());
  EXPECT_EQ(Bits("none"), 0);
  EXPECT_EQ(Bits("none+ring+ring"), SwitchSet(Switch::kRing).bits());
}

TEST(Switches, WordsTakeByContract) {
  const std::uint16_t deferred = SwitchSet(Switch::kAsynctx).bits();
  const std::uint16_t declared = SwitchSet(Switch::kRxcsum).bits();
  EXPECT_EQ(Bits("exact") & (deferred | declared), 0);
  EXPECT_EQ(Bits("all") & (deferred | declared), deferred);
  EXPECT_EQ(Bits("all") & Bits("exact"), Bits("exact"));
  EXPECT_NE(Bits("exact"), 0);
}

TEST(Switches, UnknownOnesAreRefusedWithWhatThereIs) {
  for (const char* list : {"", "tso+", "+tso", "TSO", "tso csum", "tso+turbo"}) {
    const auto set = SwitchSet::Parse(list);
    ASSERT_FALSE(set.has_value()) << list;
    EXPECT_EQ(set.error().code, ErrorCode::kUsage);
    EXPECT_NE(set.error().message.find("none, exact, all, tso+csum"), std::string::npos)
        << set.error().message;
  }
}

TEST(Switches, HelpNamesEachWithItsContract) {
  const std::string help = SwitchesHelp();
  EXPECT_NE(help.find("\n  exact "), std::string::npos) << help;
  EXPECT_NE(help.find("\n  tso       exact: "), std::string::npos) << help;
  EXPECT_NE(help.find("\n  rxcsum    declared: "), std::string::npos) << help;
}

}  // namespace
}  // namespace nicreplay::e1000
