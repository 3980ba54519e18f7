// SPDX-License-Identifier: MIT
#include "models/result.h"

#include <gtest/gtest.h>

namespace nicreplay {
namespace {

TEST(Result, EveryCodeHasAName) {
  EXPECT_STREQ(ErrorCodeName(ErrorCode::kUsage), "usage");
  EXPECT_STREQ(ErrorCodeName(ErrorCode::kFutureVersion), "future-version");
  EXPECT_STREQ(ErrorCodeName(ErrorCode::kPeer), "peer");
}

TEST(Result, ErrorSaysWhereItIs) {
  EXPECT_EQ((Error{ErrorCode::kIo, "gone", std::nullopt, std::nullopt}).ToString(), "io: gone");
  EXPECT_EQ((Error{ErrorCode::kCorrupt, "bad", 3, std::nullopt}).ToString(),
            "chunk 3: corrupt: bad");
  EXPECT_EQ((Error{ErrorCode::kRacy, "raced", std::nullopt, 120}).ToString(),
            "event 120: racy: raced");
  EXPECT_EQ((Error{ErrorCode::kTruncated, "ends", 3, 120}).ToString(),
            "chunk 3, event 120: truncated: ends");
}

}  // namespace
}  // namespace nicreplay
