// SPDX-License-Identifier: MIT
// Between one chunk of a trace in memory and its Cap'n Proto message (trace.capnp).  Decoding takes
// any bytes: what does not decode is a typed Error that names the stimulus.
#pragma once

#include <cstddef>
#include <span>
#include <variant>

#include "models/result.h"
#include "replay/chunk_buffer.h"
#include "replay/event.h"
#include "replay/event_chunk.h"
#include "replay/limits.h"

namespace nicreplay {

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
// `spare`: a chunk whose memory is used again; fresh pages cost more than the decoding.
Result<Chunk> Decode(ChunkBuffer message, EventChunk spare = {});

}  // namespace nicreplay
