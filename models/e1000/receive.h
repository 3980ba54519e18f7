// SPDX-License-Identifier: MIT
// The stock receive engine: one frame at a time, one descriptor at a time (8254x manual, 3.2).
#pragma once

#include <array>
#include <cstdint>

#include "models/device.h"
#include "models/e1000/control_plane.h"
#include "models/e1000/descriptors.h"
#include "models/e1000/receive_filter.h"

namespace nicreplay::e1000 {

class StockReceiver {
 public:
  explicit StockReceiver(ControlPlane& control) : control_(control) {}
  virtual ~StockReceiver() = default;

  // A frame from the network.
  ReceiveResult Receive(const Frame& frame);

  // A frame of our own, in loopback.  Stripping its VLAN tag shifts the first 16 bytes in place,
  // as stock QEMU does, unless the frame is so short that it is padded in a copy.
  void Loopback(MutableBytes frame);

 protected:
  // The steps that an optimized receiver takes in another way.  `address` is the descriptor's.
  virtual RxDescriptor ReadDescriptor(GuestAddress address);
  // A worked descriptor, and its status with DD.
  virtual void WriteDescriptor(GuestAddress address, const RxDescriptor& descriptor,
                               std::uint8_t done_status);
  virtual void Raise(std::uint32_t causes);
  // What the status of a frame's last descriptor says: that checksums were not looked at (3.2.3.1).
  virtual std::uint8_t LastStatus() const { return rxd::kEOP | rxd::kIXSM; }

  ControlPlane& control_;

 private:
  class Source;

  // What the descriptors say about a stripped tag.
  struct Tag {
    std::uint8_t status = 0;
    std::uint16_t special = 0;
  };
  enum class RingState : std::uint8_t { kMore, kOverrun };

  ReceiveResult Filter(std::span<const Bytes> pieces, std::size_t size, MutableBytes shiftable);
  ReceiveResult Store(Source& source, std::size_t size, const Tag& tag);
  std::size_t FillBuffer(RxDescriptor& descriptor, Source& source, std::size_t done,
                         std::size_t size, std::size_t stored_size);
  RingState AdvanceHead(std::uint32_t first);
  ReceiveResult Overrun();
};

}  // namespace nicreplay::e1000
