// SPDX-License-Identifier: MIT
#include <utility>

#include "replay/stream.h"

namespace nicreplay {

namespace {

Error Wrong(ErrorCode code, std::string message, std::optional<std::uint64_t> event = {}) {
  return {code, std::move(message), std::nullopt, event};
}

}  // namespace

Result<TraceReader> TraceReader::Open(const std::string& path) {
  return FrameReader::Open(path).map(
      [](FrameReader frames) { return TraceReader(std::move(frames)); });
}

TraceReader TraceReader::FromBytes(Bytes bytes) {
  return TraceReader(FrameReader::FromBytes(bytes));
}

Result<std::optional<Chunk>> TraceReader::Next() {
  if (!error_) {
    Result<std::optional<Chunk>> chunk = ReadChunk();
    if (chunk) return chunk;
    error_ = std::move(chunk.error());
    error_->chunk = chunk_;
  }
  return tl::make_unexpected(*error_);
}

Result<std::optional<Chunk>> TraceReader::ReadChunk() {
  Result<std::optional<ChunkBuffer>> message = frames_.Next(std::move(spare_.buffer));
  if (!message) return tl::make_unexpected(std::move(message.error()));
  if (!message->has_value()) {
    if (ended_) return std::nullopt;
    return Fail(ErrorCode::kIncomplete,
                "a recording that was never finished; --salvage takes what is there");
  }
  if (ended_) return Fail(ErrorCode::kOutOfOrder, "a chunk behind the footer");
  content_size_ = (*message)->size();
  Result<Chunk> chunk = Decode(std::move(**message), std::move(spare_));
  if (!chunk) return tl::make_unexpected(std::move(chunk.error()));
  if (std::optional<Error> error = CheckOrder(*chunk)) return tl::make_unexpected(*error);
  ++chunk_;
  return std::move(*chunk);
}

std::optional<Error> TraceReader::CheckOrder(const Chunk& chunk) {
  const bool is_header = std::holds_alternative<TraceHeader>(chunk);
  if (chunk_ == 0 && !is_header) return Wrong(ErrorCode::kOutOfOrder, "no header at the start");
  if (chunk_ != 0 && is_header) return Wrong(ErrorCode::kOutOfOrder, "a second header");
  if (const auto* events = std::get_if<EventChunk>(&chunk)) return CheckEvents(*events);
  if (const auto* footer = std::get_if<TraceFooter>(&chunk)) {
    ended_ = true;
    if (footer->totals != seen_.totals) {
      return Wrong(ErrorCode::kCorrupt, "a footer with other totals than the events before it");
    }
    if (footer->chunks != seen_.chunks) {
      return Wrong(ErrorCode::kCorrupt, "a footer with another index than the chunks before it");
    }
  }
  return std::nullopt;
}

std::optional<Error> TraceReader::CheckEvents(const EventChunk& chunk) {
  if (chunk.size() == 0) return Wrong(ErrorCode::kCorrupt, "a chunk without events");
  const std::uint64_t first = chunk.first_index;
  if (first != seen_.totals.stimuli) {
    return Wrong(ErrorCode::kOutOfOrder,
                 "a chunk that does not continue the one before it: chunks are missing, repeated "
                 "or out of order",
                 first);
  }
  if (chunk.first_time < time_) return Wrong(ErrorCode::kOutOfOrder, "time runs backwards", first);
  time_ = chunk.last_time;
  expanded_bytes_ += ExpandedBytes(chunk);
  if (expanded_bytes_ > kMaxTraceBytes) {
    return Wrong(ErrorCode::kTooLarge, "a trace of more than 8 GiB of events", first);
  }
  seen_.totals.Add(chunk.totals, 1);
  seen_.chunks.push_back({frames_.offset(), first, static_cast<std::uint32_t>(chunk.size())});
  return std::nullopt;
}

Result<LoadedTrace> LoadTrace(const std::string& path, Salvage salvage) {
  return TraceReader::Open(path).and_then(
      [&](TraceReader reader) { return LoadTrace(std::move(reader), salvage); });
}

Result<LoadedTrace> LoadTrace(TraceReader reader, Salvage salvage, std::uint64_t max_bytes) {
  LoadedTrace trace;
  bool has_header = false;
  for (;;) {
    Result<std::optional<Chunk>> chunk = reader.Next();
    if (chunk && !chunk->has_value()) break;
    if (reader.expanded_bytes() > max_bytes) {
      chunk = tl::make_unexpected(Error{ErrorCode::kTooLarge,
                                        "a trace that is too long to load at once",
                                        trace.chunks.size() + 1,
                                        {}});
    }
    if (!chunk) {
      if (salvage == Salvage::kNo || !has_header) return tl::make_unexpected(chunk.error());
      trace.error = chunk.error();
      break;
    }
    trace.totals = reader.totals();
    if (auto* header = std::get_if<TraceHeader>(&**chunk)) {
      trace.header = std::move(*header);
      has_header = true;
    } else if (auto* events = std::get_if<EventChunk>(&**chunk)) {
      trace.chunks.push_back(std::move(*events));
    } else {
      trace.footer = std::get<TraceFooter>(std::move(**chunk));
    }
  }
  return trace;
}

}  // namespace nicreplay
