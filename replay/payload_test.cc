// SPDX-License-Identifier: MIT
#include "replay/payload.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "replay/event_testing.h"

namespace nicreplay {
namespace {

using Bytevector = std::vector<std::uint8_t>;

Bytevector Assembled(const PayloadWriter& payload,
                     const std::vector<PayloadWriter::Piece>& pieces) {
  Bytevector bytes;
  for (const PayloadWriter::Piece& piece : pieces) {
    const Bytes part = Bytes(payload.bytes()).subspan(piece.start, piece.size);
    bytes.insert(bytes.end(), part.begin(), part.end());
  }
  return bytes;
}

TEST(PayloadWriter, NewBytesAreOnePieceAtTheEnd) {
  PayloadWriter payload;
  const Bytes bytes = Bytes(testing::Payload()).first(1000);
  payload.Add(bytes.first(100));
  const auto pieces = payload.Add(bytes.subspan(100));
  ASSERT_EQ(pieces.size(), 1u);
  EXPECT_EQ(pieces[0].start, 100u);
  EXPECT_EQ(pieces[0].size, 900u);
  EXPECT_TRUE(payload.Add({}).empty());
}

TEST(PayloadWriter, AHeaderBeforeTheSameDataIsAllThatIsNew) {
  PayloadWriter payload;
  const Bytes data = Bytes(testing::Payload()).first(1448);
  payload.Add(data);
  Bytevector frame(54, 7);
  frame.insert(frame.end(), data.begin(), data.end());
  const auto pieces = payload.Add(frame);
  EXPECT_EQ(payload.bytes().size(), 1448u + 54u);
  ASSERT_EQ(pieces.size(), 2u);
  EXPECT_EQ(pieces[1].start, 0u);
  EXPECT_EQ(Assembled(payload, pieces), frame);
}

RC_GTEST_PROP(PayloadWriterProperty, PiecesMakeUpTheBytes, ()) {
  PayloadWriter payload;
  const int count = *rc::gen::inRange(1, 20);
  for (int i = 0; i < count; ++i) {
    Bytevector bytes;
    for (int part = *rc::gen::inRange(0, 4); part > 0; --part) {
      // Of few bytes, so that much repeats.
      const auto size = *rc::gen::inRange<std::size_t>(0, 400);
      const auto start = *rc::gen::inRange<std::size_t>(0, 600);
      const Bytes more = Bytes(testing::Payload()).subspan(start, size);
      bytes.insert(bytes.end(), more.begin(), more.end());
    }
    const std::size_t before = payload.bytes().size();
    const auto pieces = payload.Add(bytes);
    RC_ASSERT(Assembled(payload, pieces) == bytes);
    for (const PayloadWriter::Piece& piece : pieces) RC_ASSERT(piece.size != 0u);
    const std::size_t cost =
        payload.bytes().size() - before + pieces.size() * sizeof(PayloadWriter::Piece);
    RC_ASSERT(cost <= bytes.size() + PayloadWriter::kOverhead);
  }
}

}  // namespace
}  // namespace nicreplay
