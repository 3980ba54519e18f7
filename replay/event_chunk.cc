// SPDX-License-Identifier: MIT
#include "replay/event_chunk.h"

#include <algorithm>
#include <cstring>

namespace nicreplay {

void EventCursor::Fill(const StimulusShape& shape, Stimulus& stimulus,
                       std::vector<Effect>& effects) {
  if (stimulus.data_size != 0) stimulus.data = Take(stimulus.data_size, shape.source);
  const std::size_t first = effects.size();
  for (const std::uint32_t number : shape.effects) {
    const EffectShape& like = chunk_->effects[number];
    Effect& effect = effects.emplace_back(like.effect);
    if (effect.kind == EffectKind::kDmaRead || effect.kind == EffectKind::kDmaWrite) {
      effect.address +=
          like.base == 0 ? chunk_->addresses[address_++] : effects[first + like.base - 1].address;
    } else if (effect.kind == EffectKind::kTimerArmed) {
      effect.address += time_;
    }
    if (effect.data_size != 0) effect.data = Take(effect.data_size, like.source);
  }
}

inline const std::uint8_t* EventCursor::Take(std::size_t size, Source source) {
  if (source == Source::kPieces) return TakePieces(size);
  const std::uint8_t* const at = chunk_->payload.data() + payload_;
  payload_ += size;
  return at;
}

const std::uint8_t* EventCursor::TakePieces(std::size_t size) {
  const std::size_t first = piece_;
  for (std::size_t done = 0; done < size; ++piece_) {
    const std::size_t end = std::size_t{chunk_->piece_starts[piece_]} + chunk_->piece_sizes[piece_];
    payload_ = std::max(payload_, end);
    done += chunk_->piece_sizes[piece_];
  }
  if (piece_ - first == 1) return chunk_->payload.data() + chunk_->piece_starts[first];
  return Assemble(first, size);
}

const std::uint8_t* EventCursor::Assemble(std::size_t first, std::size_t size) {
  const std::size_t count = piece_ - first;
  const auto same = [&](std::span<const std::uint32_t> column) {
    return std::ranges::equal(column.subspan(first, count), column.subspan(last_piece_, count));
  };
  if (last_ != nullptr && last_pieces_ == count && same(chunk_->piece_starts) &&
      same(chunk_->piece_sizes)) {
    return last_;
  }
  std::uint8_t* const bytes = arena_->Allocate(size);
  std::uint8_t* at = bytes;
  for (std::size_t i = first; i < piece_; ++i) {
    std::memcpy(at, chunk_->payload.data() + chunk_->piece_starts[i], chunk_->piece_sizes[i]);
    at += chunk_->piece_sizes[i];
  }
  assembled_ += size;
  last_ = bytes;
  last_piece_ = first;
  last_pieces_ = count;
  return bytes;
}

EventBatch AllEvents(const EventChunk& chunk, Arena& arena) {
  EventBatch batch;
  batch.first_index = chunk.first_index;
  batch.stimuli.resize(chunk.size());
  batch.effects.reserve(chunk.totals.effects);
  EventCursor cursor(chunk, arena);
  for (Stimulus& stimulus : batch.stimuli) cursor.Next(stimulus, batch.effects);
  return batch;
}

}  // namespace nicreplay
