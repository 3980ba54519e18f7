// SPDX-License-Identifier: MIT
#include "replay/replay_host.h"

#include "replay/apply.h"

namespace nicreplay {

namespace {

ReceiveResult ReceiveOne(Device& device, Bytes bytes, const Offload* offload) {
  const Bytes pieces[] = {bytes};
  return device.Receive(Frame{pieces, offload == nullptr ? Offload{} : *offload});
}

}  // namespace

ReceiveResult ReplayHost::Deliver(const Effect& delivery) {
  return ReceiveOne(*device_, delivery.bytes(), delivery.offload);
}

// Only what is known: the rest is DmaRead's to report.
Bytes ReplayHost::MapRead(GuestAddress address, std::size_t size) {
  const std::uint8_t* direct = memory_.Direct(address, size);
  if (direct == nullptr || !memory_.Known(address, size)) return {};
  return {direct, size};
}

void ReplayHost::FlushReceive() {
  if (pending_.empty() || delivering_) return;
  delivering_ = true;
  while (!pending_.empty()) {
    const Effect& next = pending_.front();
    pending_ = pending_.subspan(1);
    if (next.kind != EffectKind::kDelivery) continue;
    // A frame that is kept ends a flush, as in QEMU; the recording offers it again where QEMU did.
    if (Deliver(next) == ReceiveResult::kKeep) break;
  }
  delivering_ = false;
}

void ReplayHost::ApplyMemory(const StepWindow& window, const Step& step) {
  if (window.patching == Patching::kAsRead) {
    // Backwards, so that of two reads of one byte the first finds what it found; what the device
    // writes between the two is for the second.
    const std::span<const Effect> effects = window.EffectsOf(step);
    for (auto effect = effects.rbegin(); effect != effects.rend(); ++effect) {
      if (effect->kind == EffectKind::kDmaRead) memory_.Write(effect->address, effect->bytes());
    }
    return;
  }
  for (; next_patch_ < step.patch_end; ++next_patch_) {
    const MemoryPatch& patch = window.patches[next_patch_];
    memory_.Write(patch.address, Bytes(patch.data, patch.size));
  }
  const std::uint64_t index =
      window.first + static_cast<std::uint64_t>(&step - window.steps.data());
  for (; next_hole_ < window.holes.size() && window.holes[next_hole_].step <= index; ++next_hole_) {
    memory_.AddHole(window.holes[next_hole_].page);
  }
}

std::uint64_t ReplayHost::Apply(const Stimulus& stimulus) {
  switch (stimulus.kind) {
    case StimulusKind::kMemory:
      memory_.Write(stimulus.value, stimulus.bytes());
      return 0;
    case StimulusKind::kFrame:
      return static_cast<std::uint64_t>(ReceiveOne(*device_, stimulus.bytes(), stimulus.offload));
    case StimulusKind::kLink:
      device_->SetLink(stimulus.detail != 0 ? LinkState::kUp : LinkState::kDown);
      return 0;
    case StimulusKind::kTimer:
      device_->Timer(stimulus.detail);
      return 0;
    default:
      return ApplyToDevice(*device_, stimulus);
  }
}

}  // namespace nicreplay
