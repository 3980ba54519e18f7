// SPDX-License-Identifier: MIT
// rxbatch: what a burst of frames costs once, and a descriptor's one write.
//
// Causes.  Stock raises causes after every frame.  Raising a cause that is set already changes
// nothing: the line was brought up to date when it was set.  So only those calls count that set
// another bit, and these are made in their order at the end of the burst, each with the causes that
// it had: the first to raise the line decides how long the moderation window is.
//
// Descriptors.  Stock writes all 16 bytes without DD and then the status byte.  The buffer address
// among them is what was read, and the upper 8 bytes appear whole (device.h), so one write of those
// with DD set leaves the same, if no data went to the ring itself; once they might have, stock's
// writes are made up to the end of the burst.
//
// With `ring`, the descriptors of a burst are read in batches up to the tail, until data of a frame
// might have gone to the ring.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "models/e1000/descriptors.h"
#include "models/e1000/interrupts.h"

namespace nicreplay::e1000 {

// The upper 8 bytes of a descriptor, with another status.
inline std::array<std::uint8_t, 8> UpperBytes(const RxDescriptor& descriptor, std::uint8_t status) {
  // Put together in a register: the fields were just written, and reading them back as one is slow.
  const std::uint64_t upper = descriptor.length | std::uint64_t{descriptor.checksum} << 16 |
                              std::uint64_t{status} << 32 | std::uint64_t{descriptor.errors} << 40 |
                              std::uint64_t{descriptor.special} << 48;
  std::array<std::uint8_t, 8> bytes;
  std::memcpy(bytes.data(), &upper, sizeof(upper));
  return bytes;
}

// Causes that are raised later.
class CauseLog {
 public:
  void Note(std::uint32_t causes) {
    if ((causes & ~seen_) == 0) return;
    seen_ |= causes;
    steps_[count_++] = causes;
  }

  void Raise(Interrupts& interrupts) {
    for (std::size_t i = 0; i < count_; ++i) interrupts.Raise(steps_[i]);
    seen_ = 0;
    count_ = 0;
  }

 private:
  static constexpr std::size_t kCauses = 3;  // RXT0, RXDMT0, RXO: as many steps at most

  std::array<std::uint32_t, kCauses> steps_{};
  std::size_t count_ = 0;
  std::uint32_t seen_ = 0;
};

}  // namespace nicreplay::e1000
