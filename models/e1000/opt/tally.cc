// SPDX-License-Identifier: MIT
#include "models/e1000/opt/tally.h"

#include <cstring>

namespace nicreplay::e1000 {

void TransmitTally::AddGroup(std::uint64_t count, const std::uint8_t* destination) {
  constexpr std::array<std::uint8_t, 6> kBroadcast = {255, 255, 255, 255, 255, 255};
  const bool broadcast = std::memcmp(destination, kBroadcast.data(), kBroadcast.size()) == 0;
  (broadcast ? broadcasts_ : multicasts_) += count;
}

void TransmitTally::Flush(RegisterFile& registers) {
  if (packets_ == 0) return;
  Count(registers, kTPT, packets_);
  Count(registers, kGPTC, packets_);
  CountOctets(registers, kTOTL, octets_);
  CountOctets(registers, kGOTCL, octets_);
  if (broadcasts_ != 0) Count(registers, kBPTC, broadcasts_);
  if (multicasts_ != 0) Count(registers, kMPTC, multicasts_);
  if (contexts_ != 0) Count(registers, kTSCTC, contexts_);
  for (std::size_t i = 0; i < kSizeClasses; ++i) {
    if (classes_[i] != 0) Count(registers, static_cast<Offset>(kPTC64 + 4 * i), classes_[i]);
  }
  *this = {};
}

}  // namespace nicreplay::e1000
