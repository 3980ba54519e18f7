// SPDX-License-Identifier: MIT
// The optimized transmit engine.  It looks at whole packets: one that a switch applies to is sent
// in one go, any other is worked by stock's engine, descriptor by descriptor.
//
// What stock's engine keeps between packets is kept here, too.  A packet is taken whole only while
// nothing of an earlier one is left in it, and leaves behind what a later packet could show: the
// header that TSO saved, and the first 12 bytes of the packet buffer, of which a later packet sends
// some if it is shorter than that and has a tag inserted (see transmit.cc).  Bytes further back are
// always overwritten before they are sent or summed.
//
// In loopback, and without bus mastering, all packets are stock's: frames that come back write to
// memory, also to the ring.
#pragma once

#include <cstdint>

#include "models/e1000/opt/packet.h"
#include "models/e1000/opt/switches.h"
#include "models/e1000/opt/tally.h"
#include "models/e1000/opt/zerocopy.h"
#include "models/e1000/transmit.h"

namespace nicreplay::e1000 {

class OptTransmitter : public StockTransmitter {
 public:
  OptTransmitter(ControlPlane& control, StockReceiver& loopback, SwitchSet switches)
      : StockTransmitter(control, loopback), switches_(switches) {}

  // At most one lap of the ring.
  void Run();

 private:
  static constexpr std::size_t kResidue = 12;  // bytes of a packet that outlive it

  bool CanLookAhead() const;
  RingSpan DueDescriptors() const;
  bool HoldsNothing() const;

  // Each sends the packet, or does nothing.
  bool SendWhole(const RingSpan& ring);
  bool SendSegmented(const RingSpan& ring);
  bool SendUnsegmented(const RingSpan& ring);
  void SendHeaderAlone(std::uint32_t segments);

  bool FindPieces(const RingSpan& ring);
  void Transmit(std::span<const Bytes> pieces, const Offload& offload);
  std::uint32_t FinishWhole(DescriptorWindow& window);

  const SwitchSet switches_;
  OffloadSet offered_ = 0;  // by the network, in this run
  Packet packet_;
  FramePieces pieces_;
  TransmitTally tally_;
};

}  // namespace nicreplay::e1000
