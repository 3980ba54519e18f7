// SPDX-License-Identifier: MIT
#include "replay/stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <zstd.h>

#include <cstdlib>
#include <fstream>
#include <map>

#include "replay/trace_testing.h"

namespace nicreplay {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

using testing::Append;
using testing::EveryEvent;
using testing::ExampleHeader;
using testing::FileBytes;
using testing::Later;
using testing::Same;
using testing::TempFolder;

constexpr std::size_t kEvents = 26;  // of EveryEvent

class Stream : public ::testing::Test {
 protected:
  std::unique_ptr<TraceWriter> NewWriter(const WriterOptions& options = {}) {
    return TraceWriter::Create(path, ExampleHeader(), options).value();
  }

  TempFolder folder;
  const std::string path = folder / "session.nrt";
  const std::string incomplete = path + kIncompleteSuffix;
};

TEST_F(Stream, WhatWasWrittenIsRead) {
  auto writer = NewWriter();
  const EventBatch batch = EveryEvent(0);
  Append(*writer, batch);
  EXPECT_FALSE(std::filesystem::exists(path));
  const TraceFooter footer = writer->Finish().value();
  EXPECT_FALSE(std::filesystem::exists(incomplete));
  const LoadedTrace trace = LoadTrace(path).value();
  EXPECT_EQ(trace.header, ExampleHeader());
  ASSERT_EQ(trace.chunks.size(), 1u);
  EXPECT_TRUE(testing::Holds(trace.chunks[0], batch));
  EXPECT_EQ(trace.footer, footer);
  EXPECT_EQ(trace.totals, footer.totals);
  EXPECT_FALSE(trace.error);
  DigestBuilder digest;
  for (const Stimulus& stimulus : batch.stimuli) digest.Add(stimulus, batch.EffectsOf(stimulus));
  EXPECT_EQ(footer.digest, digest.Finish());
}

TEST_F(Stream, TotalsCountFramesOnce) {
  auto writer = NewWriter();
  Append(*writer, EveryEvent(0));
  const TraceTotals totals = writer->Finish().value().totals;
  const std::uint64_t with_effects = kEvents / 2;
  EXPECT_EQ(totals.stimuli, kEvents);
  EXPECT_EQ(totals.effects, with_effects * testing::EveryEffect().size());
  EXPECT_EQ(totals.frames_out, with_effects * 2);
  EXPECT_EQ(totals.bytes_out, with_effects * (60 + testing::kSuperFrame));
  EXPECT_EQ(totals.frames_in, 4 + with_effects);  // the delivery that was kept does not count
  EXPECT_EQ(totals.bytes_in, 2 * (1514 + 64) + with_effects * 61);
}

TEST_F(Stream, AnEmptySessionIsATrace) {
  NewWriter()->Finish().value();
  const LoadedTrace trace = LoadTrace(path).value();
  EXPECT_TRUE(trace.chunks.empty());
  EXPECT_EQ(trace.footer->totals, TraceTotals());
}

TEST_F(Stream, ChunksAreCutBySizeAndByCount) {
  auto by_count = NewWriter({.chunk_stimuli = 5});
  Append(*by_count, EveryEvent(0));
  by_count->Finish().value();
  const LoadedTrace trace = LoadTrace(path).value();
  ASSERT_EQ(trace.chunks.size(), 6u);
  EXPECT_EQ(trace.chunks[0].size(), 5u);
  EXPECT_EQ(trace.chunks[5].size(), 1u);
  EXPECT_EQ(trace.chunks[5].first_index, 25u);
  constexpr std::size_t kLimit = 13'000;
  auto by_size = NewWriter({.chunk_bytes = kLimit});
  Append(*by_size, EveryEvent(0));
  by_size->Finish().value();
  TraceReader reader = TraceReader::Open(path).value();
  std::size_t chunks = 0;
  while (auto chunk = reader.Next().value()) {
    const auto* events = std::get_if<EventChunk>(&*chunk);
    if (events == nullptr) continue;
    ++chunks;
    EXPECT_TRUE(reader.content_size() <= kLimit + kMessageOverhead || events->size() == 1);
  }
  EXPECT_GE(chunks, kEvents / 2);  // a stimulus with every effect in each
  EXPECT_LT(chunks, kEvents);
}

TEST_F(Stream, RecycledChunksReadTheSame) {
  auto writer = NewWriter({.chunk_stimuli = 7});
  const EventBatch batch = EveryEvent(0);
  Append(*writer, batch);
  writer->Finish().value();
  TraceReader reader = TraceReader::Open(path).value();
  std::size_t at = 0;
  while (auto chunk = reader.Next().value()) {
    auto* events = std::get_if<EventChunk>(&*chunk);
    if (events == nullptr) continue;
    Arena arena;
    const EventBatch got = AllEvents(*events, arena);
    for (const Stimulus& stimulus : got.stimuli) {
      EXPECT_TRUE(Same(stimulus, batch.stimuli[at]));
      EXPECT_EQ(stimulus.effect_count, batch.stimuli[at++].effect_count);
    }
    reader.Recycle(std::move(*events));
  }
  EXPECT_EQ(at, kEvents);
}

TEST_F(Stream, FramesHaveSizeAndChecksum) {
  NewWriter()->Finish().value();
  const std::vector<std::uint8_t> bytes = FileBytes(path);
  EXPECT_LT(ZSTD_getFrameContentSize(bytes.data(), bytes.size()), 1000u);
  EXPECT_TRUE(bytes[4] & 4);  // RFC 8878, 3.1.1.1.1: Content_Checksum_flag
}

TEST_F(Stream, RepeatedRandomPayloadCostsLittle) {
  std::vector<std::uint8_t> payload;
  while (payload.size() < 128u << 10) {
    payload.insert(payload.end(), testing::Payload().begin(), testing::Payload().end());
    for (std::uint8_t& byte : payload) byte = static_cast<std::uint8_t>(byte * 5 + payload.size());
  }
  payload.resize(128u << 10);
  for (const std::size_t frame : {1448u, 9000u, 65'000u}) {
    auto writer = NewWriter();
    std::uint64_t raw = 0;
    for (std::size_t at = 0; raw < 3u << 20; at = (at + frame) % (payload.size() - frame)) {
      const Effect effect = {.data = &payload[at],
                             .data_size = static_cast<std::uint32_t>(frame),
                             .kind = EffectKind::kTransmit};
      writer->Append({.time = raw, .kind = StimulusKind::kWrite, .size = 4}, {&effect, 1});
      raw += frame;
    }
    writer->Finish().value();
    EXPECT_LT(std::filesystem::file_size(path), 200u << 10) << frame;
  }
}

TEST_F(Stream, AWriterWithoutFinishLeavesWhatItHad) {
  {
    auto writer = NewWriter();
    Append(*writer, EveryEvent(0));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_EQ(LoadTrace(incomplete).error().code, ErrorCode::kIncomplete);
  const LoadedTrace trace = LoadTrace(incomplete, Salvage::kYes).value();
  EXPECT_TRUE(testing::Holds(trace.chunks.at(0), EveryEvent(0)));
  EXPECT_EQ(trace.error->code, ErrorCode::kIncomplete);
  EXPECT_EQ(trace.error->chunk, 2);
  EXPECT_EQ(trace.totals.stimuli, kEvents);
}

TEST_F(Stream, AFailedRecordingKeepsItsNameAndItsEvents) {
  auto writer = NewWriter();
  Append(*writer, EveryEvent(0));
  writer->OnRecordingFailed({ErrorCode::kTooLarge, "too much", {}, kEvents});
  Append(*writer, Later(EveryEvent(0), 10'000));
  EXPECT_EQ(writer->Finish().error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(writer->Finish().error().code, ErrorCode::kTooLarge);
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_EQ(LoadTrace(incomplete, Salvage::kYes).value().totals.stimuli, kEvents);
}

TEST_F(Stream, EventsThatDoNotFitEndTheRecording) {
  const std::vector<std::uint8_t> big(kMaxFrameBytes + 1);
  const Stimulus frame = {.time = 5,
                          .data = big.data(),
                          .data_size = static_cast<std::uint32_t>(big.size()),
                          .kind = StimulusKind::kFrame};
  auto writer = NewWriter();
  writer->Append({.time = 5, .kind = StimulusKind::kReset}, {});
  writer->Append(frame, {});
  const Result<TraceFooter> result = writer->Finish();
  EXPECT_EQ(result.error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(result.error().event, 1);
  writer.reset();
  writer = NewWriter();
  writer->Append({.time = 5, .kind = StimulusKind::kReset}, {});
  writer->Append({.time = 4, .kind = StimulusKind::kReset}, {});
  EXPECT_EQ(writer->Finish().error().code, ErrorCode::kOutOfOrder);
}

TEST_F(Stream, AStimulusOverTheChunkLimitEndsTheRecording) {
  const std::vector<std::uint8_t> bytes(16u << 20);
  const Effect effect = {.data = bytes.data(),
                         .data_size = static_cast<std::uint32_t>(bytes.size()),
                         .kind = EffectKind::kDmaWrite};
  auto writer = NewWriter();
  writer->Append({.kind = StimulusKind::kReset}, std::vector<Effect>(3, effect));
  EXPECT_FALSE(writer->error());
  writer->Append({.kind = StimulusKind::kReset}, std::vector<Effect>(4, effect));
  EXPECT_EQ(writer->Finish().error().code, ErrorCode::kTooLarge);
}

// Writes beyond `limit` bytes of a file fail while it lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t limit) {
    handler_ = signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now = {limit, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

TEST_F(Stream, AWriteErrorIsReportedAtTheEnd) {
  auto writer = NewWriter();
  Append(*writer, EveryEvent(0));
  writer->Flush();
  const auto size = std::filesystem::file_size(incomplete);
  {
    FileSizeLimit limit(size + 100);
    Append(*writer, Later(EveryEvent(0), 10'000));
    writer->Flush();
    EXPECT_TRUE(writer->error());
  }
  Append(*writer, Later(EveryEvent(0), 20'000));
  EXPECT_EQ(writer->Finish().error().code, ErrorCode::kIo);
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_EQ(LoadTrace(incomplete, Salvage::kYes).value().totals.stimuli, kEvents);
}

TEST_F(Stream, AFolderThatIsNotThereIsAnError) {
  const auto writer = TraceWriter::Create(folder / "none/x.nrt", ExampleHeader());
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().code, ErrorCode::kIo);
  EXPECT_EQ(TraceReader::Open(folder / "none").error().code, ErrorCode::kIo);
  EXPECT_EQ(LoadTrace(folder / ".").error().code, ErrorCode::kIo);
}

TEST_F(Stream, ANameThatCannotBeTakenIsAnError) {
  auto writer = NewWriter();
  std::filesystem::create_directories(std::filesystem::path(path) / "occupied");
  EXPECT_EQ(writer->Finish().error().code, ErrorCode::kIo);
  EXPECT_EQ(LoadTrace(incomplete).value().footer->totals, TraceTotals());
}

TEST_F(Stream, TwoRecordersDoNotShareAName) {
  auto first = NewWriter();
  Append(*first, EveryEvent(0));
  EXPECT_EQ(TraceWriter::Create(path, ExampleHeader()).error().code, ErrorCode::kIo);
  EXPECT_TRUE(first->Finish());
  EXPECT_EQ(LoadTrace(path).value().totals.stimuli, kEvents);
}

TEST_F(Stream, ALongTraceIsNotLoadedAtOnce) {
  auto writer = NewWriter({.chunk_stimuli = 10});
  Append(*writer, EveryEvent(0));
  writer->Finish().value();
  const auto open = [&] { return TraceReader::Open(path).value(); };
  EXPECT_EQ(LoadTrace(open(), Salvage::kNo, 100'000).error().code, ErrorCode::kTooLarge);
  const LoadedTrace part = LoadTrace(open(), Salvage::kYes, 100'000).value();
  EXPECT_EQ(part.error->code, ErrorCode::kTooLarge);
  EXPECT_EQ(part.chunks.size(), 1u);
  EXPECT_EQ(part.totals.stimuli, 10u);
  EXPECT_EQ(part.error->chunk, 2);
}

// Format is a promise to those who have no tool of ours.
TEST_F(Stream, ToolsOfOthersPrintAnyTrace) {
  ASSERT_EQ(std::system("command -v zstd capnp >/dev/null"), 0) << "install zstd and capnproto";
  auto writer = NewWriter({.chunk_stimuli = 3});
  Append(*writer, EveryEvent(0));
  writer->Finish().value();
  const std::string text = folder / "text";
  const std::string command =
      "bash -c 'set -o pipefail; zstd -dc " + path +
      " | capnp decode --short " NICREPLAY_SOURCE_DIR "/replay/trace.capnp Chunk >" + text + "'";
  ASSERT_EQ(std::system(command.c_str()), 0);
  std::ifstream file(text);
  std::map<std::string, std::size_t> lines;  // by their first word
  std::size_t events = 0;
  for (std::string line; std::getline(file, line);) {
    ++lines[line.substr(0, line.find(' '))];
    const auto order = line.find("order = [");
    if (order == line.npos) continue;
    const std::string numbers = line.substr(order, line.find(']', order) - order);
    events += 1 + static_cast<std::size_t>(std::ranges::count(numbers, ','));
  }
  EXPECT_THAT(lines, ElementsAre(Pair("(events", 9), Pair("(footer", 1), Pair("(header", 1)));
  EXPECT_EQ(events, kEvents);
}

}  // namespace
}  // namespace nicreplay
