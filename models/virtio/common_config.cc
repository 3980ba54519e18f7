// SPDX-License-Identifier: MIT
// The common configuration structure of the modern interface (virtio 1.2, 4.1.4.3).
#include "models/virtio/pci_transport.h"

namespace nicreplay::virtio {

// Fields answer at their own offset, whatever the width of the access.
std::uint32_t PciTransport::ReadCommon(std::uint32_t offset) {
  switch (offset) {
    case common::kDeviceFeatureSelect:
      return device_feature_select_;
    case common::kDeviceFeature:
      if (device_feature_select_ > 1) return 0;
      return static_cast<std::uint32_t>(device_->offered().Without(kLegacyOnly).bits() >>
                                        32 * device_feature_select_);
    case common::kDriverFeatureSelect:
      return driver_feature_select_;
    case common::kDriverFeature:
      return driver_feature_select_ < 2 ? driver_features_[driver_feature_select_] : 0;
    case common::kConfigMsixVector:
      return device_->config_vector();
    case common::kNumQueues:
      return device_->queue_count();
    case common::kDeviceStatus:
      return device_->status();
    case common::kConfigGeneration:
      return device_->generation();
    case common::kQueueSelect:
    case common::kQueueNotifyOff:
      return queue_select_;
    case common::kQueueMsixVector:
      return QueueVector();
    default:
      return QueueExists() ? ReadQueueRegister(offset) : 0;
  }
}

std::uint32_t PciTransport::ReadQueueRegister(std::uint32_t offset) {
  const QueueRegisters& registers = queues_[queue_select_];
  if (offset == common::kQueueSize) return SelectedQueue().size();
  if (offset == common::kQueueEnable) return registers.enabled ? 1 : 0;
  if (offset < common::kQueueDesc || offset >= common::kQueueNotifyData || offset % 4 != 0) {
    return 0;
  }
  return registers.addresses[(offset - common::kQueueDesc) / 4];
}

void PciTransport::WriteCommon(std::uint32_t offset, std::uint32_t value) {
  switch (offset) {
    case common::kDeviceFeatureSelect:
      device_feature_select_ = value;
      break;
    case common::kDriverFeatureSelect:
      driver_feature_select_ = value;
      break;
    case common::kDriverFeature:
      if (driver_feature_select_ > 1) break;
      driver_features_[driver_feature_select_] = value;
      device_->SetFeatures(
          Features(std::uint64_t{driver_features_[1]} << 32 | driver_features_[0]));
      break;
    case common::kConfigMsixVector:
      SetConfigVector(value);
      break;
    case common::kDeviceStatus:
      WriteStatus(static_cast<std::uint8_t>(value));
      break;
    case common::kQueueSelect:
      if (value < kMaxQueues) queue_select_ = static_cast<std::uint16_t>(value);
      break;
    case common::kQueueMsixVector:
      SetQueueVector(value);
      break;
    case common::kQueueEnable:
      EnableQueue(value);
      break;
    default:
      if (QueueExists()) WriteQueueRegister(offset, value);
      break;
  }
}

void PciTransport::WriteQueueRegister(std::uint32_t offset, std::uint32_t value) {
  QueueRegisters& registers = queues_[queue_select_];
  if (offset == common::kQueueSize) {
    registers.size = static_cast<std::uint16_t>(value);
    SelectedQueue().SetSize(registers.size);
  } else if (offset == common::kQueueReset) {
    if (value == 1) ResetQueue();
  } else if (offset >= common::kQueueDesc && offset < common::kQueueNotifyData && offset % 4 == 0) {
    registers.addresses[(offset - common::kQueueDesc) / 4] = value;
  }
}

// A driver must not write anything but 1 (4.1.4.3.2).
void PciTransport::EnableQueue(std::uint32_t value) {
  if (value != 1) {
    device_->Break();
    return;
  }
  if (!QueueExists()) return;
  QueueRegisters& registers = queues_[queue_select_];
  const auto address = [&registers](std::size_t i) {
    return std::uint64_t{registers.addresses[i + 1]} << 32 | registers.addresses[i];
  };
  SelectedQueue().SetSize(registers.size);
  SelectedQueue().SetRings(address(0), address(2), address(4));
  registers.enabled = true;
}

// (2.6.1)
void PciTransport::ResetQueue() {
  SelectedQueue().Reset();
  queues_[queue_select_].enabled = false;
}

}  // namespace nicreplay::virtio
