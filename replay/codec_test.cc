// SPDX-License-Identifier: MIT
#include "replay/codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "replay/event_testing.h"
#include "replay/trace.capnp.h"

namespace nicreplay {
namespace {

using testing::EveryEvent;
using testing::Same;

constexpr std::uint32_t kVersion = schema::CURRENT_VERSION;

// A decoded chunk with its events.
struct Decoded {
  explicit Decoded(ChunkBuffer message) {
    Result<Chunk> decoded = Decode(std::move(message));
    if (!decoded) throw std::runtime_error(decoded.error().ToString());
    chunk = std::get<EventChunk>(std::move(*decoded));
    batch = AllEvents(chunk, arena);
  }

  EventChunk chunk;
  Arena arena;
  EventBatch batch;
};

TEST(Codec, ExamplesHoldEveryAlternative) {
  const EventBatch batch = EveryEvent(0);
  std::set<StimulusKind> stimuli;
  std::set<EffectKind> effects;
  for (const Stimulus& stimulus : batch.stimuli) stimuli.insert(stimulus.kind);
  for (const Effect& effect : batch.effects) effects.insert(effect.kind);
  EXPECT_EQ(stimuli.size(), kStimulusKinds);
  EXPECT_EQ(effects.size(), kEffectKinds);
}

TEST(Codec, EveryAlternativeRoundTrips) {
  const EventBatch batch = EveryEvent(42);
  EXPECT_TRUE(Same(batch, Decoded(Encode(batch).value()).batch));
}

TEST(Codec, MovingAChunkKeepsItsBytes) {
  const EventBatch batch = EveryEvent(0);
  Decoded first(Encode(batch).value());
  const EventChunk second = std::move(first.chunk);
  Arena arena;
  EXPECT_TRUE(Same(batch, AllEvents(second, arena)));
}

TEST(Codec, EncodedBoundHolds) {
  const EventBatch batch = EveryEvent(0);
  std::size_t bound = 0;
  for (const Stimulus& stimulus : batch.stimuli) {
    bound += EncodedBound(stimulus, batch.EffectsOf(stimulus));
  }
  EXPECT_LE(Encode(batch).value().size(), bound + kMessageOverhead);
}

TEST(Codec, EncodedBoundIsCloseWhereNothingRepeats) {
  EventBatch batch;
  std::size_t bound = 0;
  for (std::uint32_t i = 0; i < 60; ++i) {
    batch.stimuli.push_back({.time = Nanoseconds{i} << 20,
                             .data = testing::Payload().data() + 1000 * i,
                             .data_size = 1000 - i,
                             .kind = StimulusKind::kFrame});
    bound += EncodedBound(batch.stimuli.back(), {});
  }
  const std::size_t size = Encode(batch).value().size();
  EXPECT_LE(size, bound + kMessageOverhead);
  EXPECT_GE(size + size / 8, bound);
}

TEST(Codec, WhatRepeatsIsWrittenOnce) {
  EventBatch batch;
  const std::uint8_t* const bytes = testing::Payload().data();
  for (std::uint32_t i = 0; i < 1000; ++i) {
    // Every frame begins anew and goes on with some of the same 8 KiB.
    batch.effects.push_back(
        {.data = bytes + 10 * i, .data_size = 54, .kind = EffectKind::kDmaRead});
    batch.effects.push_back({.address = 0x1234'5678'9abc,
                             .data = bytes + 60'000 + i,
                             .data_size = 7000,
                             .kind = EffectKind::kDmaWrite});
    batch.stimuli.push_back(
        {.time = i, .first_effect = 2 * i, .effect_count = 2, .kind = StimulusKind::kReset});
  }
  const ChunkBuffer message = Encode(batch).value();
  EXPECT_LT(message.size(), 200'000u) << "of seven million bytes";
  EXPECT_TRUE(Same(batch, Decoded(Encode(batch).value()).batch));
}

// Such frames have pieces of the same sizes at other places.
TEST(Codec, FramesThatDifferInTheirHeadersOnly) {
  constexpr std::uint32_t kHeader = 54;
  constexpr std::uint32_t kSize = 1514;
  const Bytes data = Bytes(testing::Payload()).first(kSize);
  EventBatch batch;
  std::deque<std::vector<std::uint8_t>> frames;
  for (std::uint8_t i = 0; i < 10; ++i) {
    std::vector<std::uint8_t>& frame = frames.emplace_back(data.begin(), data.end());
    if (i != 0) std::fill_n(frame.begin(), kHeader, i);
    batch.stimuli.push_back(
        {.data = frame.data(), .data_size = kSize, .kind = StimulusKind::kFrame});
  }
  EXPECT_TRUE(Same(batch, Decoded(Encode(batch).value()).batch));
}

// A decoder that gives its memory to the next one must not give anything else.
TEST(Codec, AUsedChunkLeavesNothingBehind) {
  const EventBatch batch = EveryEvent(3);
  Decoded first(Encode(EveryEvent(42)).value());
  const Result<Chunk> second = Decode(Encode(batch).value(), std::move(first.chunk));
  const EventChunk& chunk = std::get<EventChunk>(*second);
  Arena arena;
  EXPECT_TRUE(Same(batch, AllEvents(chunk, arena)));
  EXPECT_EQ(chunk.totals.stimuli, batch.stimuli.size());
}

TEST(Codec, HeaderAndFooterRoundTrip) {
  const TraceHeader header = {kVersion, "e1000-stock", "mac=52:54:00:12:34:56", "test",
                              "no guest at all"};
  EXPECT_EQ(std::get<TraceHeader>(Decode(Encode(header).value()).value()), header);
  const TraceFooter footer = {
      {.stimuli = 1, .effects = 2, .frames_in = 3, .frames_out = 4, .bytes_in = 5, .bytes_out = 6},
      {7, 8},
      {{9, 10, 11}, {12, 13, 14}}};
  EXPECT_EQ(std::get<TraceFooter>(Decode(Encode(footer).value()).value()), footer);
}

TEST(Codec, FutureVersionSaysSo) {
  const TraceHeader header = {kVersion + 1, "m", "", "", ""};
  EXPECT_EQ(Decode(Encode(header).value()).error().code, ErrorCode::kFutureVersion);
}

TEST(Codec, PastVersionsSaySo) {
  for (std::uint32_t version = 1; version < kVersion; ++version) {
    const TraceHeader header = {version, "m", "", "", ""};
    EXPECT_EQ(Decode(Encode(header).value()).error().code, ErrorCode::kPastVersion);
  }
}

TEST(Codec, HeaderTextsAreBounded) {
  const TraceHeader header = {kVersion, std::string(kMaxTextBytes + 1, 'x'), "", "", ""};
  EXPECT_EQ(Encode(header).error().code, ErrorCode::kTooLarge);
}

EventBatch BatchOf(Stimulus stimulus, std::vector<Effect> effects = {}) {
  stimulus.effect_count = static_cast<std::uint32_t>(effects.size());
  return {.first_index = 5, .stimuli = {stimulus}, .effects = std::move(effects)};
}

TEST(Codec, RefusesToWriteWhatItWouldNotRead) {
  const std::vector<std::uint8_t> big(kMaxMemoryBytes + 1);
  const auto size = static_cast<std::uint32_t>(big.size());
  const struct {
    EventBatch batch;
    ErrorCode code;
  } kCases[] = {
      {BatchOf({.kind = StimulusKind::kRead, .bar = 6, .size = 4}), ErrorCode::kCorrupt},
      {BatchOf({.kind = StimulusKind::kWrite, .size = 3}), ErrorCode::kCorrupt},
      {BatchOf({.kind = StimulusKind::kConfigRead, .size = 8}), ErrorCode::kCorrupt},
      {BatchOf({.offset = 256, .kind = StimulusKind::kConfigWrite, .size = 1}),
       ErrorCode::kCorrupt},
      {BatchOf({.data = big.data(), .data_size = size, .kind = StimulusKind::kMemory}),
       ErrorCode::kTooLarge},
      {BatchOf({.data = big.data(), .data_size = kMaxFrameBytes + 1, .kind = StimulusKind::kFrame}),
       ErrorCode::kTooLarge},
      {BatchOf({.kind = StimulusKind::kLink, .detail = 2}), ErrorCode::kCorrupt},
      {BatchOf({.kind = StimulusKind::kReset},
               {{.data = big.data(), .data_size = size, .kind = EffectKind::kDmaRead}}),
       ErrorCode::kTooLarge},
      {BatchOf({.kind = StimulusKind::kReset}, {{.kind = EffectKind::kReady, .detail = 2}}),
       ErrorCode::kCorrupt},
  };
  for (const auto& [batch, code] : kCases) {
    const Result<ChunkBuffer> encoded = Encode(batch);
    ASSERT_FALSE(encoded) << static_cast<int>(batch.stimuli[0].kind);
    EXPECT_EQ(encoded.error().code, code);
    EXPECT_EQ(encoded.error().event, 5);
  }
}

TEST(Codec, TimeRunsForwards) {
  EventBatch batch = BatchOf({.time = 10, .kind = StimulusKind::kReset});
  batch.stimuli.push_back({.time = 9, .kind = StimulusKind::kReset});
  const Result<Chunk> decoded = Decode(Encode(batch).value());
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, ErrorCode::kOutOfOrder);
  EXPECT_EQ(decoded.error().event, 6);
}

// --- random batches ---

Bytes RandomPayload() {
  const std::size_t size = *rc::gen::inRange<std::size_t>(0, 300);
  const std::size_t start = *rc::gen::inRange<std::size_t>(0, testing::Payload().size() - size);
  return Bytes(testing::Payload()).subspan(start, size);
}

const Offload* RandomOffload(std::deque<Offload>& offloads) {
  if (*rc::gen::arbitrary<bool>()) return nullptr;
  const auto number = rc::gen::arbitrary<std::uint16_t>();
  offloads.push_back({*rc::gen::arbitrary<std::uint8_t>(), *rc::gen::arbitrary<std::uint8_t>(),
                      *number, *number, *number, *number});
  return &offloads.back();
}

// One of the examples with its numbers replaced.
template <typename Event>
void Randomize(Event& event, std::deque<Offload>& offloads) {
  if (event.data_size == 0) return;
  const Bytes bytes = RandomPayload();
  event.data = bytes.data();
  event.data_size = static_cast<std::uint32_t>(bytes.size());
  if (event.offload != nullptr) event.offload = RandomOffload(offloads);
}

EventBatch RandomBatch(std::deque<Offload>& offloads) {
  EventBatch batch;
  batch.first_index = *rc::gen::inRange<std::uint64_t>(0, std::uint64_t{1} << 40);
  Nanoseconds time = 0;
  const std::vector<Stimulus> stimuli =
      *rc::gen::container<std::vector<Stimulus>>(rc::gen::elementOf(testing::EveryStimulus()));
  for (Stimulus stimulus : stimuli) {
    stimulus.time = time += *rc::gen::inRange<Nanoseconds>(0, 1'000'000);
    Randomize(stimulus, offloads);
    if (stimulus.kind == StimulusKind::kRead || stimulus.kind == StimulusKind::kWrite) {
      stimulus.value = *rc::gen::arbitrary<std::uint64_t>();
      stimulus.offset = *rc::gen::arbitrary<std::uint32_t>();
    }
    auto effects =
        *rc::gen::container<std::vector<Effect>>(rc::gen::elementOf(testing::EveryEffect()));
    for (Effect& effect : effects) Randomize(effect, offloads);
    stimulus.first_effect = static_cast<std::uint32_t>(batch.effects.size());
    stimulus.effect_count = static_cast<std::uint32_t>(effects.size());
    batch.stimuli.push_back(stimulus);
    batch.effects.insert(batch.effects.end(), effects.begin(), effects.end());
  }
  return batch;
}

RC_GTEST_PROP(CodecProperty, RandomBatchesRoundTrip, ()) {
  std::deque<Offload> offloads;
  const EventBatch batch = RandomBatch(offloads);
  RC_ASSERT(Same(batch, Decoded(Encode(batch).value()).batch));
}

RC_GTEST_PROP(CodecProperty, AnyWordsDecodeOrGiveAnError,
              (const std::vector<std::uint64_t>& words)) {
  ChunkBuffer message(words.size() * 8);
  std::copy(words.begin(), words.end(), message.words());
  const Result<Chunk> chunk = Decode(std::move(message));
  RC_ASSERT(chunk.has_value() || !chunk.error().message.empty());
}

}  // namespace
}  // namespace nicreplay
