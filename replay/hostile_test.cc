// SPDX-License-Identifier: MIT
// Trace files of any bytes: each ends in a typed error, and what precedes the damage can be saved.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <set>

#include "replay/trace_testing.h"

namespace nicreplay {
namespace {

using testing::FrameOffsets;
using testing::IsPrefix;
using testing::LoadBytes;
using testing::SmallTrace;
using testing::TempFolder;

using Trace = std::vector<std::uint8_t>;

constexpr std::size_t kChunks = 3;

class Hostile : public ::testing::Test {
 protected:
  Bytes Frame(std::size_t i) const {
    return Bytes(trace).subspan(offsets[i], offsets[i + 1] - offsets[i]);
  }
  // Header 0, events 1 to 3, footer 4.
  Trace Reassemble(std::initializer_list<std::size_t> frames) const {
    Trace all;
    for (const std::size_t i : frames) all.insert(all.end(), Frame(i).begin(), Frame(i).end());
    return all;
  }
  static Trace Compressed(const Result<ChunkBuffer>& message) {
    FrameCompressor compressor;
    const Bytes bytes = compressor.Compress(message.value().bytes(), 3).value();
    return {bytes.begin(), bytes.end()};
  }
  static Error ErrorOf(const Trace& bytes) {
    const Result<LoadedTrace> loaded = LoadBytes(bytes);
    return loaded ? Error{ErrorCode::kUsage, "no error", {}, {}} : loaded.error();
  }

