// SPDX-License-Identifier: MIT
// The device as stock QEMU has it.
#pragma once

#include "models/e1000/datapath_device.h"
#include "models/e1000/receive.h"
#include "models/e1000/transmit.h"

namespace nicreplay::e1000 {

class StockDatapath {
 public:
  explicit StockDatapath(ControlPlane& control)
      : receiver_(control), transmitter_(control, receiver_) {}

  void Transmit() { transmitter_.Run(); }
  ReceiveResult Receive(const Frame& frame) { return receiver_.Receive(frame); }
  void Reset() { transmitter_.Reset(); }
  void ForgetFrames() {}  // it looks at none again

  template <typename Self, typename Archive>
  static void Archived(Self& self, Archive& archive) {
    StockTransmitter::Archived(self.transmitter_, archive);
  }

 private:
  StockReceiver receiver_;
  StockTransmitter transmitter_;
};

using StockDevice = DatapathDevice<StockDatapath>;

}  // namespace nicreplay::e1000
