// SPDX-License-Identifier: MIT
// Messages of any content, below the checksums of the file: wrong values, pointers and sizes.
#include <capnp/message.h>
#include <capnp/serialize.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>

#include "replay/codec.h"
#include "replay/event_testing.h"
#include "replay/trace.capnp.h"

namespace nicreplay {
namespace {

using testing::EveryEvent;
using testing::Same;

ChunkBuffer Message(const std::vector<std::uint64_t>& words) {
  ChunkBuffer message(words.size() * 8);
  std::copy(words.begin(), words.end(), message.words());
  return message;
}

ChunkBuffer Message(capnp::MessageBuilder& builder) {
  const kj::Array<capnp::word> words = capnp::messageToFlatArray(builder);
  ChunkBuffer message(words.size() * 8);
  std::memcpy(message.words(), words.begin(), message.size());
  return message;
}

// Two stimuli, the first a reset at index 100; `fill` makes the second.
ChunkBuffer Second(const std::function<void(schema::Stimulus::Builder)>& fill) {
  capnp::MallocMessageBuilder builder;
  auto events = builder.initRoot<schema::Chunk>().initEvents();
  events.setFirstIndex(100);
  auto stimuli = events.initStimuli(2);
  stimuli[0].setReset();
  fill(stimuli[1]);
  return Message(builder);
}

Error ErrorOf(ChunkBuffer message) {
  const Result<Chunk> chunk = Decode(std::move(message));
  return chunk ? Error{ErrorCode::kUsage, "no error", {}, {}} : chunk.error();
}

void ExpectError(ErrorCode code, const std::function<void(schema::Stimulus::Builder)>& fill) {
  const Error error = ErrorOf(Second(fill));
  EXPECT_EQ(error.code, code) << error.ToString();
  EXPECT_EQ(error.event, 101) << error.ToString();
}

void ExpectEffectError(ErrorCode code, const std::function<void(schema::Effect::Builder)>& fill) {
  ExpectError(code, [&](auto stimulus) {
    stimulus.setReset();
    fill(stimulus.initEffects(1)[0]);
  });
}

TEST(HostileMessage, TheExampleDecodes) {
  EXPECT_TRUE(Decode(Second([](auto stimulus) { stimulus.setPoll(); })));
}

TEST(HostileMessage, ValuesOutOfRange) {
  ExpectError(ErrorCode::kCorrupt, [](auto s) {
    s.initRead().setBar(6);
    s.getRead().setSize(4);
  });
  for (const int wrong : {0, 3, 5, 7, 16, 255}) {
    const auto size = static_cast<std::uint8_t>(wrong);
    ExpectError(ErrorCode::kCorrupt, [&](auto s) { s.initRead().setSize(size); });
    ExpectError(ErrorCode::kCorrupt, [&](auto s) { s.initWrite().setSize(size); });
    ExpectError(ErrorCode::kCorrupt, [&](auto s) { s.initConfigRead().setSize(size); });
    ExpectError(ErrorCode::kCorrupt, [&](auto s) { s.initConfigWrite().setSize(size); });
  }
  for (const std::uint32_t offset : {256u, ~0u}) {
    ExpectError(ErrorCode::kCorrupt, [&](auto s) {
      s.initConfigRead().setSize(1);
      s.getConfigRead().setOffset(offset);
    });
  }
  ExpectError(ErrorCode::kCorrupt,
              [](auto s) { s.initFrame().setResult(schema::Delivery::Result(3)); });
  ExpectError(ErrorCode::kCorrupt,
              [](auto s) { s.initFrame().setResult(schema::Delivery::Result(0x100)); });
  for (const unsigned result : {3u, 255u, 256u, 0xffffu}) {
    ExpectEffectError(ErrorCode::kCorrupt, [&](auto e) {
      e.initDelivery().setResult(schema::Delivery::Result(result));
    });
  }
}

TEST(HostileMessage, OverlongFields) {
  constexpr unsigned kMemory = kMaxMemoryBytes + 1;
  constexpr unsigned kFrame = kMaxFrameBytes + 1;
  constexpr ErrorCode kCode = ErrorCode::kTooLarge;
  ExpectError(kCode, [](auto s) { s.initMemory().initBytes(kMemory); });
  ExpectError(kCode, [](auto s) { s.initFrame().initFrame().initBytes(kFrame); });
  ExpectEffectError(kCode, [](auto e) { e.initDmaRead().initBytes(kMemory); });
  ExpectEffectError(kCode, [](auto e) { e.initDmaWrite().initBytes(kMemory); });
  ExpectEffectError(kCode, [](auto e) { e.initTransmit().initBytes(kFrame); });
  ExpectEffectError(kCode, [](auto e) { e.initDelivery().initFrame().initBytes(kFrame); });
}

TEST(HostileMessage, TheLongestFieldsDecode) {
  EXPECT_TRUE(Decode(Second([](auto s) {
    s.initMemory().initBytes(kMaxMemoryBytes);
    s.initEffects(1)[0].initTransmit().initBytes(kMaxFrameBytes);
  })));
}

TEST(HostileMessage, TimeRunsBackwards) {
  capnp::MallocMessageBuilder builder;
  auto stimuli = builder.initRoot<schema::Chunk>().initEvents().initStimuli(2);
  stimuli[0].setTime(5);
  stimuli[0].setReset();
  stimuli[1].setTime(4);
  stimuli[1].setReset();
  const Error error = ErrorOf(Message(builder));
  EXPECT_EQ(error.code, ErrorCode::kOutOfOrder);
  EXPECT_EQ(error.event, 1);
}

TEST(HostileMessage, HugeIndices) {
  capnp::MallocMessageBuilder builder;
  auto events = builder.initRoot<schema::Chunk>().initEvents();
  events.setFirstIndex(~std::uint64_t{0});
  events.initStimuli(1)[0].setReset();
  EXPECT_EQ(ErrorOf(Message(builder)).code, ErrorCode::kCorrupt);
}

// A writer of another implementation may spread a message over segments.
TEST(HostileMessage, ManySegmentsDecodeTheSame) {
  const EventBatch batch = EveryEvent(7);
  const ChunkBuffer one = Encode(batch).value();
  capnp::FlatArrayMessageReader reader(
      kj::arrayPtr(reinterpret_cast<const capnp::word*>(one.words()), one.size() / 8));
  capnp::MallocMessageBuilder builder(64, capnp::AllocationStrategy::FIXED_SIZE);
  builder.setRoot(reader.getRoot<schema::Chunk>());
  ASSERT_GT(builder.getSegmentsForOutput().size(), 10u);
  const Result<Chunk> chunk = Decode(Message(builder));
  ASSERT_TRUE(chunk) << chunk.error().ToString();
  EXPECT_TRUE(Same(std::get<EventChunk>(*chunk).batch, batch));
}

// Old traces: structs without the fields that came later (here: nothing but time and kind).
TEST(HostileMessage, ShortStructsDecodeAsDefaults) {
  std::vector<std::uint64_t> words = {0,                      // one segment; its size is set below
                                      0x0001'0001'0000'0000,  // Chunk: a word of data, a pointer
                                      1,                      // events
                                      0x0001'0001'0000'0000,  // Events: the same
                                      9,                      // firstIndex
                                      0x0000'0017'0000'0001,  // stimuli: composite, 2 words
                                      0x0000'0002'0000'0004,  // one element of 2 data words
                                      1234,                   // time
                                      0};
  words[0] = (words.size() - 1) << 32;
  const Result<Chunk> chunk = Decode(Message(words));
  // Kind 0 is a read, of size 0: refused for its size, which shows that it was reached.
  ASSERT_FALSE(chunk);
  EXPECT_EQ(chunk.error().event, 9);
  EXPECT_THAT(chunk.error().message, ::testing::HasSubstr("size"));
}

// Lists whose elements take no room.
TEST(HostileMessage, MoreElementsThanTheMessageHolds) {
  for (const std::uint64_t element_size : {0u, 1u, 2u, 3u, 4u, 5u, 6u, 7u}) {
    for (const std::uint64_t count : {1u, 7u, 64u, 1u << 20, (1u << 29) - 1}) {
      std::vector<std::uint64_t> words = {0, 0x0001'0001'0000'0000,
                                          1, 0x0001'0001'0000'0000,
                                          0, 1 | element_size << 32 | count << 35};
      words.resize(words.size() + 8);
      words[0] = (words.size() - 1) << 32;
      const Result<Chunk> chunk = Decode(Message(words));
      // A composite list says its real count in its tag, here 0.
      const bool empty = chunk && std::get<EventChunk>(*chunk).batch.stimuli.empty();
      EXPECT_TRUE(!chunk || (empty && element_size == 7)) << element_size << " " << count;
    }
  }
}

// Many stimuli that point to one and the same long list of effects.
TEST(HostileMessage, SharedListsDoNotMultiply) {
  capnp::MallocMessageBuilder builder(1u << 20);
  auto stimuli = builder.initRoot<schema::Chunk>().initEvents().initStimuli(1000);
  for (auto stimulus : stimuli) stimulus.setReset();
  stimuli[0].initEffects(10'000);
  ChunkBuffer message = Message(builder);
  // Struct pointers are relative; the effects of stimulus i are the second pointer of 6 words.
  constexpr std::size_t kFirst = 7;
  constexpr std::size_t kPointer = kFirst + 5;
  const std::uint64_t pointer = message.words()[kPointer];
  ASSERT_EQ(pointer & 3, 1u);
  for (std::uint64_t i = 1; i < 1000; ++i) {
    const std::uint64_t offset = ((pointer & 0xffff'ffff) >> 2) - 6 * i;
    message.words()[kPointer + 6 * i] = (pointer & ~std::uint64_t{0xffff'ffff}) | offset << 2 | 1;
  }
  const Error error = ErrorOf(std::move(message));
  EXPECT_EQ(error.code, ErrorCode::kCorrupt) << error.ToString();
  EXPECT_GE(error.event, 1u);
}

TEST(HostileMessage, EveryWordReplaced) {
  const ChunkBuffer whole = Encode(EveryEvent(3)).value();
  // The payload of frames and memory is most of it and means nothing to the codec.
  std::size_t errors = 0, unknown = 0;
  for (std::size_t at = 0; at < whole.size() / 8; at += at < 2000 ? 1 : 509) {
    for (const std::uint64_t value : {std::uint64_t{0}, ~std::uint64_t{0}, std::uint64_t{1} << 32,
                                      std::uint64_t{0x7777'7777}}) {
      ChunkBuffer message(whole.size());
      std::memcpy(message.words(), whole.words(), whole.size());
      message.words()[at] = value;
      const Result<Chunk> chunk = Decode(std::move(message));
      if (chunk) continue;
      ++errors;
      unknown += chunk.error().message.find("unknown kind") != std::string::npos;
      EXPECT_FALSE(chunk.error().message.empty());
    }
  }
  EXPECT_GT(errors, 100u);
  EXPECT_GT(unknown, 10u);
}

TEST(HostileMessage, CutAnywhere) {
  const ChunkBuffer whole = Encode(EveryEvent(3)).value();
  for (std::size_t size = 0; size < whole.size(); size += size < 20'000 ? 4 : 1013) {
    ChunkBuffer message(size);
    std::ranges::copy(whole.bytes().first(size), message.bytes().begin());
    const Result<Chunk> chunk = Decode(std::move(message));
    ASSERT_FALSE(chunk) << size;
    EXPECT_EQ(chunk.error().code, ErrorCode::kCorrupt);
  }
}

TEST(HostileMessage, BytesBehindTheMessage) {
  const ChunkBuffer whole = Encode(EveryEvent(3)).value();
  ChunkBuffer message(whole.size() + 8);
  std::memset(message.bytes().data(), 0, message.size());
  std::memcpy(message.words(), whole.words(), whole.size());
  EXPECT_EQ(ErrorOf(std::move(message)).code, ErrorCode::kCorrupt);
}

RC_GTEST_PROP(HostileMessageProperty, RandomDamageIsFoundOrHarmless, ()) {
  static const ChunkBuffer whole = Encode(EveryEvent(3)).value();
  ChunkBuffer message(whole.size());
  std::memcpy(message.words(), whole.words(), whole.size());
  const int changes = *rc::gen::inRange(1, 8);
  for (int i = 0; i < changes; ++i) {
    const std::size_t limit = *rc::gen::element<std::size_t>(100, 1000, whole.size() / 8);
    const std::size_t at = *rc::gen::inRange<std::size_t>(0, limit);
    message.words()[at] ^= std::uint64_t{1} << *rc::gen::inRange(0, 64);
  }
  const Result<Chunk> chunk = Decode(std::move(message));
  if (chunk && std::holds_alternative<EventChunk>(*chunk)) {
    // What decodes can be written again.
    RC_ASSERT(Encode(std::get<EventChunk>(*chunk).batch).has_value());
  }
}

}  // namespace
}  // namespace nicreplay
