// SPDX-License-Identifier: MIT
#include "models/e1000/statistics.h"

#include <algorithm>

namespace nicreplay::e1000 {

void CountOctets(RegisterFile& registers, Offset low, std::uint64_t octets) {
  const std::uint64_t old = std::uint64_t{registers[low + 4]} << 32 | registers[low];
  const std::uint64_t sum = old + octets < old ? UINT64_MAX : old + octets;
  registers[low] = static_cast<std::uint32_t>(sum);
  registers[low + 4] = static_cast<std::uint32_t>(sum >> 32);
}

void CountSizeClass(RegisterFile& registers, Offset first_class, std::size_t size) {
  const std::size_t index = SizeClassOf(size);
  if (index != kNoSizeClass) Count(registers, static_cast<Offset>(first_class + 4 * index));
}

void CountReceived(RegisterFile& registers, std::size_t size, std::size_t stored_size) {
  CountSizeClass(registers, kPRC64, stored_size);
  Count(registers, kTPR);
  Count(registers, kGPRC);
  const auto octets = static_cast<std::uint32_t>(size) + kFcsSize;
  CountOctets(registers, kTORL, octets);
  CountOctets(registers, kGORCL, octets);
}

void CountTransmitted(RegisterFile& registers, std::uint32_t size) {
  Count(registers, kTPT);
  CountOctets(registers, kTOTL, size + kFcsSize);
  Count(registers, kGPTC);
  CountOctets(registers, kGOTCL, size + kFcsSize);
}

void CountDestination(RegisterFile& registers, const std::uint8_t* destination) {
  if (std::all_of(destination, destination + 6, [](std::uint8_t b) { return b == 0xff; })) {
    Count(registers, kBPTC);
  } else if ((destination[0] & 1) != 0) {
    Count(registers, kMPTC);
  }
}

}  // namespace nicreplay::e1000
