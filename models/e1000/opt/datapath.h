// SPDX-License-Identifier: MIT
// The optimized rings.
#pragma once

#include "models/e1000/opt/switches.h"
#include "models/e1000/opt/transmit.h"
#include "models/e1000/receive.h"

namespace nicreplay::e1000 {

class OptDatapath {
 public:
  OptDatapath(ControlPlane& control, SwitchSet switches)
      : receiver_(control), transmitter_(control, receiver_, switches) {}

  void Transmit() { transmitter_.Run(); }
  ReceiveResult Receive(const Frame& frame) { return receiver_.Receive(frame); }
  void Reset() { transmitter_.Reset(); }

  template <typename Self, typename Archive>
  static void Archived(Self& self, Archive& archive) {
    StockTransmitter::Archived(self.transmitter_, archive);
  }

 private:
  StockReceiver receiver_;
  OptTransmitter transmitter_;
};

}  // namespace nicreplay::e1000
