// SPDX-License-Identifier: MIT
#include "models/e1000/opt/switches.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/e1000/test_host.h"

namespace nicreplay::e1000 {
namespace {

using testing::HasSubstr;

TEST(SwitchesTest, ListsAndWords) {
  EXPECT_TRUE(SwitchSet::Parse("none")->empty());
  EXPECT_EQ(SwitchSet::Parse("tso+ring")->bits(), SwitchSet(Switch::kTso, Switch::kRing).bits());
  const SwitchSet exact = *SwitchSet::Parse("exact");
  EXPECT_TRUE(exact.has(Switch::kRxlro));
  EXPECT_FALSE(exact.has_any(kDeferringSwitches));
  const SwitchSet all = *SwitchSet::Parse("all");
  EXPECT_TRUE(all.has(Switch::kSidecore));
  EXPECT_FALSE(all.has(Switch::kRxcsum));
  EXPECT_TRUE(SwitchSet::Parse("all+rxcsum")->has(Switch::kRxcsum));
}

TEST(SwitchesTest, UnknownNamesAreNamed) {
  for (const char* list : {"", "tso+", "fast", "tso+fast", "+tso"}) {
    const auto parsed = SwitchSet::Parse(list);
    ASSERT_FALSE(parsed.has_value()) << list;
    EXPECT_EQ(parsed.error().code, ErrorCode::kUsage);
    EXPECT_THAT(parsed.error().message, HasSubstr("none, exact, all, tso+csum"));
  }
}

TEST(SwitchesTest, HelpNamesTheContracts) {
  EXPECT_THAT(SwitchesHelp(), HasSubstr("asynctx   deferred: "));
}

TEST(E1000OptTest, OptionsOfStockAndSwitches) {
  TestHost host;
  EXPECT_TRUE(CreateModel("e1000-opt", "", host).has_value());
  EXPECT_TRUE(CreateModel("e1000-opt", "opt=all,mitigation=off", host).has_value());
  EXPECT_FALSE(CreateModel("e1000-opt", "opt=fast", host).has_value());
  EXPECT_FALSE(CreateModel("e1000-opt", "device=none", host).has_value());
  EXPECT_FALSE(CreateModel("e1000-opt", "opt=tso,other=1", host).has_value());
}

// Down to saved state: there is nothing of its own in it.
TEST(E1000OptTest, NoneIsStock) {
  Bench none("opt=none", "e1000-opt");
  Bench stock;
  none.StartTransmit();
  ByteVector state(none.device->StateSize());
  none.device->Save(state);
  EXPECT_TRUE(stock.device->Load(state));
}

}  // namespace
}  // namespace nicreplay::e1000
