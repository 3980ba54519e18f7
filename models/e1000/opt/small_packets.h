// SPDX-License-Identifier: MIT
// Small packets that wait to be handed to the network together: for each of them the call costs
// more than the packet does.
//
// Why a driver cannot tell: they are copies, they go out in their order before anything else does,
// and before the device's call ends.
#pragma once

#include <array>
#include <cstring>

#include "models/device.h"
#include "models/e1000/opt/residue.h"

namespace nicreplay::e1000 {

class SmallPackets {
 public:
  static constexpr std::size_t kMost = 16;
  static constexpr std::size_t kLongest = Residue::kTracked;  // below it

  SmallPackets() {
    for (std::size_t i = 0; i < kMost; ++i) frames_[i].pieces = {&pieces_[i], 1};
  }
  // Frames point at pieces.
  SmallPackets(const SmallPackets&) = delete;
  SmallPackets& operator=(const SmallPackets&) = delete;

  bool empty() const { return count_ == 0; }
  bool full() const { return count_ == kMost; }

  // Where the next packet goes, of `size` bytes, below kLongest.  Not while full.
  MutableBytes Add(std::size_t size) {
    const MutableBytes bytes = MutableBytes(bytes_[count_]).first(size);
    pieces_[count_++] = bytes;
    return bytes;
  }

  std::span<const Frame> frames() const { return {frames_.data(), count_}; }

  // Forgets the packets; puts into `buffer` what they leave there one after the other, and returns
  // how many bytes that is.
  std::size_t LeaveIn(std::uint8_t* buffer) {
    std::size_t newer = 0;
    while (count_ != 0) {
      const Bytes packet = pieces_[--count_];
      if (packet.size() <= newer) continue;
      std::memcpy(buffer + newer, packet.data() + newer, packet.size() - newer);
      newer = packet.size();
    }
    return newer;
  }

 private:
  std::array<std::array<std::uint8_t, kLongest>, kMost> bytes_;
  std::array<Bytes, kMost> pieces_;
  std::array<Frame, kMost> frames_;
  std::size_t count_ = 0;
};

}  // namespace nicreplay::e1000
