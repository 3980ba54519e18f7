// SPDX-License-Identifier: MIT
// Between one chunk of a trace in memory and its Cap'n Proto message (trace.capnp).  Decoding takes
// any bytes: what does not decode is a typed Error that names the stimulus.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <variant>

#include "models/result.h"
#include "replay/event.h"
#include "replay/limits.h"

namespace nicreplay {

// The bytes of one message, in whole words; uninitialized when made.
class ChunkBuffer {
 public:
  ChunkBuffer() = default;
  explicit ChunkBuffer(std::size_t bytes) { Resize(bytes); }

  // The content is void.  Allocates only beyond what it ever held.
  void Resize(std::size_t bytes) {
    const std::size_t words = (bytes + 7) / 8;
    if (words > capacity_) {
      words_.reset(new std::uint64_t[words]);
      capacity_ = words;
    }
    size_ = bytes;
  }
  // The first `bytes` stay.
  void Shrink(std::size_t bytes) { size_ = bytes; }

  std::uint64_t* words() { return words_.get(); }
  const std::uint64_t* words() const { return words_.get(); }
  std::size_t size() const { return size_; }
  MutableBytes bytes() { return {reinterpret_cast<std::uint8_t*>(words_.get()), size_}; }
  Bytes bytes() const { return {reinterpret_cast<const std::uint8_t*>(words_.get()), size_}; }

 private:
  std::unique_ptr<std::uint64_t[]> words_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
};

// A decoded run of events with the buffers that its stimuli and effects point into.
struct EventChunk {
  EventBatch batch;
  ChunkBuffer buffer;
  std::deque<Offload> offloads;
};

using Chunk = std::variant<TraceHeader, EventChunk, TraceFooter>;

// Of every message beside its events: segment table, root, Chunk, Events and the like are below it.
inline constexpr std::size_t kMessageOverhead = 256;
// At least the bytes that the event takes in a message.
std::size_t EncodedBound(const Stimulus& stimulus, std::span<const Effect> effects);

// Error kTooLarge or kCorrupt for what Decode would refuse; its event is the stimulus.
Result<ChunkBuffer> Encode(const TraceHeader& header);
Result<ChunkBuffer> Encode(const EventBatch& batch);
Result<ChunkBuffer> Encode(const TraceFooter& footer);

// Takes a message of any bytes.  Stimuli come out in order of time, sizes and enumerations checked.
// `spare`: vectors to use again; they save the page faults of fresh ones, which cost more than the
// decoding.
Result<Chunk> Decode(ChunkBuffer message, EventBatch spare = {});

}  // namespace nicreplay
