// SPDX-License-Identifier: MIT
// The optimized rings.
#pragma once

#include "models/e1000/opt/receive.h"
#include "models/e1000/opt/switches.h"
#include "models/e1000/opt/transmit.h"

namespace nicreplay::e1000 {

class OptDatapath {
 public:
  OptDatapath(ControlPlane& control, SwitchSet switches)
      : receiver_(control, switches), transmitter_(control, receiver_, switches) {}

  void Transmit() { transmitter_.Run(); }
  OptReceiver& receiver() { return receiver_; }
  const OptReceiver& receiver() const { return receiver_; }
  ReceiveResult Receive(const Frame& frame) { return receiver_.Receive(frame); }
  void Reset() { transmitter_.Reset(); }
  void ForgetFrames() {
    receiver_.ForgetFrames();
    transmitter_.ForgetFrames();
  }

  template <typename Self, typename Archive>
  static void Archived(Self& self, Archive& archive) {
    StockTransmitter::Archived(self.transmitter_, archive);
  }

 private:
  OptReceiver receiver_;
  OptTransmitter transmitter_;
};

}  // namespace nicreplay::e1000
