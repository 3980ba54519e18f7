// SPDX-License-Identifier: MIT
#include "models/pci_config.h"

#include <algorithm>
#include <cstring>

namespace nicreplay {
namespace {

// PCI 3.0, figure 6-1.
constexpr std::size_t kVendorId = 0x00;
constexpr std::size_t kDeviceId = 0x02;
constexpr std::size_t kRevision = 0x08;
constexpr std::size_t kClassCode = 0x09;
constexpr std::size_t kSubsystemVendorId = 0x2c;
constexpr std::size_t kSubsystemId = 0x2e;
constexpr std::size_t kRomBar = 0x30;
constexpr std::size_t kCapabilities = 0x34;
constexpr std::size_t kInterruptPin = 0x3d;
constexpr std::size_t kHeaderSize = 0x40;

constexpr std::uint16_t kQemuSubsystemVendor = 0x1af4;
constexpr std::uint16_t kQemuSubsystem = 0x1100;

// I/O space, memory space, bus master, SERR# and interrupt disable (6.2.2); QEMU has no others.
constexpr std::uint16_t kCommandWritable = 0x0507;
// Master data parity error, the three aborts, system error, parity error (6.2.3).
constexpr std::uint16_t kStatusWriteOneClears = 0xf900;

constexpr std::uint8_t kStatusCapabilities = 0x10;

constexpr std::uint32_t kBarIo = 1;
constexpr std::uint32_t kBarPrefetchable64 = 0xc;
constexpr std::uint32_t kRomEnable = 1;

using ConfigBytes = std::array<std::uint8_t, PciConfig::kSize>;

void Store(ConfigBytes& bytes, std::size_t offset, std::uint32_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    bytes[offset + i] = static_cast<std::uint8_t>(value >> 8 * i);
  }
}

std::uint32_t LoadValue(const std::uint8_t* bytes, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value |= std::uint32_t{bytes[i]} << 8 * i;
  return value;
}

bool IsAligned(std::uint8_t offset, std::uint8_t size) {
  return (size == 1 || size == 2 || size == 4) && offset % size == 0;
}

std::uint32_t BarFlags(BarInfo::Kind kind) {
  switch (kind) {
    case BarInfo::Kind::kIo:
      return kBarIo;
    case BarInfo::Kind::kMemory64:
      return kBarPrefetchable64;
    default:
      return 0;
  }
}

}  // namespace

PciConfig::PciConfig(const DeviceInfo& info, std::uint32_t rom_size)
    : capabilities_end_(kHeaderSize) {
  Store(bytes_, kVendorId, info.vendor_id, 2);
  Store(bytes_, kDeviceId, info.device_id, 2);
  Store(bytes_, kRevision, info.revision, 1);
  Store(bytes_, kClassCode, info.class_code, 3);
  Store(bytes_, kSubsystemVendorId, kQemuSubsystemVendor, 2);
  Store(bytes_, kSubsystemId, kQemuSubsystem, 2);
  Store(bytes_, kInterruptPin, 1, 1);

  Store(writable_, kCommand, kCommandWritable, 2);
  Store(write_one_clears_, kStatus, kStatusWriteOneClears, 2);
  writable_[kCacheLineSize] = 0xff;
  writable_[kInterruptLine] = 0xff;
  std::fill(writable_.begin() + kHeaderSize, writable_.end(), std::uint8_t{0xff});
  for (std::size_t i = 0; i < std::size(info.bars); ++i) {
    const BarInfo& bar = info.bars[i];
    if (bar.kind == BarInfo::Kind::kNone) continue;
    Store(bytes_, PciConfig::kBar0 + 4 * i, BarFlags(bar.kind), 4);
    Store(writable_, PciConfig::kBar0 + 4 * i, ~(bar.size - 1), 4);
    if (bar.kind == BarInfo::Kind::kMemory64) {
      Store(writable_, PciConfig::kBar0 + 4 * (i + 1), ~std::uint32_t{0}, 4);
    }
  }
  if (rom_size != 0) Store(writable_, kRomBar, ~(rom_size - 1) | kRomEnable, 4);
}

std::uint8_t PciConfig::AddCapability(Bytes capability, Bytes writable) {
  const std::size_t offset = capabilities_end_;
  std::copy(capability.begin(), capability.end(), bytes_.begin() + offset);
  std::copy(writable.begin(), writable.end(), writable_.begin() + offset);
  bytes_[offset + 1] = bytes_[kCapabilities];
  bytes_[kCapabilities] = static_cast<std::uint8_t>(offset);
  bytes_[kStatus] |= kStatusCapabilities;
  capabilities_end_ = (offset + capability.size() + 3) & ~std::size_t{3};
  return static_cast<std::uint8_t>(offset);
}

