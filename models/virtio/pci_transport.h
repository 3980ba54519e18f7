// SPDX-License-Identifier: MIT
// A virtio device on PCI (virtio 1.2, 4.1): the legacy interface in BAR 0, MSI-X in BAR 1, the
// modern one in BAR 4, and the window to it in configuration space.  Where the specification leaves
// a choice this is QEMU's virtio-pci.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "models/device.h"
#include "models/pci_config.h"
#include "models/virtio/memory.h"
#include "models/virtio/msix.h"
#include "models/virtio/spec.h"
#include "models/virtio/virtio_device.h"

namespace nicreplay::virtio {

enum class Interface : std::uint8_t { kLegacy, kTransitional, kModern };

class PciTransport final : public Interrupts {
 public:
  PciTransport(Interface interface, std::uint32_t vectors, PciConfig& pci, const Memory& memory,
               Host& host);

  // To be called once, before anything else.
  void Attach(VirtioDevice* device);

  // As a bus delivers them; what is not there reads 0 and takes no writes.
  std::uint64_t Read(const Access& access);
  void Write(const Access& access, std::uint64_t value);
  std::uint32_t ConfigRead(std::uint8_t offset, std::uint8_t size);
  void ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint32_t value);
  // Bus reset.
  void Reset();

  void Notify(std::uint16_t vector) override;

  // The size of BAR 0 for a device with that much configuration space.
  static std::uint32_t LegacyBarSize(std::uint32_t vectors, std::uint32_t config_size);

  template <typename Self, typename Archive>
  static void Archived(Self& self, Archive& archive);

 private:
  // What the driver wrote to the common configuration for a queue.
  struct QueueRegisters {
    std::uint16_t size = 0;
    bool enabled = false;
    std::array<std::uint32_t, 6> addresses{};  // desc, driver, device: low and high half each
  };

  bool HasLegacy() const { return interface_ != Interface::kModern; }
  bool HasModern() const { return interface_ != Interface::kLegacy; }

  // Parts of the modern BAR; at most 4 bytes.
  std::uint32_t ReadModern(std::uint32_t offset, std::uint8_t size);
  void WriteModern(std::uint32_t offset, std::uint8_t size, std::uint32_t value);
  std::uint32_t ReadDeviceConfig(std::uint32_t offset, std::uint8_t size) const;
  void WriteDeviceConfig(std::uint32_t offset, std::uint8_t size, std::uint32_t value);
  std::uint32_t ReadIsr();

  // common_config.cc
  std::uint32_t ReadCommon(std::uint32_t offset);
  std::uint32_t ReadQueueRegister(std::uint32_t offset);
  void WriteCommon(std::uint32_t offset, std::uint32_t value);
  void WriteQueueRegister(std::uint32_t offset, std::uint32_t value);
  void EnableQueue(std::uint32_t value);
  void ResetQueue();

  // legacy_config.cc
  std::uint32_t LegacyConfigAt() const;
  std::uint32_t ReadLegacy(std::uint32_t offset, std::uint8_t size);
  std::uint32_t ReadLegacyRegister(std::uint32_t offset);
  void WriteLegacy(std::uint32_t offset, std::uint8_t size, std::uint32_t value);
  void WriteLegacyRegister(std::uint32_t offset, std::uint32_t value);

  // Both interfaces
  bool QueueExists() const { return queue_select_ < device_->queue_slots(); }
  Queue& SelectedQueue() { return device_->queue(queue_select_); }
  std::uint16_t QueueVector() { return QueueExists() ? SelectedQueue().vector() : kNoVector; }
  void WriteStatus(std::uint8_t status);
  void SetConfigVector(std::uint32_t vector);
  void SetQueueVector(std::uint32_t vector);
  std::uint16_t MoveVector(std::uint16_t from, std::uint32_t to);
  void ResetDevice();

  // Configuration space
  void AddCapabilities();
  void ReadWindow();
  void WriteWindow();
  bool TouchesWindow(std::uint8_t offset, std::uint8_t size) const;

  const Interface interface_;
  PciConfig& pci_;
  Host& host_;
  Msix msix_;
  VirtioDevice* device_ = nullptr;
  std::uint8_t window_ = 0;  // offset of the window's capability
  std::uint32_t device_feature_select_ = 0;
  std::uint32_t driver_feature_select_ = 0;
  std::array<std::uint32_t, 2> driver_features_{};
  std::uint16_t queue_select_ = 0;
  std::vector<QueueRegisters> queues_;
};

template <typename Self, typename Archive>
void PciTransport::Archived(Self& self, Archive& archive) {
  Msix::Archived(self.msix_, archive);
  archive.Number(self.device_feature_select_);
  archive.Number(self.driver_feature_select_);
  for (auto& word : self.driver_features_) archive.Number(word);
  archive.Bounded(self.queue_select_, static_cast<std::uint16_t>(kMaxQueues - 1));
  for (auto& queue : self.queues_) {
    archive.Number(queue.size);
    archive.Flag(queue.enabled);
    for (auto& half : queue.addresses) archive.Number(half);
  }
}

}  // namespace nicreplay::virtio
