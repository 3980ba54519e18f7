// SPDX-License-Identifier: MIT
#include "replay/exit_model.h"

#include <algorithm>
#include <numeric>

#include "models/e1000/deferral.h"
#include "models/e1000/registers.h"

namespace nicreplay {
namespace {

constexpr Nanoseconds kSlice = 10'000'000;
constexpr std::uint64_t kBusyFrames = 8;  // in a slice

// Where messages of interrupts go (Intel SDM 3A, 11.11).
bool IsMessage(const Effect& effect) {
  return effect.kind == EffectKind::kDmaWrite && effect.address >> 20 == 0xfee;
}

// virtio 1.2, 4.1.4: with QEMU's layout of the modern BAR, and the legacy registers.
constexpr std::uint8_t kModernBar = 4;
constexpr std::uint32_t kModernIsr = 0x1000;
constexpr std::uint32_t kModernNotify = 0x3000;
constexpr std::uint32_t kLegacyNotify = 16;
constexpr std::uint32_t kLegacyIsr = 19;

ExitKind VirtioKind(const Stimulus& stimulus) {
  const bool modern = stimulus.bar == kModernBar;
  if (modern && stimulus.offset >= kModernNotify) return ExitKind::kTransmitDoorbell;
  if (modern && stimulus.offset >> 12 == kModernIsr >> 12) return ExitKind::kCause;
  if (stimulus.bar == 0 && stimulus.offset == kLegacyNotify) return ExitKind::kTransmitDoorbell;
  if (stimulus.bar == 0 && stimulus.offset == kLegacyIsr) return ExitKind::kCause;
  return ExitKind::kOther;
}

ExitKind E1000Kind(const Stimulus& stimulus) {
  if (stimulus.bar != 0) return ExitKind::kOther;
  const std::uint32_t offset = stimulus.offset;
  const bool write = stimulus.kind == StimulusKind::kWrite;
  if (offset == e1000::kTDT && write) return ExitKind::kTransmitDoorbell;
  if (offset == e1000::kRDT && write) return ExitKind::kReceiveDoorbell;
  if (offset == e1000::kICR || offset == e1000::kIMS || offset == e1000::kIMC) {
    return ExitKind::kCause;
  }
  if (offset >> 12 == 2 || offset >> 12 == 3) return ExitKind::kShadowable;
  return ExitKind::kOther;
}

// What an optimization leaves of a device's exits.
struct Left {
  const char* what;
  double doorbells;        // the part of TDT and RDT writes that stays an exit
  double light_doorbells;  // the part that becomes a light one
  double shadowable;
  bool moderated;
};
constexpr Left kLeft[] = {
    {"stock", 1, 0, 1, false},          {"doorbell", 0, 1, 1, false},
    {"irqmod", 1, 0, 1, true},          {"sidecore", 0, 0, 0, false},
    {"doorbell+irqmod", 0, 1, 1, true}, {"sidecore+irqmod", 0, 0, 0, true},
};

Prediction Predict(const Left& left, const ExitCount& count) {
  const auto kind = [&count](ExitKind k) {
    return static_cast<double>(count.exits[static_cast<std::size_t>(k)]);
  };
  const double doorbells = kind(ExitKind::kTransmitDoorbell) + kind(ExitKind::kReceiveDoorbell);
  const double spaced = static_cast<double>(count.busy) / e1000::kLineDeferral;
  const auto interrupts = static_cast<double>(count.interrupts);
  const double kept = left.moderated && interrupts > spaced ? spaced / interrupts : 1;
  const double exits = kind(ExitKind::kOther) + kind(ExitKind::kConfig) +
                       kind(ExitKind::kShadowable) * left.shadowable +
                       kind(ExitKind::kCause) * kept + doorbells * left.doorbells;
  return {left.what, count.each_byte(exits), count.each_byte(doorbells * left.light_doorbells),
          count.each_byte(interrupts * kept), 0};
}

}  // namespace

const char* Name(ExitKind kind) {
  switch (kind) {
    case ExitKind::kTransmitDoorbell:
      return "doorbell, transmit";
    case ExitKind::kReceiveDoorbell:
      return "doorbell, receive";
    case ExitKind::kCause:
      return "interrupt cause and mask";
    case ExitKind::kShadowable:
      return "other ring registers";
    case ExitKind::kOther:
      return "other registers";
    case ExitKind::kConfig:
      return "configuration space";
  }
  return "";
}

std::uint64_t ExitCount::total() const {
  return std::accumulate(exits.begin(), exits.end(), std::uint64_t{0});
}

ExitKind ExitCounter::KindOf(const Stimulus& stimulus) const {
  if (stimulus.kind == StimulusKind::kConfigRead || stimulus.kind == StimulusKind::kConfigWrite) {
    return ExitKind::kConfig;
  }
  return family_ == NicFamily::kE1000 ? E1000Kind(stimulus) : VirtioKind(stimulus);
}

void ExitCounter::AddExit(const Stimulus& stimulus) {
  switch (stimulus.kind) {
    case StimulusKind::kRead:
    case StimulusKind::kWrite:
    case StimulusKind::kConfigRead:
    case StimulusKind::kConfigWrite:
      ++open_.exits[static_cast<std::size_t>(KindOf(stimulus))];
      break;
    default:
      break;
  }
}

void ExitCounter::AddFrame(std::uint32_t size) {
  ++open_.frames;
  open_.bytes += size;
}

void ExitCounter::CloseSlice() {
  if (open_.frames >= kBusyFrames) {
    for (std::size_t i = 0; i < kExitKinds; ++i) busy_.exits[i] += open_.exits[i];
    busy_.interrupts += open_.interrupts;
    busy_.frames += open_.frames;
    busy_.bytes += open_.bytes;
    busy_.busy += kSlice;
  }
  open_ = {};
}

void ExitCounter::Add(const Stimulus& stimulus, std::span<const Effect> effects) {
  if (const std::uint64_t slice = stimulus.time / kSlice; slice != slice_) {
    CloseSlice();
    slice_ = slice;
  }
  AddExit(stimulus);
  if (stimulus.kind == StimulusKind::kFrame && stimulus.result != ReceiveResult::kKeep) {
    AddFrame(stimulus.data_size);
  }
  for (const Effect& effect : effects) {
    const bool delivered =
        effect.kind == EffectKind::kDelivery && effect.result != ReceiveResult::kKeep;
    if (effect.kind == EffectKind::kTransmit || delivered) AddFrame(effect.data_size);
    const bool rises = effect.kind == EffectKind::kInterrupt && effect.detail != 0;
    if (rises || IsMessage(effect)) ++open_.interrupts;
  }
}

ExitCount ExitCounter::Finish() {
  CloseSlice();
  return busy_;
}

std::vector<Prediction> PredictE1000(const ExitCount& e1000, const ExitCount& virtio,
                                     const ExitCosts& costs) {
  const double virtio_time = costs.virtio_ns_a_byte > 0
                                 ? costs.virtio_ns_a_byte
                                 : virtio.each_byte(static_cast<double>(virtio.busy));
  const double virtio_cost =
      virtio.each_byte(static_cast<double>(virtio.total())) * costs.exit_ns +
      virtio.each_byte(static_cast<double>(virtio.interrupts)) * costs.irq_ns;
  std::vector<Prediction> all;
  all.reserve(std::size(kLeft));
  for (const Left& left : kLeft) {
    Prediction prediction = Predict(left, e1000);
    const double cost = prediction.exits * costs.exit_ns + prediction.light * costs.light_exit_ns +
                        prediction.interrupts * costs.irq_ns;
    prediction.factor = (virtio_time + cost - virtio_cost) / virtio_time;
    all.push_back(std::move(prediction));
  }
  return all;
}

}  // namespace nicreplay
