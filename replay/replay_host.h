// SPDX-License-Identifier: MIT
// The surroundings of a device while a program is replayed: memory, the virtual time of the step,
// and the frames that the network delivered when the device flushed.  What becomes of the effects
// is the derived class'.
#pragma once

#include <span>

#include "models/device.h"
#include "replay/guest_memory.h"
#include "replay/step_source.h"

namespace nicreplay {

class ReplayHost : public Host {
 public:
  explicit ReplayHost(GuestMemory& memory) : memory_(memory) {}

  // The device may be created on this host, so it is named later.
  void Attach(Device* device) { device_ = device; }
  // What the network takes besides wire frames: none at first.
  void set_transmit_offloads(OffloadSet offloads) { transmit_offloads_ = offloads; }
  OffloadSet TransmitOffloads() override { return transmit_offloads_; }

  Nanoseconds Now() override { return now_; }
  void DmaRead(GuestAddress address, MutableBytes out) override { memory_.Read(address, out); }
  void DmaWrite(GuestAddress address, Bytes data) override { memory_.DeviceWrite(address, data); }
  Bytes MapRead(GuestAddress address, std::size_t size) override;
  void Transmit(const Frame&) override {}
  void SetInterrupt(LineLevel) override {}
  void ArmTimer(TimerId, Nanoseconds) override {}
  void CancelTimer(TimerId) override {}
  void FlushReceive() override;

  // Applies the guest's writes that precede the step of the window, and the step itself; steps come
  // in order.  Returns the value of a
  // read, the result of a frame, 0 otherwise.
  std::uint64_t Run(const StepWindow& window, const Step& step) {
    const Stimulus& stimulus = step.stimulus;
    if (step.memory) ApplyMemory(window, step);
    now_ = stimulus.time;
    pending_ = window.EffectsOf(step);
    if (stimulus.kind == StimulusKind::kRead) return device_->Read(stimulus.access());
    if (stimulus.kind == StimulusKind::kWrite) {
      device_->Write(stimulus.access(), stimulus.value);
      return 0;
    }
    return Apply(stimulus);
  }

 protected:
  // One delivery of the recording, as this device takes it.
  virtual ReceiveResult Deliver(const Effect& delivery);
  // Deliveries of the current step that no flush has asked for yet.
  std::span<const Effect> pending() const { return pending_; }

  GuestMemory& memory_;
  Device* device_ = nullptr;

 private:
  void ApplyMemory(const StepWindow& window, const Step& step);
  std::uint64_t Apply(const Stimulus& stimulus);

  OffloadSet transmit_offloads_ = 0;
  Nanoseconds now_ = 0;
  std::size_t next_patch_ = 0;
  std::size_t next_hole_ = 0;
  std::span<const Effect> pending_;
  bool delivering_ = false;
};

}  // namespace nicreplay
