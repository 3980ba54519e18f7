// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "replay/stream.h"
#include "replay/trace.capnp.h"

namespace nicreplay {

const std::uint32_t kTraceVersion = schema::CURRENT_VERSION;

namespace {

// A short trace replays in less than a millisecond and takes little room: there, decompression is
// what reading costs, and most of it is saved.
constexpr std::size_t kShortTrace = 12u << 20;  // of events, before what repeats is left out
constexpr int kShortLevel = -100;               // of zstd

Error IoError(const std::string& what) {
  return {ErrorCode::kIo, fmt::format("{}: {}", what, std::strerror(errno)), {}, {}};
}

// Makes a rename durable.
bool SyncFolderOf(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  const FileDescriptor handle(
      open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return handle.get() >= 0 && fsync(handle.get()) == 0;
}

}  // namespace

Result<std::unique_ptr<TraceWriter>> TraceWriter::Create(const std::string& path,
                                                         TraceHeader header,
                                                         const WriterOptions& options) {
  const std::string incomplete = path + kIncompleteSuffix;
  FileDescriptor file(open(incomplete.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
  if (file.get() < 0) return tl::make_unexpected(IoError("cannot create " + incomplete));
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    return tl::make_unexpected(IoError("another recorder writes " + incomplete));
  }
  if (ftruncate(file.get(), 0) != 0) {
    return tl::make_unexpected(IoError("cannot empty " + incomplete));
  }
  header.version = kTraceVersion;
  std::unique_ptr<TraceWriter> writer(new TraceWriter(path, std::move(file), options));
  writer->Write(Encode(header), options.level);
  if (writer->error_) return tl::make_unexpected(*writer->error_);
  return writer;
}

TraceWriter::TraceWriter(std::string path, FileDescriptor file, const WriterOptions& options)
    : path_(std::move(path)),
      file_(std::move(file)),
      options_{.chunk_bytes = std::min(options.chunk_bytes, kMaxChunkBytes - kMessageOverhead),
               .chunk_stimuli = std::min(options.chunk_stimuli, kMaxChunkStimuli),
               .level = options.level} {}

TraceWriter::~TraceWriter() {
  if (state_ == State::kOpen) Flush();
}

void TraceWriter::Remember(const Error& error) {
  if (error_) return;
  Flush();  // what came before the error stays readable
  if (!error_) error_ = error;
}

Fault TraceWriter::Check(const Stimulus& stimulus, std::span<const Effect> effects) const {
  if (stimulus.time < time_) return {ErrorCode::kOutOfOrder, "time runs backwards"};
  if (const Fault fault = FaultOf(stimulus); fault.text != nullptr) return fault;
  for (const Effect& effect : effects) {
    if (const Fault fault = FaultOf(effect); fault.text != nullptr) return fault;
  }
  if (effects.size() > kMaxChunkEffects ||
      EncodedBound(stimulus, effects) + kMessageOverhead > kMaxChunkBytes) {
    return {ErrorCode::kTooLarge, "a stimulus with more effects than a chunk may hold"};
  }
  return {};
}

void TraceWriter::Append(const Stimulus& stimulus, std::span<const Effect> effects) {
  if (error_ || state_ != State::kOpen) return;
  if (const Fault fault = Check(stimulus, effects); fault.text != nullptr) {
    return Remember({fault.code, fault.text, std::nullopt, footer_.totals.stimuli});
  }
  const std::size_t bytes = EncodedBound(stimulus, effects);
  if (batch_bytes_ + bytes > options_.chunk_bytes ||
      batch_.effects.size() + effects.size() > kMaxChunkEffects) {
    Flush();
  }
  batch_bytes_ += bytes;
  time_ = stimulus.time;
  Stimulus& copy = batch_.stimuli.emplace_back(stimulus);
  copy.data = arena_.Copy(stimulus.bytes());
  copy.offload = arena_.Copy(stimulus.offload);
  copy.first_effect = static_cast<std::uint32_t>(batch_.effects.size());
  copy.effect_count = static_cast<std::uint32_t>(effects.size());
  for (const Effect& effect : effects) {
    Effect& effect_copy = batch_.effects.emplace_back(effect);
    effect_copy.data = arena_.Copy(effect.bytes());
    effect_copy.offload = arena_.Copy(effect.offload);
  }
  digest_.Add(stimulus, effects);
  footer_.totals.Add(stimulus, effects);
  if (batch_.stimuli.size() >= options_.chunk_stimuli) Flush();
}

void TraceWriter::Flush() { FlushAt(options_.level); }

void TraceWriter::FlushAt(int level) {
  if (batch_.stimuli.empty() || error_) return;
  footer_.chunks.push_back(
      {offset_, batch_.first_index, static_cast<std::uint32_t>(batch_.stimuli.size())});
  Write(Encode(batch_), level);
  batch_.first_index += batch_.stimuli.size();
  batch_.stimuli.clear();
  batch_.effects.clear();
  batch_bytes_ = 0;
  arena_.Reset();
}

void TraceWriter::Write(const Result<ChunkBuffer>& message, int level) {
  if (error_) return;
  if (!message) {
    error_ = message.error();
    return;
  }
  const Result<Bytes> frame = compressor_.Compress(message->bytes(), level);
  if (!frame) {
    error_ = frame.error();
    return;
  }
  WriteAll(*frame);
}

void TraceWriter::WriteAll(Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      error_ = IoError("cannot write " + path_ + kIncompleteSuffix);
      return;
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset_ += static_cast<std::uint64_t>(written);
  }
}

void TraceWriter::Publish() {
  const std::string incomplete = path_ + kIncompleteSuffix;
  if (fsync(file_.get()) != 0) {
    error_ = IoError("cannot sync " + incomplete);
  } else if (std::rename(incomplete.c_str(), path_.c_str()) != 0) {
    error_ = IoError("cannot rename " + incomplete);
  } else if (!SyncFolderOf(path_)) {
    error_ = IoError("cannot sync the folder of " + path_);
  }
}

Result<TraceFooter> TraceWriter::Finish() {
  if (state_ == State::kOpen) {
    FlushAt(footer_.chunks.empty() && batch_bytes_ < kShortTrace ? kShortLevel : options_.level);
    state_ = State::kFinished;
    footer_.digest = digest_.Finish();
    Write(Encode(footer_), options_.level);
    if (!error_) Publish();
    file_ = FileDescriptor();
  }
  if (error_) return tl::make_unexpected(*error_);
  return footer_;
}

}  // namespace nicreplay
