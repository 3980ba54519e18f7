// SPDX-License-Identifier: MIT
// A chunk of a trace as it lies in memory (Events of trace.capnp): what can happen, each different
// thing once, and columns that say when which of it happened.  Replay runs from this form: it is
// small, and a cursor gives the events themselves in no more time than reading them would take.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "replay/arena.h"
#include "replay/chunk_buffer.h"
#include "replay/event.h"

namespace nicreplay {

// In EventChunk::delays: the next of long_delays.
inline constexpr std::uint16_t kLongDelay = 0xffff;

// Where bytes stand.
enum class Source : std::uint8_t {
  kFresh,   // behind the last byte of the payload that was used so far
  kPieces,  // in the next pieces, as many as make up the size
};

struct StimulusShape {
  Stimulus stimulus;                       // without time and bytes
  std::span<const std::uint32_t> effects;  // which of EventChunk::effects
  Source source = Source::kFresh;
  bool plain = true;            // neither bytes nor effects
  bool reads_dma = false;       // among its effects
  std::uint32_t addresses = 0;  // how many it takes from the column
};

struct EffectShape {
  Effect effect;  // without bytes; a deadline counts from the stimulus
  // Of a DMA; effect.address is added to the next of `addresses` (0), or to the address of the
  // stimulus' effect number base - 1.
  std::uint16_t base = 0;
  Source source = Source::kFresh;
};

// Decode has checked all of it: cursors need not.
struct EventChunk {
  std::uint64_t first_index = 0;
  Nanoseconds start_time = 0;
  std::vector<StimulusShape> shapes;
  std::vector<EffectShape> effects;

  std::span<const std::uint32_t> order;
  std::span<const std::uint16_t> delays;
  std::span<const std::uint64_t> long_delays;
  std::span<const std::uint32_t> addresses;
  std::span<const std::uint32_t> piece_starts;
  std::span<const std::uint32_t> piece_sizes;
  Bytes payload;

  // Of all events: filled by Decode.
  TraceTotals totals;
  Nanoseconds first_time = 0;
  Nanoseconds last_time = 0;
  std::uint64_t content_bytes = 0;  // of stimuli and effects, repeated ones counted

  ChunkBuffer buffer;  // what the columns point into
  std::deque<Offload> offloads;

  std::size_t size() const { return order.size(); }
};

// What the events of a chunk take in memory, one by one.
inline std::uint64_t ExpandedBytes(const EventChunk& chunk) {
  return chunk.totals.stimuli * sizeof(Stimulus) + chunk.totals.effects * sizeof(Effect) +
         chunk.content_bytes;
}

// Gives the events of a chunk in order.  The chunk outlives it.
class EventCursor {
 public:
  // Bytes that do not stand in one place are put together in `arena`.
  EventCursor(const EventChunk& chunk, Arena& arena)
      : chunk_(&chunk), arena_(&arena), time_(chunk.start_time) {}

  bool done() const { return index_ == chunk_->order.size(); }

  // The next event; its effects are appended, and stimulus.first_effect is their place.
  const StimulusShape& Next(Stimulus& stimulus, std::vector<Effect>& effects) {
    const StimulusShape& shape = chunk_->shapes[chunk_->order[index_]];
    const std::uint16_t delay = chunk_->delays[index_++];
    time_ += delay == kLongDelay ? chunk_->long_delays[long_delay_++] : delay;
    stimulus = shape.stimulus;
    stimulus.time = time_;
    stimulus.first_effect = static_cast<std::uint32_t>(effects.size());
    if (!shape.plain) Fill(shape, stimulus, effects);
    return shape;
  }

  // Bytes put together since the last call of Reuse.
  std::size_t assembled() const { return assembled_; }
  // The bytes of all events so far are void.
  void Reuse() {
    arena_->Reset();
    assembled_ = 0;
    last_ = nullptr;
  }

 private:
  void Fill(const StimulusShape& shape, Stimulus& stimulus, std::vector<Effect>& effects);
  const std::uint8_t* Take(std::size_t size, Source source);
  const std::uint8_t* TakePieces(std::size_t size);
  const std::uint8_t* Assemble(std::size_t first, std::size_t size);

  const EventChunk* chunk_;
  Arena* arena_;
  Nanoseconds time_;
  std::size_t index_ = 0;
  std::size_t long_delay_ = 0;
  std::size_t address_ = 0;
  std::size_t piece_ = 0;
  std::size_t payload_ = 0;  // behind the last byte used
  std::size_t assembled_ = 0;
  // What was assembled last: what enters a device often leaves it the same.
  const std::uint8_t* last_ = nullptr;
  std::size_t last_piece_ = 0;
  std::size_t last_pieces_ = 0;
};

// All events of a chunk.  Their bytes belong to the chunk and to `arena`.
EventBatch AllEvents(const EventChunk& chunk, Arena& arena);

}  // namespace nicreplay
