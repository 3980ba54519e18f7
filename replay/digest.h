// SPDX-License-Identifier: MIT
// The 128-bit digest of what a driver saw: equal digests mean the same values read, the same guest
// memory and interrupt line at the end of every stimulus, and the same frames in the same order.
// How DMA was split, what was read, and timers do not enter.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "replay/canonical.h"
#include "replay/event.h"

struct XXH3_state_s;

namespace nicreplay {

class DigestBuilder {
 public:
  DigestBuilder();
  ~DigestBuilder();
  DigestBuilder(const DigestBuilder&) = delete;
  DigestBuilder& operator=(const DigestBuilder&) = delete;

  // The stimuli of a trace, in order, each with all its effects.
  void Add(const Stimulus& stimulus, std::span<const Effect> effects);
  Digest Finish() const;

 private:
  void Item(std::uint8_t kind, std::uint64_t value, Bytes bytes);
  void AddMemory(std::span<const Effect> effects);

  XXH3_state_s* state_;
  WriteImage image_;
  std::uint64_t index_ = 0;
};

// 32 hexadecimal digits.
std::string ToString(const Digest& digest);

}  // namespace nicreplay
