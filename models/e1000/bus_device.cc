// SPDX-License-Identifier: MIT
#include "models/e1000/bus_device.h"

namespace nicreplay::e1000 {

bool IsRegister(const Access& access) {
  const bool sized = access.size == 1 || access.size == 2 || access.size == 4 || access.size == 8;
  return access.bar == 0 && sized && access.offset % access.size == 0 && access.offset < kBar0Size;
}

std::uint64_t BusDevice::Read(const Access& access) {
  if (!IsRegister(access)) return 0;
  const std::uint32_t offset = access.offset & ~3u;
  const std::uint32_t value = control_.ReadRegister(offset);
  if (access.size < 4) return value & ((1u << 8 * access.size) - 1);
  if (access.size == 4) return value;
  return value | std::uint64_t{control_.ReadRegister(offset + 4)} << 32;
}

void BusDevice::Write(const Access& access, std::uint64_t value) {
  if (!IsRegister(access)) return;
  const std::uint32_t offset = access.offset & ~3u;
  if (access.size < 4) value &= (1u << 8 * access.size) - 1;
  WriteRegister(offset, static_cast<std::uint32_t>(value));
  if (access.size == 8) WriteRegister(offset + 4, static_cast<std::uint32_t>(value >> 32));
}

void BusDevice::WriteRegister(std::uint32_t offset, std::uint32_t value) {
  if (control_.WriteRegister(offset, value) == Doorbell::kTransmit) RunTransmitter();
}

std::uint32_t BusDevice::ConfigRead(std::uint8_t offset, std::uint8_t size) {
  return control_.pci().Read(offset, size);
}

void BusDevice::ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint32_t value) {
  control_.ConfigWrite(offset, size, value);
}

void BusDevice::SetLink(LinkState state) { control_.link().SetState(state); }

void BusDevice::Timer(TimerId id) { control_.OnTimer(id); }

}  // namespace nicreplay::e1000
