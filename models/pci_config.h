// SPDX-License-Identifier: MIT
// A conventional PCI function's configuration space (PCI 3.0, chapter 6), type 0 header, as QEMU's
// pci core keeps it: BARs of DeviceInfo, interrupt pin A, subsystem 1af4:1100 unless the device
// says otherwise; of bytes 0x40-0xff what is no capability is plain storage.
#pragma once

#include <array>
#include <cstdint>

#include "models/device.h"

namespace nicreplay {

class PciConfig {
 public:
  static constexpr std::size_t kSize = 256;
  static constexpr std::size_t kStateSize = kSize + 1 + 4;  // bytes of Save: also pin, line count

  static constexpr std::uint8_t kCommand = 0x04;
  static constexpr std::uint8_t kStatus = 0x06;
  static constexpr std::uint8_t kBar0 = 0x10;
  static constexpr std::uint8_t kCacheLineSize = 0x0c;
  static constexpr std::uint8_t kInterruptLine = 0x3c;
  static constexpr std::uint16_t kCommandMemory = 0x0002;
  static constexpr std::uint16_t kCommandBusMaster = 0x0004;
  static constexpr std::uint16_t kCommandInterruptDisable = 0x0400;
  static constexpr std::uint16_t kStatusInterrupt = 0x0008;

  // `rom_size`: bytes of the expansion ROM BAR, 0 for none, a power of two of at least 2048.
  PciConfig(const DeviceInfo& info, std::uint32_t rom_size);

  // Out-of-range or misaligned accesses read 0 and write nothing.
  std::uint32_t Read(std::uint8_t offset, std::uint8_t size) const;
  void Write(std::uint8_t offset, std::uint8_t size, std::uint32_t value, InterruptLine& line);

  // Takes the next bytes from 0x40 on and becomes the head of the list (6.7): the first two bytes
  // are its id and, filled in here, the link.  `writable` has as many bytes.  Returns its offset.
  std::uint8_t AddCapability(Bytes capability, Bytes writable);

  // A byte that the device presets beside what DeviceInfo says; the next Reset may clear it.
  void Preset(std::uint8_t offset, std::uint8_t value) { bytes_[offset] = value; }

  std::uint16_t command() const {
    return static_cast<std::uint16_t>(bytes_[kCommand] | bytes_[kCommand + 1] << 8);
  }
  bool bus_master() const { return (command() & kCommandBusMaster) != 0; }

  // The device's interrupt pin: sets the status bit, and the line unless the command register
  // disables it. Tells of changes of the
  // line alone.
  void SetInterrupt(LineLevel level, InterruptLine& line);

  // Bus reset: the pin low, command, status, interrupt line, cache line size and BARs cleared.
  void Reset(InterruptLine& line);

  void Save(std::span<std::uint8_t, kStateSize> out) const;
  // False, and nothing changed, where the state contradicts what is read-only here.
  bool Load(std::span<const std::uint8_t, kStateSize> state);

 private:
  void ChangeLine(std::uint32_t change, InterruptLine& line);

  std::array<std::uint8_t, kSize> bytes_{};
  std::array<std::uint8_t, kSize> writable_{};
  std::array<std::uint8_t, kSize> write_one_clears_{};
  std::size_t capabilities_end_;
  LineLevel pin_ = LineLevel::kLow;
  // The line is high unless this is 0.  QEMU adds and subtracts the pin's level, and a 1-byte write
  // of the upper half of the command register changes the disable bit without either, so it can
  // leave 0 and 1: wrapping, as a negative number is possible.
  std::uint32_t line_count_ = 0;
};

}  // namespace nicreplay
