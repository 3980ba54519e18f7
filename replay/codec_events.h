// SPDX-License-Identifier: MIT
// The Events chunk of trace.capnp, for codec.cc: the encoder and the decoder of every alternative.
#pragma once

#include <optional>
#include <utility>

#include "models/result.h"
#include "replay/codec.h"
#include "replay/trace.capnp.h"

namespace nicreplay {

// `batch` is within the limits.
void EncodeEvents(schema::Events::Builder out, const EventBatch& batch);

// Decodes one message of `message_bytes`, whatever it holds.  The library throws out of Run on some
// of it; `index` then says at which stimulus.
class EventDecoder {
 public:
  EventDecoder(std::size_t message_bytes, EventBatch spare) : message_bytes_(message_bytes) {
    chunk_.batch = std::move(spare);
  }

  Result<EventChunk> Run(schema::Events::Reader in);

  std::optional<std::uint64_t> index;

 private:
  Fault DecodeOne(const schema::Stimulus::Reader& in, Stimulus& stimulus);

  EventChunk chunk_;
  std::size_t message_bytes_;
};

}  // namespace nicreplay