  const Trace trace = SmallTrace(kChunks);
  const std::vector<std::size_t> offsets = FrameOffsets(trace);
  const LoadedTrace whole = LoadBytes(trace).value();
};

TEST_F(Hostile, TheExampleIsWhole) {
  ASSERT_EQ(offsets.size(), kChunks + 3);
  EXPECT_EQ(whole.totals.stimuli, 4 * kChunks);
}

TEST_F(Hostile, CutAtEveryByte) {
  const std::set<std::size_t> boundaries(offsets.begin(), offsets.end());
  for (std::size_t size = 0; size < trace.size(); ++size) {
    const Bytes cut = Bytes(trace).first(size);
    const Result<LoadedTrace> loaded = LoadBytes(cut);
    ASSERT_FALSE(loaded) << size;
    EXPECT_EQ(loaded.error().code,
              boundaries.contains(size) ? ErrorCode::kIncomplete : ErrorCode::kTruncated)
        << size;
    const auto frames = static_cast<std::size_t>(
        std::upper_bound(offsets.begin() + 1, offsets.end(), size) - offsets.begin() - 1);
    EXPECT_EQ(loaded.error().chunk, frames) << size;
    if (frames == 0) continue;
    const LoadedTrace saved = LoadBytes(cut, Salvage::kYes).value();
    EXPECT_TRUE(IsPrefix(saved, whole, std::min(frames - 1, kChunks))) << size;
    EXPECT_EQ(saved.error->code, loaded.error().code) << size;
  }
}

TEST_F(Hostile, EveryByteFlipped) {
  std::size_t harmless = 0;
  for (std::size_t at = 0; at < trace.size(); ++at) {
    const auto frame = static_cast<std::size_t>(
        std::upper_bound(offsets.begin(), offsets.end(), at) - offsets.begin() - 1);
    for (const unsigned mask : {0x01u, 0x02u, 0x04u, 0x08u, 0x10u, 0x20u, 0x40u, 0x80u, 0xffu}) {
      Trace bytes = trace;
      bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ mask);
      const Result<LoadedTrace> loaded = LoadBytes(bytes);
      if (loaded) {
        ++harmless;
        EXPECT_TRUE(IsPrefix(*loaded, whole, kChunks)) << at;
        EXPECT_EQ(loaded->footer, whole.footer) << at;
        continue;
      }
      EXPECT_EQ(loaded.error().chunk, frame) << at;
      if (frame == 0) continue;
      const LoadedTrace saved = LoadBytes(bytes, Salvage::kYes).value();
      EXPECT_TRUE(IsPrefix(saved, whole, std::min(frame - 1, kChunks))) << at;
    }
  }
  // Some bits of a zstd frame do not matter (RFC 8878: the unused bit of the frame header
  // descriptor, weights of symbols that do not occur); the content's checksum shows that nothing
  // else passes.
  EXPECT_GE(harmless, offsets.size() - 1);
  EXPECT_LE(harmless, trace.size() * 9 / 20);
}

TEST_F(Hostile, ChunksOutOfOrder) {
  const struct {
    std::initializer_list<std::size_t> frames;
    ErrorCode code;
    std::uint64_t chunk;
  } kCases[] = {
      {{1, 2, 3, 4}, ErrorCode::kOutOfOrder, 0},        // no header
      {{4}, ErrorCode::kOutOfOrder, 0},                 // nothing but the footer
      {{0, 0, 1, 2, 3, 4}, ErrorCode::kOutOfOrder, 1},  // two headers
      {{0, 1, 2, 3, 0, 4}, ErrorCode::kOutOfOrder, 4},  // a header later
      {{0, 2, 3, 4}, ErrorCode::kOutOfOrder, 1},        // the first chunk gone
      {{0, 1, 3, 4}, ErrorCode::kOutOfOrder, 2},        // one in the middle gone
      {{0, 1, 2, 4}, ErrorCode::kCorrupt, 3},           // the last one gone: other totals
      {{0, 4}, ErrorCode::kCorrupt, 1},                 // all gone
      {{0, 1, 1, 2, 3, 4}, ErrorCode::kOutOfOrder, 2},  // one twice
      {{0, 1, 3, 2, 4}, ErrorCode::kOutOfOrder, 2},     // two swapped
      {{0, 1, 2, 3, 4, 4}, ErrorCode::kOutOfOrder, 5},  // two footers
      {{0, 1, 2, 3, 4, 0}, ErrorCode::kOutOfOrder, 5},  // something behind the footer
      {{0, 1, 2, 3}, ErrorCode::kIncomplete, 4},        // no footer
      {{0}, ErrorCode::kIncomplete, 1},                 // nothing but the header
  };
  for (const auto& [frames, code, chunk] : kCases) {
    const Trace bytes = Reassemble(frames);
    const Error error = ErrorOf(bytes);
    EXPECT_EQ(error.code, code) << error.ToString();
    EXPECT_EQ(error.chunk, chunk) << error.ToString();
    if (*frames.begin() != 0) continue;
    const LoadedTrace saved = LoadBytes(bytes, Salvage::kYes).value();
    EXPECT_TRUE(IsPrefix(saved, whole, std::min<std::size_t>(chunk - 1, kChunks)));
  }
}

TEST_F(Hostile, TimeRunsBackwardsBetweenChunks) {
  EventBatch early = testing::EveryEvent(4);
  for (Stimulus& stimulus : early.stimuli) stimulus.time = 0;
  Trace bytes = Reassemble({0, 1});
  const Trace extra = Compressed(Encode(early));
  bytes.insert(bytes.end(), extra.begin(), extra.end());
  const Error error = ErrorOf(bytes);
  EXPECT_EQ(error.code, ErrorCode::kOutOfOrder);
  EXPECT_EQ(error.chunk, 2);
  EXPECT_EQ(error.event, 4);
}

TEST_F(Hostile, AFooterThatSaysSomethingElse) {
  for (const std::function<void(TraceFooter&)>& lie :
       std::vector<std::function<void(TraceFooter&)>>{
           [](TraceFooter& f) { ++f.totals.stimuli; }, [](TraceFooter& f) { --f.totals.effects; },
           [](TraceFooter& f) { f.totals.frames_out = 0; },
           [](TraceFooter& f) { ++f.chunks[1].offset; },
           [](TraceFooter& f) { f.chunks.pop_back(); }}) {
    TraceFooter footer = *whole.footer;
    lie(footer);
    Trace bytes = Reassemble({0, 1, 2, 3});
    const Trace extra = Compressed(Encode(footer));
    bytes.insert(bytes.end(), extra.begin(), extra.end());
    EXPECT_EQ(ErrorOf(bytes).code, ErrorCode::kCorrupt);
    EXPECT_EQ(ErrorOf(bytes).chunk, 4);
  }
}

TEST_F(Hostile, AFutureVersionSaysSo) {
  TraceHeader header = testing::ExampleHeader();
  header.version = kTraceVersion + 1;
  Trace bytes = Compressed(Encode(header));
  EXPECT_EQ(ErrorOf(bytes).code, ErrorCode::kFutureVersion);
  EXPECT_EQ(ErrorOf(bytes).chunk, 0);
}

TEST_F(Hostile, NotATrace) {
  const std::string texts[] = {"hello, world, this is a text and nothing else",
                               std::string(100'000, '\0'), "\x1f\x8b\x08", "\x28", "x"};
  for (const std::string& text : texts) {
    const Trace bytes(text.begin(), text.end());
    const ErrorCode expected = text == "\x28" ? ErrorCode::kTruncated : ErrorCode::kCorrupt;
    EXPECT_EQ(ErrorOf(bytes).code, expected) << text.substr(0, 8);
    EXPECT_EQ(LoadBytes(bytes, Salvage::kYes).error().code, expected);
  }
}

TEST_F(Hostile, GarbageBehindTheFooter) {
  Trace bytes = trace;
  bytes.insert(bytes.end(), {'x', 'y', 'z', 'a', 'b', 'c'});
  EXPECT_EQ(ErrorOf(bytes).code, ErrorCode::kCorrupt);
  EXPECT_EQ(ErrorOf(bytes).chunk, 5);
  const LoadedTrace saved = LoadBytes(bytes, Salvage::kYes).value();
  EXPECT_TRUE(IsPrefix(saved, whole, kChunks));
  EXPECT_TRUE(saved.footer);
}

// A zstd frame (RFC 8878, 3.1.1) of RLE blocks: 4 bytes for each 128 KiB of content.
Trace Bomb(std::uint64_t says, std::uint64_t holds) {
  Trace frame = {0x28, 0xb5, 0x2f, 0xfd, 0xc4, 0x58};  // content size of 8 bytes, checksum, window
  for (int i = 0; i < 8; ++i) frame.push_back(static_cast<std::uint8_t>(says >> (8 * i)));
  constexpr std::uint64_t kBlock = 128u << 10;
  for (std::uint64_t at = 0; at < holds; at += kBlock) {
    const std::uint64_t size = std::min(kBlock, holds - at);
    const std::uint64_t block = (at + size == holds ? 1u : 0u) | 1u << 1 | size << 3;
    for (int i = 0; i < 3; ++i) frame.push_back(static_cast<std::uint8_t>(block >> (8 * i)));
    frame.push_back(0);
  }
  frame.insert(frame.end(), 4, 0);
  return frame;
}

TEST_F(Hostile, DecompressionBombs) {
  constexpr std::uint64_t kLimit = kMaxChunkBytes;
  EXPECT_EQ(ErrorOf(Bomb(kLimit + 1, kLimit + 1)).code, ErrorCode::kTooLarge);
  EXPECT_EQ(ErrorOf(Bomb(std::uint64_t{1} << 62, 1000)).code, ErrorCode::kTooLarge);
  EXPECT_EQ(ErrorOf(Bomb(1000, 10 * kLimit)).code, ErrorCode::kCorrupt);  // more than it says
  EXPECT_EQ(ErrorOf(Bomb(1'000'000, 1000)).code, ErrorCode::kCorrupt);    // less
  EXPECT_EQ(ErrorOf(Bomb(0, 0)).code, ErrorCode::kTruncated);             // no block at all
}

TEST_F(Hostile, AFrameOfEmptyBlocksWithoutEnd) {
  Trace frame = {0x28, 0xb5, 0x2f, 0xfd, 0xc4, 0x58, 8, 0, 0, 0, 0, 0, 0, 0};
  frame.resize(1'000'000, 0);  // raw blocks of no bytes
  EXPECT_EQ(ErrorOf(frame).code, ErrorCode::kCorrupt);
}

TEST_F(Hostile, FramesWithoutSizeOrChecksum) {
  EXPECT_EQ(ErrorOf({0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58, 0x01, 0, 0, 0, 0, 0, 0}).code,
            ErrorCode::kCorrupt);
  EXPECT_EQ(ErrorOf({0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x08, 0x01, 0, 0}).code, ErrorCode::kCorrupt);
}

TEST_F(Hostile, TheSameFromAFile) {
  const TempFolder folder;
  const std::string path = folder / "x.nrt";
  for (std::size_t at = 0; at < trace.size(); at += 7) {
    Trace bytes = trace;
    bytes[at] ^= 0x40;
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<char*>(bytes.data()), trace.size());
    const auto from_file = LoadTrace(path);
    const auto from_memory = LoadBytes(bytes);
    ASSERT_EQ(from_file.has_value(), from_memory.has_value());
    if (from_file) continue;
    EXPECT_EQ(from_file.error().ToString(), from_memory.error().ToString());
  }
}

// --- killed recorders ---

// Records for ever, a byte on `progress` after each chunk.
[[noreturn]] void RecordForEver(const std::string& path, int progress) {
  auto writer = TraceWriter::Create(path, testing::ExampleHeader(), {.chunk_bytes = 60'000});
  if (!writer) _exit(1);
  for (Nanoseconds time = 0;; time += 1000) {
    const std::size_t chunks = (*writer)->chunks();
    testing::Append(**writer, testing::Later(testing::EveryEvent(0), time));
    if ((*writer)->chunks() != chunks && write(progress, "x", 1) != 1) _exit(1);
  }
}

TEST_F(Hostile, AKilledRecorderLeavesItsWholeChunks) {
  const TempFolder folder;
  const std::string path = folder / "killed.nrt";
  for (const int chunks : {0, 1, 2, 3, 5, 8, 13}) {
    int pipes[2];
    ASSERT_EQ(pipe(pipes), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) RecordForEver(path, pipes[1]);
    close(pipes[1]);
    char done;
    for (int i = 0; i < chunks; ++i) ASSERT_EQ(read(pipes[0], &done, 1), 1);
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    close(pipes[0]);
    EXPECT_FALSE(std::filesystem::exists(path));
    const std::string left = path + kIncompleteSuffix;
    if (chunks == 0 && !std::filesystem::exists(left)) continue;
    const Result<LoadedTrace> loaded = LoadTrace(left);
    ASSERT_FALSE(loaded);
    EXPECT_THAT(loaded.error().code,
                ::testing::AnyOf(ErrorCode::kIncomplete, ErrorCode::kTruncated));
    const Result<LoadedTrace> saved = LoadTrace(left, Salvage::kYes);
    if (chunks == 0 && !saved) continue;  // killed before its header
    EXPECT_GE(saved->chunks.size(), static_cast<std::size_t>(chunks));
    EXPECT_EQ(saved->error->code, loaded.error().code);
  }
}

}  // namespace
}  // namespace nicreplay
