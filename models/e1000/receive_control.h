// SPDX-License-Identifier: MIT
// What RCTL, RDH and RDT say about receiving: buffer size, room in the ring, and the flush timer
// with which stock QEMU holds reception back after every RCTL write.
#pragma once

#include <cstdint>

#include "models/device.h"
#include "models/e1000/register_file.h"

namespace nicreplay::e1000 {

class ReceiveControl {
 public:
  ReceiveControl(RegisterFile& registers, Host& host) : registers_(registers), host_(host) {}

  // Bytes a descriptor; 0 until the first RCTL write.
  std::uint32_t buffer_size() const {
    return buffer_size_ == BufferSize::kUnset ? 0 : 128u << static_cast<int>(buffer_size_);
  }
  bool flush_pending() const { return flush_pending_; }

  // STATUS.LU and RCTL.EN.
  bool Enabled() const {
    return (registers_[kSTATUS] & status::kLU) != 0 && (registers_[kRCTL] & rctl::kEN) != 0;
  }

  // Whether the ring has buffers for `size` bytes.
  bool HasRoom(std::size_t size) const;

  // How many frames of `size` bytes the ring has buffers for.
  std::size_t Room(std::size_t size) const;

  // Whether so few descriptors are left that RXDMT0 is due (13.4.22, RDMTS).
  bool BelowThreshold() const;

  void WriteRctl(std::uint32_t value);
  void WriteRdt(std::uint32_t value);
  void OnTimer();
  // After the registers were reset; the buffer size survives.
  void Reset();

  template <typename Self, typename Archive>
  static void Archived(Self& self, Archive& archive) {
    archive.Bounded(self.buffer_size_, BufferSize::k16384);
    archive.Bounded(self.threshold_shift_, kLargestThresholdShift);
    archive.Flag(self.flush_pending_);
  }

 private:
  enum class BufferSize : std::uint8_t { kUnset, k256, k512, k1024, k2048, k4096, k8192, k16384 };
  static constexpr std::uint8_t kLargestThresholdShift = 4;

  static BufferSize BufferSizeOf(std::uint32_t rctl);

  RegisterFile& registers_;
  Host& host_;
  BufferSize buffer_size_ = BufferSize::kUnset;
  std::uint8_t threshold_shift_ = 0;  // RXDMT0 at RDLEN >> shift
  bool flush_pending_ = false;
};

}  // namespace nicreplay::e1000
