// SPDX-License-Identifier: MIT
// Trace files (.nrt): a header, chunks of events, a footer; one zstd frame each (trace.capnp).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/result.h"
#include "replay/arena.h"
#include "replay/codec.h"
#include "replay/digest.h"
#include "replay/event_sink.h"
#include "replay/zstd_frames.h"

namespace nicreplay {

// The version that TraceWriter writes into headers.
extern const std::uint32_t kTraceVersion;

// What a file is called until Finish.
inline constexpr const char* kIncompleteSuffix = ".incomplete";

struct WriterOptions {
  // A chunk is flushed at this size (before what repeats is left out) or number of stimuli.
  std::size_t chunk_bytes = 16u << 20;
  std::size_t chunk_stimuli = 1u << 17;
  int level = -1;  // of zstd: the fastest of those that compress well
};

// Writes NAME.incomplete and renames it to NAME when all is on the disk.  An error (disk full, an
// event that does not fit the format) ends the recording, never its caller: Finish reports it.
class TraceWriter : public EventSink {
 public:
  // The header's version is set by the writer.
  static Result<std::unique_ptr<TraceWriter>> Create(const std::string& path, TraceHeader header,
                                                     const WriterOptions& options = {});
  // Without Finish, what was appended stays readable in NAME.incomplete.
  ~TraceWriter() override;
  TraceWriter(const TraceWriter&) = delete;
  TraceWriter& operator=(const TraceWriter&) = delete;

  // Copies what the events point to.
  void Append(const Stimulus& stimulus, std::span<const Effect> effects);
  // Hands the chunk so far to the operating system.
  void Flush();
  // The first error since Create, or the totals on the disk under NAME.  Once.
  Result<TraceFooter> Finish();

  void OnStimulus(const Stimulus& stimulus, std::span<const Effect> effects) override {
    Append(stimulus, effects);
  }
  void OnRecordingFailed(const Error& error) override { Remember(error); }

  const TraceTotals& totals() const { return footer_.totals; }
  // Of events, handed to the operating system so far.
  std::size_t chunks() const { return footer_.chunks.size(); }
  const std::optional<Error>& error() const { return error_; }

 private:
  TraceWriter(std::string path, FileDescriptor file, const WriterOptions& options);
  Fault Check(const Stimulus& stimulus, std::span<const Effect> effects) const;
  void Remember(const Error& error);
  void Write(const Result<ChunkBuffer>& message, int level);
  void WriteAll(Bytes bytes);
  void FlushAt(int level);
  void Publish();

  std::string path_;
  FileDescriptor file_;
  WriterOptions options_;
  FrameCompressor compressor_;
  DigestBuilder digest_;
  TraceFooter footer_;
  EventBatch batch_;
  Arena arena_;
  std::size_t batch_bytes_ = 0;
  Nanoseconds time_ = 0;
  std::uint64_t offset_ = 0;
  std::optional<Error> error_;
  enum class State : std::uint8_t { kOpen, kFinished } state_ = State::kOpen;
};

// Reads a trace chunk by chunk and checks their order.
class TraceReader {
 public:
  static Result<TraceReader> Open(const std::string& path);
  // `bytes` must outlive the reader.
  static TraceReader FromBytes(Bytes bytes);

  // The header, the events, the footer; then nothing.  Every error has the chunk's index, and is
  // given again by later calls; chunks that came before it are good.
  //   kIncomplete: ends between two chunks, before the footer    kTruncated: ends inside a chunk
  Result<std::optional<Chunk>> Next();
  // Gives a chunk back whose memory the next one may use: twice as fast as fresh memory.
  void Recycle(EventChunk chunk) { spare_ = std::move(chunk); }

  // Of what was read so far, the chunk that Next gave last included.
  const TraceTotals& totals() const { return seen_.totals; }
  const std::vector<ChunkEntry>& chunks() const { return seen_.chunks; }
  // Of the chunk that Next gave last.
  std::uint64_t offset() const { return frames_.offset(); }
  std::uint64_t compressed_size() const { return frames_.compressed_size(); }
  std::uint64_t content_size() const { return content_size_; }
  // What all events so far take one by one, in memory.
  std::uint64_t expanded_bytes() const { return expanded_bytes_; }

 private:
  explicit TraceReader(FrameReader frames) : frames_(std::move(frames)) {}
  Result<std::optional<Chunk>> ReadChunk();
  std::optional<Error> CheckOrder(const Chunk& chunk);
  std::optional<Error> CheckEvents(const EventChunk& chunk);

  FrameReader frames_;
  EventChunk spare_;
  TraceFooter seen_;
  Nanoseconds time_ = 0;
  std::uint64_t chunk_ = 0;  // the next one's index
  std::uint64_t content_size_ = 0;
  std::uint64_t expanded_bytes_ = 0;
  bool ended_ = false;
  std::optional<Error> error_;
};

// Whether damage is an error, or ends the trace after the last whole chunk.
enum class Salvage : std::uint8_t { kNo, kYes };

// A whole trace in memory, in the form of the file: small, and what replay runs from.
struct LoadedTrace {
  TraceHeader header;
  std::vector<EventChunk> chunks;
  TraceTotals totals;                 // of the chunks
  std::optional<TraceFooter> footer;  // always there without salvage
  std::optional<Error> error;         // what ended a salvage
};

// What LoadTrace takes into memory before it says kTooLarge; longer traces can be streamed.
inline constexpr std::uint64_t kMaxLoadedBytes = std::uint64_t{2} << 30;

Result<LoadedTrace> LoadTrace(const std::string& path, Salvage salvage = Salvage::kNo);
Result<LoadedTrace> LoadTrace(TraceReader reader, Salvage salvage = Salvage::kNo,
                              std::uint64_t max_bytes = kMaxLoadedBytes);

}  // namespace nicreplay
