// SPDX-License-Identifier: MIT
// The legacy interface (virtio 1.2, 4.1.4.10).
#include "models/virtio/pci_transport.h"

namespace nicreplay::virtio {
namespace {

constexpr unsigned kAddressShift = 12;  // queue addresses are given in pages

}  // namespace

// The vectors of MSI-X shift the device's configuration while it is enabled.
std::uint32_t PciTransport::LegacyConfigAt() const {
  return msix_.IsEnabled() ? legacy::kConfigWithMsix : legacy::kConfig;
}

std::uint32_t PciTransport::ReadLegacy(std::uint32_t offset, std::uint8_t size) {
  if (offset >= LegacyConfigAt()) return ReadDeviceConfig(offset - LegacyConfigAt(), size);
  return ReadLegacyRegister(offset);
}

std::uint32_t PciTransport::ReadLegacyRegister(std::uint32_t offset) {
  switch (offset) {
    case legacy::kDeviceFeatures:
      return static_cast<std::uint32_t>(device_->offered().bits());
    case legacy::kDriverFeatures:
      return static_cast<std::uint32_t>(device_->accepted().bits());
    case legacy::kQueueAddress:
      if (!QueueExists()) return 0;
      return static_cast<std::uint32_t>(SelectedQueue().descriptors() >> kAddressShift);
    case legacy::kQueueSize:
      return QueueExists() ? SelectedQueue().size() : 0;
    case legacy::kQueueSelect:
      return queue_select_;
    case legacy::kDeviceStatus:
      return device_->status();
    case legacy::kIsr:
      return ReadIsr();
    case legacy::kConfigMsixVector:
      return device_->config_vector();
    case legacy::kQueueMsixVector:
      return QueueVector();
    default:
      return ~std::uint32_t{0};
  }
}

void PciTransport::WriteLegacy(std::uint32_t offset, std::uint8_t size, std::uint32_t value) {
  if (offset >= LegacyConfigAt()) {
    WriteDeviceConfig(offset - LegacyConfigAt(), size, value);
  } else {
    WriteLegacyRegister(offset, value);
  }
}

void PciTransport::WriteLegacyRegister(std::uint32_t offset, std::uint32_t value) {
  switch (offset) {
    case legacy::kDriverFeatures:
      device_->SetFeatures((value >> feature::kUnused & 1) != 0 ? kBrokenDriver : Features(value));
      break;
    case legacy::kQueueAddress:
      if (value == 0) {
        ResetDevice();
      } else if (QueueExists() && SelectedQueue().size() != 0) {
        SelectedQueue().SetLegacyRing(std::uint64_t{value} << kAddressShift);
      }
      break;
    case legacy::kQueueSelect:
      if (value < kMaxQueues) queue_select_ = static_cast<std::uint16_t>(value);
      break;
    case legacy::kQueueNotify:
      device_->NotifyQueue(value);
      break;
    case legacy::kDeviceStatus:
      WriteStatus(static_cast<std::uint8_t>(value));
      // Linux before 2.6.34 leaves bus mastering off; QEMU turns it on here.
      if (value == (status::kAcknowledge | status::kDriver)) {
        pci_.Write(PciConfig::kCommand, 1, (pci_.command() & 0xffu) | PciConfig::kCommandBusMaster,
                   host_);
      }
      break;
    case legacy::kConfigMsixVector:
      SetConfigVector(value);
      break;
    case legacy::kQueueMsixVector:
      SetQueueVector(value);
      break;
    default:
      break;
  }
}

}  // namespace nicreplay::virtio
