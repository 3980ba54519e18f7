// SPDX-License-Identifier: MIT
#include "models/e1000/receive_control.h"

#include "models/e1000/descriptors.h"
#include "models/e1000/timers.h"

namespace nicreplay::e1000 {
namespace {

constexpr std::uint64_t kFlushMilliseconds = 1000;

}  // namespace

// 13.4.22, BSIZE and BSEX.  Stock QEMU takes the reserved combination as 2048.
ReceiveControl::BufferSize ReceiveControl::BufferSizeOf(std::uint32_t rctl) {
  using enum BufferSize;
  constexpr std::array kPlain = {k2048, k1024, k512, k256};
  constexpr std::array kExtended = {k2048, k16384, k8192, k4096};
  const std::uint32_t code = (rctl & rctl::kBSIZE) >> rctl::kBSIZE_SHIFT;
  return (rctl & rctl::kBSEX) != 0 ? kExtended[code] : kPlain[code];
}

bool ReceiveControl::HasRoom(std::size_t size) const {
  const std::uint32_t head = registers_[kRDH];
  const std::uint32_t tail = registers_[kRDT];
  if (head == tail) return false;
  if (size <= buffer_size()) return true;
  // As stock QEMU does: the product is of 32 bits, also where the difference was negative.
  const std::uint32_t ring = head < tail ? 0 : registers_.RingSize(kRDLEN);
  const std::uint32_t room = (ring + tail - head) * buffer_size();
  return size <= room;
}

std::size_t ReceiveControl::Room(std::size_t size) const {
  constexpr std::size_t kFcs = 4;
  const std::uint32_t head = registers_[kRDH];
  const std::uint32_t tail = registers_[kRDT];
  const std::uint32_t ring = registers_.RingSize(kRDLEN);
  if (buffer_size() == 0 || head >= ring || tail >= ring) return 0;
  const std::size_t buffers = tail >= head ? tail - head : ring + tail - head;
  return buffers / ((size + kFcs + buffer_size() - 1) / buffer_size());
}

bool ReceiveControl::BelowThreshold() const {
  const std::uint32_t head = registers_[kRDH];
  std::uint32_t tail = registers_[kRDT];
  if (tail < head) tail += registers_.RingSize(kRDLEN);
  const std::uint32_t left = tail - head;
  return std::uint64_t{left} * kDescriptorSize <= registers_[kRDLEN] >> threshold_shift_;
}

void ReceiveControl::WriteRctl(std::uint32_t value) {
  registers_[kRCTL] = value;
  buffer_size_ = BufferSizeOf(value);
  threshold_shift_ = static_cast<std::uint8_t>(((value & rctl::kRDMTS) >> rctl::kRDMTS_SHIFT) + 1);
  flush_pending_ = true;
  host_.ArmTimer(kFlushTimer, MillisecondDeadline(host_.Now(), kFlushMilliseconds));
}

void ReceiveControl::WriteRdt(std::uint32_t value) {
  registers_[kRDT] = value & kRingIndexBits;
  if (HasRoom(1)) host_.FlushReceive();
}

void ReceiveControl::OnTimer() {
  flush_pending_ = false;
  host_.FlushReceive();
}

void ReceiveControl::Reset() {
  host_.CancelTimer(kFlushTimer);
  flush_pending_ = false;
  threshold_shift_ = 1;
}

}  // namespace nicreplay::e1000
