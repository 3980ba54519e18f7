// SPDX-License-Identifier: MIT
// The declared difference `rxcsum`: a frame from the network whose checksums are right is reported
// as checked (IPCS and TCPCS in its last descriptor's status) instead of not (IXSM).
#pragma once

#include <array>

#include "models/device.h"
#include "models/e1000/descriptors.h"

namespace nicreplay {

// Whether a wire frame is an unfragmented IPv4 packet whose header and TCP or UDP checksums hold.
bool ChecksumsHold(Bytes frame);

// Makes the difference in what a device that does not make it writes to its receive ring.  Doing so
// on the way to memory, and not where effects are compared, keeps the two sides' memories the same:
// what a device reads back in the same operation, as data or as a descriptor, is no difference.
class CheckedStatus {
 public:
  using Descriptor = std::array<std::uint8_t, e1000::kDescriptorSize>;

  // Every DMA read of the device: the latest of a descriptor is the one that it writes back.
  void OnRead(GuestAddress address, Bytes data);
  // Whether the device, which was handed `frame`, reports it with this write.  Then `out` begins
  // with what takes the place of `data`, which is a descriptor or its status byte.
  bool Declare(const Frame& frame, GuestAddress address, Bytes data, Descriptor& out) const;

 private:
  GuestAddress address_ = 0;
  Descriptor read_{};
};

}  // namespace nicreplay
