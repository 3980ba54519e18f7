// SPDX-License-Identifier: MIT
// One stimulus and one effect of trace.capnp, for codec_events.cc: every alternative.
#pragma once

#include <deque>

#include "replay/event_chunk.h"
#include "replay/trace.capnp.h"

namespace nicreplay {

constexpr bool IsDma(EffectKind kind) {
  return kind == EffectKind::kDmaRead || kind == EffectKind::kDmaWrite;
}

void EncodeStimulus(schema::Stimulus::Builder out, const Stimulus& stimulus, Source source);
// Without the effects.  False: an alternative that this version does not know.
bool DecodeStimulus(const schema::Stimulus::Reader& in, StimulusShape& shape,
                    std::deque<Offload>& offloads);

void EncodeEffect(schema::Effect::Builder out, const EffectShape& shape);
// False: an alternative that this version does not know.
bool DecodeEffect(const schema::Effect::Reader& in, EffectShape& shape,
                  std::deque<Offload>& offloads);

}  // namespace nicreplay
