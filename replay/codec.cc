// SPDX-License-Identifier: MIT
#include "replay/codec.h"

#include <capnp/serialize.h>
#include <fmt/format.h>

#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "replay/codec_events.h"
#include "replay/trace.capnp.h"

namespace nicreplay {

namespace {

static_assert(sizeof(capnp::word) == sizeof(std::uint64_t));

constexpr std::size_t kWord = sizeof(capnp::word);
constexpr std::size_t kMinEntryBytes = 2 * kWord;
// Deepest path: Chunk, Events, Stimulus, Effect, Delivery, Frame, Offload.
constexpr int kNesting = 16;

// --- header and footer ---

void EncodeHeader(schema::Header::Builder out, const TraceHeader& header) {
  out.setVersion(header.version);
  out.setModel(header.model);
  out.setOptions(header.options);
  out.setRecorder(header.recorder);
  out.setEnvironment(header.environment);
}

bool TextsFit(const TraceHeader& header) {
  for (const std::string* text :
       {&header.model, &header.options, &header.recorder, &header.environment}) {
    if (text->size() > kMaxTextBytes) return false;
  }
  return true;
}

std::string Text(capnp::Text::Reader in) { return {in.begin(), in.end()}; }

Result<TraceHeader> DecodeHeader(schema::Header::Reader in) {
  TraceHeader header;
  header.version = in.getVersion();
  if (header.version > schema::CURRENT_VERSION) {
    return Fail(ErrorCode::kFutureVersion,
                fmt::format("a trace of version {}, and this nicreplay reads {}; use a newer one",
                            header.version, schema::CURRENT_VERSION));
  }
  if (header.version == 0) return Fail(ErrorCode::kCorrupt, "a trace without a version");
  if (header.version < schema::CURRENT_VERSION) {
    return Fail(ErrorCode::kPastVersion,
                fmt::format("a trace of version {}, and this nicreplay reads {}; record it again",
                            header.version, schema::CURRENT_VERSION));
  }
  header.model = Text(in.getModel());
  header.options = Text(in.getOptions());
  header.recorder = Text(in.getRecorder());
  header.environment = Text(in.getEnvironment());
  if (!TextsFit(header)) return Fail(ErrorCode::kTooLarge, "a header text of more than 64 KiB");
  return header;
}

void EncodeFooter(schema::Footer::Builder out, const TraceFooter& footer) {
  out.setStimuli(footer.totals.stimuli);
  out.setEffects(footer.totals.effects);
  out.setFramesIn(footer.totals.frames_in);
  out.setFramesOut(footer.totals.frames_out);
  out.setBytesIn(footer.totals.bytes_in);
  out.setBytesOut(footer.totals.bytes_out);
  out.setDigestHigh(footer.digest.high);
  out.setDigestLow(footer.digest.low);
  auto chunks = out.initChunks(static_cast<unsigned>(footer.chunks.size()));
  for (unsigned i = 0; i < chunks.size(); ++i) {
    chunks[i].setOffset(footer.chunks[i].offset);
    chunks[i].setFirstIndex(footer.chunks[i].first_index);
    chunks[i].setStimuli(footer.chunks[i].stimuli);
  }
}

Result<TraceFooter> DecodeFooter(schema::Footer::Reader in, std::size_t message_bytes) {
  TraceFooter footer;
  footer.totals.stimuli = in.getStimuli();
  footer.totals.effects = in.getEffects();
  footer.totals.frames_in = in.getFramesIn();
  footer.totals.frames_out = in.getFramesOut();
  footer.totals.bytes_in = in.getBytesIn();
  footer.totals.bytes_out = in.getBytesOut();
  footer.digest = {in.getDigestHigh(), in.getDigestLow()};
  const auto chunks = in.getChunks();
  if (chunks.size() > message_bytes / kMinEntryBytes) {
    return Fail(ErrorCode::kTooLarge, "more chunks in the index than it has room for");
  }
  footer.chunks.reserve(chunks.size());
  for (const auto& entry : chunks) {
    footer.chunks.push_back({entry.getOffset(), entry.getFirstIndex(), entry.getStimuli()});
  }
  return footer;
}

// --- messages ---

// A standard-framed message of one segment of at most `bound` bytes, built by `fill`.
template <typename Fill>
ChunkBuffer BuildMessage(std::size_t bound, Fill fill) {
  ChunkBuffer buffer(bound + kMessageOverhead);
  std::memset(buffer.bytes().data(), 0, buffer.size());
  auto* const words = reinterpret_cast<capnp::word*>(buffer.words());
  capnp::FlatMessageBuilder builder(kj::arrayPtr(words + 1, words + buffer.size() / kWord));
  fill(builder.initRoot<schema::Chunk>());
  const std::size_t used = builder.getSegmentsForOutput()[0].size();
  const std::uint32_t table[2] = {0, static_cast<std::uint32_t>(used)};  // segments - 1, words
  std::memcpy(words, table, sizeof table);
  buffer.Shrink((used + 1) * kWord);
  return buffer;
}

tl::unexpected<Error> FailAt(Fault fault, std::uint64_t event) {
  return tl::make_unexpected(Error{fault.code, fault.text, std::nullopt, event});
}

// The bytes that the batch takes at most, or why it cannot be written.
Result<std::size_t> BatchBound(const EventBatch& batch) {
  constexpr Fault kTooMany = {ErrorCode::kTooLarge, "more events than a chunk may hold"};
  if (batch.stimuli.size() > kMaxChunkStimuli) return FailAt(kTooMany, batch.first_index);
  std::size_t bound = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < batch.stimuli.size(); ++i) {
    const Stimulus& stimulus = batch.stimuli[i];
    const std::span<const Effect> effects = batch.EffectsOf(stimulus);
    Fault fault = FaultOf(stimulus);
    for (const Effect& effect : effects) {
      if (fault.text == nullptr) fault = FaultOf(effect);
    }
    bound += EncodedBound(stimulus, effects);
    count += effects.size();
    if (bound + kMessageOverhead > kMaxChunkBytes || count > kMaxChunkEffects) fault = kTooMany;
    if (fault.text != nullptr) return FailAt(fault, batch.first_index + i);
  }
  return bound;
}

Result<Chunk> DecodeMessage(schema::Chunk::Reader in, ChunkBuffer& message, EventDecoder& events) {
  switch (in.which()) {
    case schema::Chunk::HEADER:
      return DecodeHeader(in.getHeader());
    case schema::Chunk::EVENTS:
      return events.Run(in.getEvents()).map([&](EventChunk chunk) {
        chunk.buffer = std::move(message);
        return Chunk(std::move(chunk));
      });
    case schema::Chunk::FOOTER:
      return DecodeFooter(in.getFooter(), message.size());
  }
  return Fail(ErrorCode::kCorrupt, "a chunk of an unknown kind");
}

}  // namespace

