// SPDX-License-Identifier: MIT
#include "models/e1000/statistics.h"

#include <gtest/gtest.h>

#include <memory>

namespace nicreplay::e1000 {
namespace {

class StatisticsTest : public testing::Test {
 protected:
  // 128 KiB: not for the stack.
  std::unique_ptr<RegisterFile> owner_ = std::make_unique<RegisterFile>();
  RegisterFile& registers_ = *owner_;
};

TEST_F(StatisticsTest, CountersStickAtTheirMaximum) {
  registers_[kTPT] = UINT32_MAX - 1;
  Count(registers_, kTPT);
  Count(registers_, kTPT);
  EXPECT_EQ(registers_[kTPT], UINT32_MAX);
}

TEST_F(StatisticsTest, OctetsCarryAndStick) {
  registers_[kTOTL] = UINT32_MAX;
  CountOctets(registers_, kTOTL, 2);
  EXPECT_EQ(registers_[kTOTL], 1u);
  EXPECT_EQ(registers_[kTOTH], 1u);
  registers_[kTOTL] = registers_[kTOTH] = UINT32_MAX;
  CountOctets(registers_, kTOTL, 2);
  EXPECT_EQ(registers_[kTOTL], UINT32_MAX);
  EXPECT_EQ(registers_[kTOTH], UINT32_MAX);
}

TEST_F(StatisticsTest, SizeClassesMeetAtTheManualsBounds) {
  for (const std::size_t size : {63u, 64u, 65u, 127u, 128u, 255u, 256u, 511u, 512u, 1023u, 1024u}) {
    CountSizeClass(registers_, kPRC64, size);
  }
  EXPECT_EQ(registers_[kPRC64], 1u);
  for (const Offset counter : {kPRC127, kPRC255, kPRC511, kPRC1023}) {
    EXPECT_EQ(registers_[counter], 2u) << NameOfRegister(counter);
  }
  EXPECT_EQ(registers_[kPRC1522], 1u);
}

TEST_F(StatisticsTest, ReceivedPacketsCountTheFcsAlways) {
  CountReceived(registers_, 60, 60);
  EXPECT_EQ(registers_[kTORL], 64u);
  EXPECT_EQ(registers_[kGORCL], 64u);
  EXPECT_EQ(registers_[kPRC64], 0u);
}

}  // namespace
}  // namespace nicreplay::e1000
