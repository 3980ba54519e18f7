// SPDX-License-Identifier: MIT
// Messages of any content, below the checksums of the file: wrong values, pointers and sizes.
#include <capnp/any.h>
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

using Fill = std::function<void(schema::Stimulus::Builder)>;
using FillEvents = std::function<void(schema::Events::Builder)>;

// Two events, the first a reset at index 100; `fill` makes the second, `finish` goes over it all.
ChunkBuffer Second(const Fill& fill, const FillEvents& finish = {}) {
  capnp::MallocMessageBuilder builder;
  auto events = builder.initRoot<schema::Chunk>().initEvents();
  events.setFirstIndex(100);
  auto stimuli = events.initStimuli(2);
  stimuli[0].setReset();
  fill(stimuli[1]);
  events.initOrder(2).set(1, 1);
  events.initDelays(2);
  if (finish) finish(events);
  return Message(builder);
}

// The second is a reset that causes all of `effects`.
ChunkBuffer WithEffects(unsigned count,
                        const std::function<void(capnp::List<schema::Effect>::Builder)>& fill,
                        const FillEvents& finish = {}) {
  return Second([](auto s) { s.setReset(); },
                [&](schema::Events::Builder events) {
                  fill(events.initEffects(count));
                  auto numbers = events.getStimuli()[1].initEffects(count);
                  for (unsigned i = 0; i < count; ++i) numbers.set(i, i);
                  if (finish) finish(events);
                });
}

Error ErrorOf(ChunkBuffer message) {
  const Result<Chunk> chunk = Decode(std::move(message));
  return chunk ? Error{ErrorCode::kUsage, "no error", {}, {}} : chunk.error();
}

void ExpectErrorOf(ChunkBuffer message, ErrorCode code, const std::string& text = "") {
  const Error error = ErrorOf(std::move(message));
  EXPECT_EQ(error.code, code) << error.ToString();
  EXPECT_EQ(error.event, 101) << error.ToString();
  EXPECT_THAT(error.message, ::testing::HasSubstr(text));
}

void ExpectError(ErrorCode code, const Fill& fill) { ExpectErrorOf(Second(fill), code); }

void ExpectEffectError(ErrorCode code, const std::function<void(schema::Effect::Builder)>& fill) {
  const Error error = ErrorOf(WithEffects(1, [&](auto effects) { fill(effects[0]); }));
  EXPECT_EQ(error.code, code) << error.ToString();
  EXPECT_EQ(error.event, 101) << error.ToString();
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
  ExpectError(kCode, [](auto s) { s.initMemory().setSize(kMemory); });
  ExpectError(kCode, [](auto s) { s.initFrame().initFrame().setSize(kFrame); });
  ExpectEffectError(kCode, [](auto e) { e.initDmaRead().setSize(kMemory); });
  ExpectEffectError(kCode, [](auto e) { e.initDmaWrite().setSize(kMemory); });
  ExpectEffectError(kCode, [](auto e) { e.initTransmit().setSize(kFrame); });
  ExpectEffectError(kCode, [](auto e) { e.initDelivery().initFrame().setSize(kFrame); });
}

TEST(HostileMessage, TheLongestFieldsDecode) {
  EXPECT_TRUE(Decode(Second([](auto s) { s.initMemory().setSize(kMaxMemoryBytes); },
                            [](auto events) { events.initPayload(kMaxMemoryBytes); })));
  EXPECT_TRUE(Decode(WithEffects(
      1, [](auto effects) { effects[0].initTransmit().setSize(kMaxFrameBytes); },
      [](auto events) { events.initPayload(kMaxFrameBytes); })));
}

TEST(HostileMessage, TimeRunsOver) {
  ExpectErrorOf(Second([](auto s) { s.setReset(); },
                       [](auto events) {
                         events.setStartTime(5);
                         events.getDelays().set(1, kLongDelay);
                         events.initLongDelays(1).set(0, ~std::uint64_t{0} - 4);
                       }),
                ErrorCode::kOutOfOrder);
}

// --- columns that do not fit the events ---

TEST(HostileMessage, NumbersOutOfRange) {
  const auto reset = [](auto s) { s.setReset(); };
  ExpectErrorOf(Second(reset, [](auto events) { events.getOrder().set(1, 2); }),
                ErrorCode::kCorrupt, "not listed");
  ExpectErrorOf(Second(reset, [](auto events) { events.getStimuli()[1].initEffects(1); }),
                ErrorCode::kCorrupt, "not listed");
}