Result<ChunkBuffer> Encode(const TraceHeader& header) {
  if (!TextsFit(header)) return Fail(ErrorCode::kTooLarge, "a header text of more than 64 KiB");
  const std::size_t texts = header.model.size() + header.options.size() + header.recorder.size() +
                            header.environment.size();
  return BuildMessage(
      texts, [&](schema::Chunk::Builder chunk) { EncodeHeader(chunk.initHeader(), header); });
}

Result<ChunkBuffer> Encode(const EventBatch& batch) {
  return BatchBound(batch).map([&](std::size_t bound) {
    return BuildMessage(
        bound, [&](schema::Chunk::Builder chunk) { EncodeEvents(chunk.initEvents(), batch); });
  });
}

Result<ChunkBuffer> Encode(const TraceFooter& footer) {
  const std::size_t bound = footer.chunks.size() * capnp::sizeInWords<schema::ChunkEntry>() * kWord;
  if (bound + kMessageOverhead > kMaxChunkBytes) {
    return Fail(ErrorCode::kTooLarge, "a trace of too many chunks");
  }
  return BuildMessage(
      bound, [&](schema::Chunk::Builder chunk) { EncodeFooter(chunk.initFooter(), footer); });
}

Result<Chunk> Decode(ChunkBuffer message, EventChunk spare) {
  if (message.size() > kMaxChunkBytes) return Fail(ErrorCode::kTooLarge, "a chunk over 64 MiB");
  if (message.size() % kWord != 0) return Fail(ErrorCode::kCorrupt, "a chunk of half words");
  const auto* const begin = reinterpret_cast<const capnp::word*>(message.words());
  const auto* const end = begin + message.size() / kWord;
  EventDecoder events(message.size(), std::move(spare));
  auto result = [&]() -> Result<Chunk> {
    try {
      // Every object of a message is visited once, so a traversal beyond its size repeats
      // something.
      capnp::FlatArrayMessageReader reader(
          kj::arrayPtr(begin, end),
          {.traversalLimitInWords = message.size() / kWord + kMessageOverhead,
           .nestingLimit = kNesting});
      if (reader.getEnd() != end) return Fail(ErrorCode::kCorrupt, "bytes behind the message");
      return DecodeMessage(reader.getRoot<schema::Chunk>(), message, events);
    } catch (const kj::Exception& exception) {
      return Fail(ErrorCode::kCorrupt, exception.getDescription().cStr());
    }
  }();
  if (!result) result.error().event = events.index;
  return result;
}

}  // namespace nicreplay
