// SPDX-License-Identifier: MIT
#include "replay/guest_memory.h"

#include <gtest/gtest.h>

#include <vector>

namespace nicreplay {
namespace {

std::vector<std::uint8_t> Pattern(std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + 1);
  return bytes;
}

class GuestMemoryTest : public testing::TestWithParam<GuestAddress> {
 protected:
  std::unique_ptr<GuestMemory> memory_ = std::move(*GuestMemory::Create());
};

TEST_P(GuestMemoryTest, ReadsBackWhatWasWrittenAndKnowsExactlyThat) {
  const auto bytes = Pattern(10000);
  memory_->Write(GetParam(), bytes);
  std::vector<std::uint8_t> out(10000);
  memory_->Read(GetParam(), out);
  EXPECT_EQ(out, bytes);
  EXPECT_TRUE(memory_->Known(GetParam(), 10000));
  EXPECT_TRUE(memory_->Known(GetParam() + 3, 77));
  EXPECT_FALSE(memory_->Known(GetParam(), 10001));
  EXPECT_FALSE(memory_->Known(GetParam() - 1, 10000));
}

TEST_P(GuestMemoryTest, UnknownBytesReadZero) {
  memory_->Write(GetParam(), Pattern(1));
  std::vector<std::uint8_t> out(3, 0xee);
  memory_->Read(GetParam() - 1, out);
  EXPECT_EQ(out, (std::vector<std::uint8_t>{0, 1, 0}));
}

INSTANTIATE_TEST_SUITE_P(Addresses, GuestMemoryTest,
                         testing::Values(0x1000, 0x1003, GuestMemory::kWindow - 5000,
                                         GuestMemory::kWindow + 1, ~GuestAddress{0} - 4999));

TEST(GuestMemoryBounds, WritesPastTheHighPageLimitVanish) {
  auto memory = std::move(*GuestMemory::Create());
  const std::vector<std::uint8_t> one = {1};
  for (std::size_t i = 0; i <= GuestMemory::kMaxHighPages; ++i) {
    memory->Write(GuestMemory::kWindow + i * 4096, one);
  }
  EXPECT_TRUE(memory->Known(GuestMemory::kWindow + (GuestMemory::kMaxHighPages - 1) * 4096, 1));
  EXPECT_FALSE(memory->Known(GuestMemory::kWindow + GuestMemory::kMaxHighPages * 4096, 1));
}

}  // namespace
}  // namespace nicreplay
