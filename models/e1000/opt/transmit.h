// SPDX-License-Identifier: MIT
// The optimized transmit engine.  It looks at whole packets: one that a switch applies to is sent
// in one go, any other is worked by stock's engine, descriptor by descriptor.
//
// What stock's engine keeps between packets is kept here, too: a packet is taken whole only while
// nothing of an earlier one is left, and leaves behind the header that TSO saved and what a later
// packet could show of the packet buffer (residue.h).
//
// In loopback, and without bus mastering, all packets are stock's: frames that come back write to
// memory, also to the ring.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "models/e1000/opt/packet.h"
#include "models/e1000/opt/residue.h"
#include "models/e1000/opt/small_packets.h"
#include "models/e1000/opt/switches.h"
#include "models/e1000/opt/tally.h"
#include "models/e1000/opt/zerocopy.h"
#include "models/e1000/transmit.h"

namespace nicreplay::e1000 {

class OptTransmitter : public StockTransmitter {
 public:
  OptTransmitter(ControlPlane& control, StockReceiver& loopback, SwitchSet switches)
      : StockTransmitter(control, loopback),
        switches_(switches),
        looks_ahead_(switches.has_any(SwitchSet(Switch::kTso, Switch::kCsum, Switch::kZerocopy))) {}

  // At most one lap of the ring.
  void Run();
  // As after creation, for who counts on nothing to depend on earlier sessions.
  void ForgetFrames() { residue_.Clear(); }

 private:
  bool CanLookAhead() const;
  bool HoldsNothing() const;

  // Takes packets that are one small descriptor and nothing more, and finishes them; stops at any
  // other.  What was taken waits for SendWaiting.  Returns their causes.
  std::uint32_t SendPlain(DescriptorWindow& window);
  void SendWaiting();
  // Each sends the packet, or does nothing.
  bool SendWhole(const RingSpan& ring);
  bool SendSegmented();
  bool SendUnsegmented();
  bool SendSmall();
  void SendHeaderAlone(std::uint32_t segments);

  std::size_t Gather();
  bool FindPieces();
  bool Offered(OffloadSet needed);
  void Transmit(const Frame& frame);
  std::uint32_t FinishWhole(DescriptorWindow& window);

  const SwitchSet switches_;
  const bool looks_ahead_;             // some switch is about whole packets
  std::optional<OffloadSet> offered_;  // by the network, in this run
  Packet packet_;
  FramePieces pieces_;
  std::array<std::uint8_t, 256> header_;  // of the latest super-frame
  Residue residue_;
  SmallPackets waiting_;
  TransmitTally tally_;
};

}  // namespace nicreplay::e1000