std::uint32_t PciConfig::Read(std::uint8_t offset, std::uint8_t size) const {
  return IsAligned(offset, size) ? LoadValue(&bytes_[offset], size) : 0;
}

void PciConfig::Write(std::uint8_t offset, std::uint8_t size, std::uint32_t value,
                      InterruptLine& line) {
  if (!IsAligned(offset, size)) return;
  const std::uint16_t old_command = command();
  for (std::size_t i = offset; i < std::size_t{offset} + size; ++i, value >>= 8) {
    const auto byte = static_cast<std::uint8_t>(value);
    const auto written =
        static_cast<std::uint8_t>((bytes_[i] & ~writable_[i]) | (byte & writable_[i]));
    bytes_[i] = static_cast<std::uint8_t>(written & ~(byte & write_one_clears_[i]));
  }
  // QEMU looks at the disable bit only when the low byte of the command register is written.
  if (offset != kCommand) return;
  const bool toggled = ((command() ^ old_command) & kCommandInterruptDisable) != 0;
  if (!toggled || pin_ == LineLevel::kLow) return;
  ChangeLine((command() & kCommandInterruptDisable) != 0 ? ~0u : 1u, line);
}

void PciConfig::SetInterrupt(LineLevel level, InterruptLine& line) {
  if (level == pin_) return;
  pin_ = level;
  if (level == LineLevel::kHigh) {
    bytes_[kStatus] |= static_cast<std::uint8_t>(kStatusInterrupt);
  } else {
    bytes_[kStatus] &= static_cast<std::uint8_t>(~kStatusInterrupt);
  }
  if ((command() & kCommandInterruptDisable) != 0) return;
  ChangeLine(level == LineLevel::kHigh ? 1u : ~0u, line);
}

void PciConfig::Reset(InterruptLine& line) {
  SetInterrupt(LineLevel::kLow, line);
  // QEMU asserts that the count is 0 when a bus is reset, and dies where it is not.
  if (line_count_ != 0) ChangeLine(0u - line_count_, line);
  for (const std::size_t i : {kCommand + 0, kCommand + 1, kStatus + 0, kStatus + 1,
                              kInterruptLine + 0, kCacheLineSize + 0}) {
    bytes_[i] &= static_cast<std::uint8_t>(~(writable_[i] | write_one_clears_[i]));
  }
  for (std::size_t i = PciConfig::kBar0; i < PciConfig::kBar0 + 4 * 6; ++i) {
    bytes_[i] &= static_cast<std::uint8_t>(~writable_[i]);
  }
  for (std::size_t i = kRomBar; i < kRomBar + 4; ++i) {
    bytes_[i] &= static_cast<std::uint8_t>(~writable_[i]);
  }
}

void PciConfig::ChangeLine(std::uint32_t change, InterruptLine& line) {
  const bool was_high = line_count_ != 0;
  line_count_ += change;
  const bool is_high = line_count_ != 0;
  if (is_high != was_high) line.SetInterrupt(is_high ? LineLevel::kHigh : LineLevel::kLow);
}

void PciConfig::Save(std::span<std::uint8_t, kStateSize> out) const {
  std::copy(bytes_.begin(), bytes_.end(), out.begin());
  out[kSize] = static_cast<std::uint8_t>(pin_);
  for (std::size_t i = 0; i < 4; ++i) {
    out[kSize + 1 + i] = static_cast<std::uint8_t>(line_count_ >> 8 * i);
  }
}

bool PciConfig::Load(std::span<const std::uint8_t, kStateSize> state) {
  const std::uint8_t pin = state[kSize];
  if (pin > 1) return false;
  if (((state[kStatus] & kStatusInterrupt) != 0) != (pin == 1)) return false;
  const auto dword = [](const std::uint8_t* bytes) {
    std::uint32_t value;
    std::memcpy(&value, bytes, sizeof(value));
    return value;
  };
  for (std::size_t i = 0; i < kSize; i += 4) {
    const std::uint32_t changed = dword(&state[i]) ^ dword(&bytes_[i]);
    if (changed == 0) continue;
    std::uint32_t changeable = dword(&writable_[i]) | dword(&write_one_clears_[i]);
    if (i == kCommand) changeable |= std::uint32_t{kStatusInterrupt} << 8 * (kStatus - kCommand);
    if ((changed & ~changeable) != 0) return false;
  }
  std::memcpy(bytes_.data(), state.data(), kSize);
  pin_ = static_cast<LineLevel>(pin);
  line_count_ = LoadValue(&state[kSize + 1], 4);
  return true;
}

}  // namespace nicreplay
