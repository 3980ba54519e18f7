// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "models/result.h"
#include "replay/event.h"

namespace nicreplay {

// Where recorded events go.
class EventSink {
 public:
  virtual ~EventSink() = default;

  // A stimulus with all its effects; valid during the call.  first_effect and effect_count are
  // those of `effects`.
  virtual void OnStimulus(const Stimulus& stimulus, std::span<const Effect> effects) = 0;

  // Something happened that the vocabulary cannot hold: no more events follow, and what came so far
  // must not pass for a whole session.
  virtual void OnRecordingFailed(const Error& error) = 0;
};

}  // namespace nicreplay