TEST(HostileMessage, ColumnsThatEndEarly) {
  const auto reset = [](auto s) { s.setReset(); };
  const auto frame = [](auto s) { s.initFrame().initFrame().setSize(60); };
  const auto pieces = [](auto s) {
    s.initFrame().initFrame().setSize(60);
    s.getFrame().getFrame().setPieces(true);
  };
  ExpectErrorOf(Second(reset, [](auto events) { events.getDelays().set(1, kLongDelay); }),
                ErrorCode::kCorrupt, "long delays");
  ExpectErrorOf(Second(frame, [](auto events) { events.initPayload(59); }), ErrorCode::kCorrupt,
                "payload");
  ExpectErrorOf(Second(pieces), ErrorCode::kCorrupt, "pieces");
  ExpectErrorOf(WithEffects(1, [](auto effects) { effects[0].initDmaRead(); }), ErrorCode::kCorrupt,
                "addresses");
  EXPECT_EQ(ErrorOf(Second(reset, [](auto events) { events.initDelays(1); })).code,
            ErrorCode::kCorrupt);
  EXPECT_EQ(ErrorOf(Second(reset, [](auto events) { events.initPieceSizes(1); })).code,
            ErrorCode::kCorrupt);
}

TEST(HostileMessage, ColumnsThatHoldMore) {
  const auto reset = [](auto s) { s.setReset(); };
  for (const FillEvents& more : std::vector<FillEvents>{
           [](auto events) { events.initPayload(1); }, [](auto events) { events.initAddresses(1); },
           [](auto events) { events.initLongDelays(1); },
           [](auto events) {
             events.initPieceStarts(1);
             events.initPieceSizes(1);
           }}) {
    EXPECT_EQ(ErrorOf(Second(reset, more)).code, ErrorCode::kCorrupt);
  }
}

TEST(HostileMessage, PiecesThatDoNotFit) {
  const auto of = [](std::uint32_t start, std::uint32_t size) {
    return Second(
        [](auto s) {
          s.initFrame().initFrame().setSize(60);
          s.getFrame().getFrame().setPieces(true);
        },
        [&](auto events) {
          events.initPayload(100);
          auto starts = events.initPieceStarts(2);
          auto sizes = events.initPieceSizes(2);
          starts.set(0, 70);
          sizes.set(0, 30);
          starts.set(1, start);
          sizes.set(1, size);
        });
  };
  EXPECT_TRUE(Decode(of(70, 30)));
  const std::pair<std::uint32_t, std::uint32_t> kBad[] = {{71, 30},  {0, 0},     {0, 31}, {100, 1},
                                                          {~0u, 30}, {~0u, ~0u}, {0, ~0u}};
  for (const auto& [start, size] : kBad) {
    ExpectErrorOf(of(start, size), ErrorCode::kCorrupt, "does not fit");
  }
}

TEST(HostileMessage, AddressesRelativeToNothing) {
  const auto of = [](std::uint16_t base) {
    return WithEffects(
        3,
        [&](auto effects) {
          effects[0].initDmaRead();
          effects[1].setInterrupt(true);
          effects[2].initDmaWrite().setBase(base);
        },
        [](auto events) { events.initAddresses(1); });
  };
  EXPECT_TRUE(Decode(of(1)));
  for (const int base : {2, 3, 4, 65535}) {
    ExpectErrorOf(of(static_cast<std::uint16_t>(base)), ErrorCode::kCorrupt, "no DMA before it");
  }
}

TEST(HostileMessage, ElementsOfAnotherSize) {
  capnp::MallocMessageBuilder builder;
  auto events = builder.initRoot<schema::Chunk>().initEvents();
  events.initStimuli(1)[0].setReset();
  events.initDelays(2);
  // Order as a list of 64-bit numbers, which the library would read as one of 32-bit numbers.
  constexpr unsigned kOrder = 2;
  auto pointers = builder.getRoot<capnp::AnyStruct>().getPointerSection();
  pointers[0]
      .getAs<capnp::AnyStruct>()
      .getPointerSection()[kOrder]
      .initAs<capnp::List<std::uint64_t>>(2);
  EXPECT_EQ(ErrorOf(Message(builder)).code, ErrorCode::kCorrupt);
}

// --- little that says much ---

TEST(HostileMessage, RepeatedBytesAreBounded) {
  const auto of = [](unsigned count) {
    return WithEffects(
        count,
        [&](auto effects) {
          for (auto effect : effects) {
            effect.initDmaWrite().setSize(kMaxMemoryBytes);
            effect.getDmaWrite().setPieces(true);
          }
        },
        [&](auto events) {
          events.initPayload(kMaxMemoryBytes);
          events.initAddresses(count);
          events.initPieceStarts(count);
          auto sizes = events.initPieceSizes(count);
          for (unsigned i = 0; i < count; ++i) sizes.set(i, kMaxMemoryBytes);
        });
  };
  constexpr unsigned kMost = kMaxChunkBytes / kMaxMemoryBytes;
  EXPECT_TRUE(Decode(of(kMost)));
  ExpectErrorOf(of(kMost + 1), ErrorCode::kTooLarge, "64 MiB");
}

