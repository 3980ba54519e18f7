// SPDX-License-Identifier: MIT
// The guest's physical memory as a replay knows it: bytes that the trace told or the device wrote
// are known, all others read 0 and are reported as unknown.  One sparse mapping; high addresses
// beyond it in a bounded side table.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "models/device.h"
#include "models/result.h"

namespace nicreplay {

class GuestMemory {
 public:
  // Addresses below this are one mapping; pages appear when they are written.
  static constexpr std::uint64_t kWindow = std::uint64_t{64} << 30;
  // Pages of 4 KiB that may be written, in the window and above it.  Writes to further pages vanish
  // (and stay unknown), so that no trace can make the process grow without bound.
  static constexpr std::size_t kMaxPages = std::size_t{1} << 20;
  static constexpr std::size_t kMaxHighPages = std::size_t{1} << 16;

  static Result<std::unique_ptr<GuestMemory>> Create();
  ~GuestMemory();
  GuestMemory(const GuestMemory&) = delete;
  GuestMemory& operator=(const GuestMemory&) = delete;

  // Copies out; unknown bytes are 0.  Addresses wrap past 2^64.
  void Read(GuestAddress address, MutableBytes out) const;
  // Whether every byte of the range is known.
  bool Known(GuestAddress address, std::uint64_t size) const;
  // Writes and makes known: what the guest does.
  void Write(GuestAddress address, Bytes data);
  // The same, except in holes: what a device does.
  void DeviceWrite(GuestAddress address, Bytes data);
  // From now on the page (address / 4096) takes no writes of devices: ROM, registers, nothing at
  // all.
  void AddHole(std::uint64_t page) { holes_.insert(page); }

  // The range as it lies in the window, or null if it is not wholly inside.  For comparing without
  // a copy.
  const std::uint8_t* Direct(GuestAddress address, std::uint64_t size) const {
    return address < kWindow && size <= kWindow - address ? data_ + address : nullptr;
  }

 private:
  struct HighPage {
    std::array<std::uint8_t, 4096> data{};
    std::array<std::uint8_t, 512> known{};
  };

  GuestMemory() = default;
  bool Admit(GuestAddress address, std::uint64_t size);
  HighPage* AdmitHigh(std::uint64_t page);

  std::uint8_t* data_ = nullptr;
  std::uint8_t* known_ = nullptr;    // one bit a byte of the window
  std::uint8_t* present_ = nullptr;  // one byte a page of the window: 1 once written
  std::size_t pages_ = 0;            // of the window, written
  std::unordered_map<std::uint64_t, std::unique_ptr<HighPage>> high_;
  std::unordered_set<std::uint64_t> holes_;
};

}  // namespace nicreplay
