// SPDX-License-Identifier: MIT
#include "models/net/checksum.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace nicreplay {
namespace {

// The integer sum that QEMU folds at the end, two bytes at a time.
std::uint32_t PlainSum(Bytes bytes) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) sum += i % 2 == 0 ? bytes[i] << 8 : bytes[i];
  EXPECT_LE(sum, 0xffffffffu);
  return static_cast<std::uint32_t>(sum);
}

void ExpectSame(Bytes bytes) {
  const std::uint32_t plain = PlainSum(bytes);
  const std::uint32_t fast = ChecksumAdd(bytes);
  ASSERT_LE(fast, 0xffffu);
  ASSERT_EQ(fast == 0, plain == 0) << bytes.size();
  ASSERT_EQ(ChecksumFinish(fast), ChecksumFinish(plain)) << bytes.size();
  ASSERT_EQ(ChecksumFinishNonzero(fast), ChecksumFinishNonzero(plain)) << bytes.size();
}

TEST(Checksum, Rfc1071Example) {
  const std::uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
  EXPECT_EQ(ChecksumAdd(bytes), 0xddf2u);
  EXPECT_EQ(ChecksumFinish(ChecksumAdd(bytes)), 0x220du);
}

TEST(Checksum, OddTailIsAHighByte) {
  const std::uint8_t bytes[] = {0x12, 0x34, 0x56};
  EXPECT_EQ(ChecksumAdd(bytes), 0x6834u);
}

TEST(Checksum, BothZeros) {
  const std::vector<std::uint8_t> zeros(64);
  EXPECT_EQ(ChecksumFinish(ChecksumAdd(zeros)), 0xffff);
  EXPECT_EQ(ChecksumFinish(ChecksumAdd({})), 0xffff);
  const std::vector<std::uint8_t> ones(64, 0xff);
  EXPECT_EQ(ChecksumAdd(ones), 0xffffu);
  EXPECT_EQ(ChecksumFinish(ChecksumAdd(ones)), 0);
  EXPECT_EQ(ChecksumFinishNonzero(ChecksumAdd(ones)), 0xffff);
  EXPECT_EQ(ChecksumFinish(0xffff0000), 0);
}

// Every pair of words around the carries, in every position of the unrolled loop.
TEST(Checksum, SumsThatFoldToTheZeros) {
  for (std::size_t size = 1; size <= 72; ++size) {
    for (std::size_t i = 0; i < size; ++i) {
      for (const int value : {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff}) {
        std::vector<std::uint8_t> bytes(size, 0xff);
        bytes[i] = static_cast<std::uint8_t>(value);
        ExpectSame(bytes);
        bytes.assign(size, 0);
        bytes[i] = static_cast<std::uint8_t>(value);
        bytes[size - 1 - i] ^= static_cast<std::uint8_t>(~value);
        ExpectSame(bytes);
      }
    }
  }
}

TEST(Checksum, RandomBytesAtEveryAlignment) {
  std::mt19937 random(20240);
  std::vector<std::uint8_t> bytes(400);
  for (int round = 0; round < 20000; ++round) {
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random() >> 7);
    const std::size_t from = random() % 16;
    ExpectSame(Bytes(bytes).subspan(from, random() % (bytes.size() - from + 1)));
    if (testing::Test::HasFatalFailure()) FAIL() << "round " << round;
  }
}

TEST(Checksum, LargestBuffers) {
  std::mt19937 random(7);
  for (const std::size_t size : {65533u, 65534u, 65535u, 65536u}) {
    ExpectSame(std::vector<std::uint8_t>(size, 0xff));
    ExpectSame(std::vector<std::uint8_t>(size, 0x00));
    std::vector<std::uint8_t> bytes(size);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random() >> 7);
    ExpectSame(bytes);
  }
}

TEST(Checksum, PiecesAdd) {
  std::mt19937 random(3);
  std::vector<std::uint8_t> bytes(1000);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random() >> 7);
  for (std::size_t cut = 0; cut <= bytes.size(); cut += 2) {
    const std::uint32_t sum =
        ChecksumAdd(Bytes(bytes).first(cut)) + ChecksumAdd(Bytes(bytes).subspan(cut));
    ASSERT_EQ(ChecksumFinish(sum), ChecksumFinish(ChecksumAdd(bytes)));
  }
}

// Also says that the reference above is right: a verified header sums to the finished value 0.
TEST(Checksum, StoredChecksumVerifies) {
  std::mt19937 random(9);
  for (int round = 0; round < 1000; ++round) {
    std::vector<std::uint8_t> bytes(20 + 2 * (random() % 50));
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random() >> 7);
    bytes[10] = bytes[11] = 0;
    const std::uint16_t sum = ChecksumFinish(ChecksumAdd(bytes));
    bytes[10] = static_cast<std::uint8_t>(sum >> 8);
    bytes[11] = static_cast<std::uint8_t>(sum);
    ASSERT_EQ(ChecksumFinish(ChecksumAdd(bytes)), 0);
  }
}

}  // namespace
}  // namespace nicreplay