TEST(HostileMessage, RepeatedEffectsAreBounded) {
  constexpr unsigned kEach = 10'000;
  const auto of = [](unsigned events_count) {
    capnp::MallocMessageBuilder builder;
    auto events = builder.initRoot<schema::Chunk>().initEvents();
    auto stimulus = events.initStimuli(1)[0];
    stimulus.setReset();
    stimulus.initEffects(kEach);
    events.initEffects(1)[0].setInterrupt(true);
    events.initOrder(events_count);
    events.initDelays(events_count);
    return Message(builder);
  };
  constexpr unsigned kMost = kMaxChunkEffects / kEach;
  EXPECT_TRUE(Decode(of(kMost)));
  const Error error = ErrorOf(of(kMost + 1));
  EXPECT_EQ(error.code, ErrorCode::kTooLarge);
  EXPECT_EQ(error.event, kMost);
}

TEST(HostileMessage, HugeIndices) {
  capnp::MallocMessageBuilder builder;
  auto events = builder.initRoot<schema::Chunk>().initEvents();
  events.setFirstIndex(~std::uint64_t{0});
  events.initStimuli(1)[0].setReset();
  events.initOrder(1);
  events.initDelays(1);
  EXPECT_EQ(ErrorOf(Message(builder)).code, ErrorCode::kCorrupt);
}

// A writer of another implementation may spread a message over segments.
TEST(HostileMessage, ManySegmentsDecodeTheSame) {
  const EventBatch batch = EveryEvent(7);
  const ChunkBuffer one = Encode(batch).value();
  capnp::FlatArrayMessageReader reader(
      kj::arrayPtr(reinterpret_cast<const capnp::word*>(one.words()), one.size() / 8));
  capnp::MallocMessageBuilder builder(8, capnp::AllocationStrategy::FIXED_SIZE);
  builder.setRoot(reader.getRoot<schema::Chunk>());
  ASSERT_GT(builder.getSegmentsForOutput().size(), 10u);
  const Result<Chunk> chunk = Decode(Message(builder));
  ASSERT_TRUE(chunk) << chunk.error().ToString();
  Arena arena;
  EXPECT_TRUE(Same(AllEvents(std::get<EventChunk>(*chunk), arena), batch));
}

// Old traces: structs without the fields that came later (here: nothing but the kind).
TEST(HostileMessage, ShortStructsDecodeAsDefaults) {
  std::vector<std::uint64_t> words = {0,                      // one segment; its size is set below
                                      0x0001'0001'0000'0000,  // Chunk: a word of data, a pointer
                                      1,                      // events
                                      0x0001'0001'0000'0000,  // Events: the same
                                      9,                      // firstIndex
                                      0x0000'000f'0000'0001,  // stimuli: composite, 1 word
                                      0x0000'0001'0000'0004,  // one element of 1 data word
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
      const bool empty = chunk && std::get<EventChunk>(*chunk).size() == 0;
      EXPECT_TRUE(!chunk || (empty && element_size == 7)) << element_size << " " << count;
    }
  }
}

// Many stimuli that point to one and the same long list of effects.
TEST(HostileMessage, SharedListsDoNotMultiply) {
  capnp::MallocMessageBuilder builder(1u << 20);
  auto events = builder.initRoot<schema::Chunk>().initEvents();
  auto stimuli = events.initStimuli(1000);
  for (auto stimulus : stimuli) stimulus.setReset();
  stimuli[0].initEffects(100'000);
  events.initEffects(1)[0].setInterrupt(true);
  ChunkBuffer message = Message(builder);
  // Pointers are relative; that to the effects is the last word of a stimulus.
  constexpr std::size_t kWords = capnp::sizeInWords<schema::Stimulus>();
  std::size_t at = 0;
  while (message.words()[at] >> 35 != 100'000) ++at;
  const std::uint64_t pointer = message.words()[at];
  for (std::uint64_t i = 1; i < 1000; ++i) {
    const std::uint64_t offset = ((pointer & 0xffff'ffff) >> 2) - kWords * i;
    message.words()[at + kWords * i] = (pointer & ~std::uint64_t{0xffff'ffff}) | offset << 2 | 1;
  }
  const Error error = ErrorOf(std::move(message));
  EXPECT_EQ(error.code, ErrorCode::kCorrupt) << error.ToString();
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
    Arena arena;
    RC_ASSERT(Encode(AllEvents(std::get<EventChunk>(*chunk), arena)).has_value());
  }
}

}  // namespace
}  // namespace nicreplay
