// SPDX-License-Identifier: MIT
#include "models/virtio/virtio_device.h"

namespace nicreplay::virtio {

VirtioDevice::VirtioDevice(Features offered, std::uint32_t queues, const Memory& memory,
                           Interrupts& interrupts)
    : offered_(offered), memory_(memory), interrupts_(interrupts) {
  queues_.reserve(queues);
  for (std::uint32_t i = 0; i < queues; ++i) queues_.emplace_back(accepted_);
}

// Not after FEATURES_OK (3.1.1); what was not offered is not accepted.
void VirtioDevice::SetFeatures(Features features) {
  if ((status_ & status::kFeaturesOk) != 0) return;
  const Features accepted = features & offered_;
  OnFeatures(accepted);
  accepted_ = accepted;
  if (!Has(feature::kEventIdx)) return;
  for (Queue& queue : queues_) queue.Map();
}

void VirtioDevice::SetStatus(std::uint8_t status) {
  OnStatus(status);
  status_ = status;
}

void VirtioDevice::Reset() {
  SetStatus(0);
  OnReset();
  broken_ = false;
  OnFeatures({});
  accepted_ = {};
  disabled_ = false;
  isr_ = 0;
  config_vector_ = kNoVector;
  interrupts_.Notify(kNoVector);
  for (Queue& queue : queues_) queue.Reset();
}

std::uint8_t VirtioDevice::TakeIsr() {
  const std::uint8_t isr = isr_;
  isr_ = 0;
  return isr;
}

std::uint32_t VirtioDevice::queue_count() const {
  std::uint32_t count = queue_slots();
  while (count != 0 && queues_[count - 1].size() == 0) --count;
  return count;
}

void VirtioDevice::NotifyQueue(std::uint32_t number) {
  if (number >= queue_slots() || queues_[number].size() == 0) return;
  if (!queues_[number].HasRing() || broken_) return;
  OnNotify(number);
}

// A legacy driver knows no NEEDS_RESET.
void VirtioDevice::Break() {
  if (Has(feature::kVersion1)) {
    status_ |= status::kNeedsReset;
    InterruptConfig();
  }
  broken_ = true;
}

bool VirtioDevice::Take(Queue& queue, Element* element) {
  if (IsStopped()) return false;
  const Taken taken = queue.Take(memory_, element);
  if (taken == Taken::kBroken) Break();
  return taken == Taken::kElement;
}

void VirtioDevice::Interrupt(Queue& queue) {
  if (!queue.ShouldNotify(memory_)) return;
  isr_ |= kIsrQueue;
  if (!IsStopped()) interrupts_.Notify(queue.vector());
}

void VirtioDevice::InterruptConfig() {
  if (!IsRunning()) return;
  isr_ |= kIsrQueue | kIsrConfig;
  ++generation_;
  if (!IsStopped()) interrupts_.Notify(config_vector_);
}

}  // namespace nicreplay::virtio
