// SPDX-License-Identifier: MIT
#include "replay/digest.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <new>

namespace nicreplay {

namespace {

enum Item : std::uint8_t { kValue, kResult, kMemory, kFrame, kDelivered, kLine };

// Little-endian on every host, so that digests travel.
void Store(std::uint8_t* out, std::uint64_t value) {
  for (int i = 0; i < 8; ++i) out[i] = static_cast<std::uint8_t>(value >> (8 * i));
}

}  // namespace

DigestBuilder::DigestBuilder() : state_(XXH3_createState()) {
  if (state_ == nullptr) throw std::bad_alloc();
  XXH3_128bits_reset(state_);
}

DigestBuilder::~DigestBuilder() { XXH3_freeState(state_); }

void DigestBuilder::Item(std::uint8_t kind, std::uint64_t value, Bytes bytes) {
  std::array<std::uint8_t, 25> header;
  header[0] = kind;
  Store(&header[1], index_);
  Store(&header[9], value);
  Store(&header[17], bytes.size());
  XXH3_128bits_update(state_, header.data(), header.size());
  if (!bytes.empty()) XXH3_128bits_update(state_, bytes.data(), bytes.size());
}

void DigestBuilder::AddMemory(std::span<const Effect> effects) {
  image_.Build(effects);
  for (const WriteImage::Run& run : image_.runs()) Item(kMemory, run.address, run.bytes);
}

void DigestBuilder::Add(const Stimulus& stimulus, std::span<const Effect> effects) {
  bool wrote = false;
  if (stimulus.kind == StimulusKind::kRead || stimulus.kind == StimulusKind::kConfigRead) {
    Item(kValue, stimulus.value, {});
  } else if (stimulus.kind == StimulusKind::kFrame) {
    Item(kResult, static_cast<std::uint64_t>(stimulus.result), {});
  }
  for (const Effect& effect : effects) {
    switch (effect.kind) {
      case EffectKind::kDmaWrite:
        wrote = true;
        break;
      case EffectKind::kTransmit:
        Item(kFrame, 0, effect.bytes());
        break;
      case EffectKind::kDelivery:
        Item(kDelivered, static_cast<std::uint64_t>(effect.result), {});
        break;
      case EffectKind::kInterrupt:
        Item(kLine, effect.detail, {});
        break;
      case EffectKind::kDmaRead:
      case EffectKind::kReady:
      case EffectKind::kTimerArmed:
      case EffectKind::kTimerCancelled:
        break;
    }
  }
  if (wrote) AddMemory(effects);
  ++index_;
}

Digest DigestBuilder::Finish() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(state_);
  return {hash.high64, hash.low64};
}

std::string ToString(const Digest& digest) {
  return fmt::format("{:016x}{:016x}", digest.high, digest.low);
}

}  // namespace nicreplay
