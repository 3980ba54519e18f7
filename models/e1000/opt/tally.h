// SPDX-License-Identifier: MIT
// Statistics of packets that were sent, added up until the ring is worked.  The counters stick at
// their maximum, so a sum of additions leaves what the additions would have left one by one.
#pragma once

#include <array>
#include <cstdint>

#include "models/e1000/register_file.h"
#include "models/e1000/statistics.h"

namespace nicreplay::e1000 {

class TransmitTally {
 public:
  // `count` packets of `size` bytes without FCS, to the address at `destination` (6 bytes).
  void Add(std::uint64_t count, std::uint32_t size, const std::uint8_t* destination) {
    packets_ += count;
    octets_ += count * (size + kFcsSize);
    classes_[SizeClassOf(size + kFcsSize)] += count;
    if ((destination[0] & 1) != 0) AddGroup(count, destination);
  }
  // The last packet of a TCP segmentation context.
  void AddContext() { ++contexts_; }

  void Flush(RegisterFile& registers);

 private:
  void AddGroup(std::uint64_t count, const std::uint8_t* destination);

  std::uint64_t packets_ = 0;
  std::uint64_t octets_ = 0;
  std::uint64_t broadcasts_ = 0;
  std::uint64_t multicasts_ = 0;
  std::uint64_t contexts_ = 0;
  std::array<std::uint64_t, kSizeClasses + 1> classes_{};  // the last: in none
};

}  // namespace nicreplay::e1000
