// SPDX-License-Identifier: MIT
// The Events chunk of trace.capnp, for codec.cc: the encoder and the decoder of every alternative.
#pragma once

#include <optional>

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
  EventDecoder(std::size_t message_bytes, EventChunk spare);

  Result<EventChunk> Run(schema::Events::Reader in);

  std::optional<std::uint64_t> index;

 private:
  // How much of the columns the events so far have taken.
  struct Taken {
    std::size_t long_delays = 0;
    std::size_t addresses = 0;
    std::size_t pieces = 0;
    std::size_t payload = 0;  // behind the last byte
    std::size_t effects = 0;
  };

  Fault ReadColumns(schema::Events::Reader in);
  Fault ReadEffects(schema::Events::Reader in);
  Fault ReadShapes(schema::Events::Reader in);
  Fault ReadShape(const schema::Stimulus::Reader& in);
  Fault CheckEffects(StimulusShape& shape) const;
  Fault CheckEvents();
  Fault CheckEvent(const StimulusShape& shape);
  Fault CheckContent(std::size_t size, Source source);
  void AddTotals(const std::vector<std::uint32_t>& counts);
  Fault CheckEnd() const;

  EventChunk chunk_;
  Fault effect_fault_;  // of the first effect that is not in chunk_.effects
  Taken taken_;
  std::size_t message_bytes_;
};

}  // namespace nicreplay
