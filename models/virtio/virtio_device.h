// SPDX-License-Identifier: MIT
// What all virtio devices have in common (virtio 1.2, 2 and 3): status, features, queues,
// notifications of the driver, and what happens to a device whose driver talks nonsense.
#pragma once

#include <cstdint>
#include <type_traits>
#include <vector>

#include "models/virtio/memory.h"
#include "models/virtio/queue.h"
#include "models/virtio/spec.h"

namespace nicreplay::virtio {

// How a transport tells the driver that the ISR status or a vector's cause changed.
class Interrupts {
 public:
  virtual ~Interrupts() = default;
  // kNoVector: only the ISR status changed.
  virtual void Notify(std::uint16_t vector) = 0;
};

class VirtioDevice {
 public:
  VirtioDevice(Features offered, std::uint32_t queues, const Memory& memory,
               Interrupts& interrupts);
  virtual ~VirtioDevice() = default;
  VirtioDevice(const VirtioDevice&) = delete;
  VirtioDevice& operator=(const VirtioDevice&) = delete;

  // For the transport.
  Features offered() const { return offered_; }
  Features accepted() const { return accepted_; }
  void SetFeatures(Features features);
  std::uint8_t status() const { return status_; }
  void SetStatus(std::uint8_t status);
  void Reset();
  // Bus mastering went off: the device keeps its hands off the rings until it is on again.
  void SetDisabled(bool disabled) { disabled_ = disabled; }
  std::uint8_t generation() const { return static_cast<std::uint8_t>(generation_); }
  std::uint8_t isr() const { return isr_; }
  std::uint8_t TakeIsr();
  std::uint16_t config_vector() const { return config_vector_; }
  void set_config_vector(std::uint16_t vector) { config_vector_ = vector; }

  // Slots for queues, existing or not.
  std::uint32_t queue_slots() const { return static_cast<std::uint32_t>(queues_.size()); }
  Queue& queue(std::uint32_t number) { return queues_[number]; }
  const Queue& queue(std::uint32_t number) const { return queues_[number]; }
  // One more than the number of the last existing queue.
  std::uint32_t queue_count() const;
  void NotifyQueue(std::uint32_t number);
  void ResetQueue(std::uint32_t number) { queues_[number].Reset(); }
  // The driver broke the rules (2.1.2): nothing works until it resets the device.
  void Break();

  // Device configuration space; what lies outside reads as ones and takes no writes.
  virtual std::uint32_t config_size() const = 0;
  virtual void ReadConfig(std::uint32_t offset, MutableBytes out) const = 0;
  virtual void WriteConfig(std::uint32_t offset, Bytes data) = 0;

  template <typename Self, typename Archive>
  static void Archived(Self& self, Archive& archive);

 protected:
  bool Has(unsigned bit) const { return accepted_.Has(bit); }
  bool IsRunning() const { return (status_ & status::kDriverOk) != 0; }
  bool IsStopped() const { return disabled_ || broken_; }
  const Memory& memory() const { return memory_; }

  // The next element, unless the device is stopped; breaks the device where the ring is broken.
  bool Take(Queue& queue, Element* element);
  // An interrupt of that queue, if the driver wants one.
  void Interrupt(Queue& queue);
  void InterruptConfig();

  virtual void OnNotify(std::uint32_t number) = 0;
  // Before the new status or the accepted features take effect.
  virtual void OnStatus(std::uint8_t status) = 0;
  virtual void OnFeatures(Features features) = 0;
  virtual void OnReset() = 0;

 private:
  const Features offered_;
  const Memory& memory_;
  Interrupts& interrupts_;
  Features accepted_;
  std::uint8_t status_ = 0;
  std::uint8_t isr_ = 0;
  bool broken_ = false;
  bool disabled_ = false;
  std::uint32_t generation_ = 0;
  std::uint16_t config_vector_ = kNoVector;
  std::vector<Queue> queues_;
};

template <typename Self, typename Archive>
void VirtioDevice::Archived(Self& self, Archive& archive) {
  std::uint64_t accepted = self.accepted_.bits();
  archive.Number(accepted, self.offered_.bits());
  if constexpr (!std::is_const_v<Self>) self.accepted_ = Features(accepted);
  archive.Number(self.status_);
  archive.Bounded(self.isr_, std::uint8_t{kIsrQueue | kIsrConfig});
  archive.Flag(self.broken_);
  archive.Flag(self.disabled_);
  archive.Number(self.generation_);
  archive.Number(self.config_vector_);
  for (auto& queue : self.queues_) Queue::Archived(queue, archive);
}

}  // namespace nicreplay::virtio
