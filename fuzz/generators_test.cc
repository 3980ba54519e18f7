// SPDX-License-Identifier: MIT
#include "fuzz/generators.h"

#include <gtest/gtest.h>

#include "fuzz/e1000_generator.h"
#include "fuzz/lockstep.h"

namespace nicreplay {
namespace {

struct Generated {
  const char* name;
  const char* model;
  GeneratorTraffic traffic;
  std::uint64_t digest;
};

// An expression in which two numbers are drawn in no order draws them in another one elsewhere:
// gcc's generators did other things than clang's.
class GeneratorsTest : public ::testing::TestWithParam<Generated> {};

TEST_P(GeneratorsTest, ASeedDoesTheSameOnEveryCompiler) {
  const Candidate model{GetParam().model, ""};
  auto lockstep =
      Lockstep::Create({model, model, E1000Generator::kRamSize}, std::uint64_t{40'000}).value();
  lockstep->EnableDigest();
  GeneratorOf(model.model)(5, *lockstep, {}, GetParam().traffic);
  EXPECT_EQ(lockstep->count(), 40'000u);
  EXPECT_EQ(lockstep->digest(), GetParam().digest);
}

INSTANTIATE_TEST_SUITE_P(All, GeneratorsTest,
                         ::testing::Values(Generated{"E1000", "e1000-stock", GeneratorTraffic::kAny,
                                                     11250564744619317034u},
                                           Generated{"E1000Optimized", "e1000-stock",
                                                     GeneratorTraffic::kOptimized,
                                                     11161338281881744475u},
                                           Generated{"VirtioNet", "virtio-net",
                                                     GeneratorTraffic::kAny, 6884644728342098779u}),
                         [](const auto& row) { return row.param.name; });

// For sanitizers: these sessions wrote behind frames that are shorter than their headers may be.
TEST(GeneratedFrames, NoByteBehindAShortFrameIsSpoilt) {
  for (const std::uint64_t seed : {10, 138}) {
    auto lockstep =
        Lockstep::Create({{"e1000-stock", ""}, {"e1000-opt", ""}, E1000Generator::kRamSize},
                         std::uint64_t{100'000})
            .value();
    GeneratorOf("e1000-stock")(seed, *lockstep, {}, GeneratorTraffic::kOptimized);
    EXPECT_FALSE(lockstep->divergence());
  }
}

}  // namespace
}  // namespace nicreplay
