// SPDX-License-Identifier: MIT
// The device with the switches that change when nothing happens but how.
#pragma once

#include "models/e1000/datapath_device.h"
#include "models/e1000/opt/datapath.h"

namespace nicreplay::e1000 {

class OptDevice : public DatapathDevice<OptDatapath> {
 public:
  OptDevice(const Settings& settings, Host& host, InterruptLine& line, SwitchSet switches)
      : DatapathDevice(settings, host, line, switches) {}

  OffloadSet ReceiveOffloads() const override { return datapath().receiver().Offloads(); }
  std::size_t ReceiveBurst(std::span<const Frame> frames,
                           std::span<ReceiveResult> results) override {
    return datapath().receiver().ReceiveBurst(frames, results);
  }
};

}  // namespace nicreplay::e1000
