// SPDX-License-Identifier: MIT
// The optimized receive engine: stock's, with other ways to reach the ring and to raise causes.
#pragma once

#include <optional>
#include <span>

#include "models/e1000/opt/ring.h"
#include "models/e1000/opt/rxbatch.h"
#include "models/e1000/opt/switches.h"
#include "models/e1000/receive.h"
#include "models/net/segment.h"

namespace nicreplay::e1000 {

class OptReceiver final : public StockReceiver {
 public:
  OptReceiver(ControlPlane& control, SwitchSet switches)
      : StockReceiver(control), switches_(switches) {}

  OffloadSet Offloads() const { return switches_.has(Switch::kRxlro) ? kOffloadAll : 0; }
  ReceiveResult Receive(const Frame& frame);
  std::size_t ReceiveBurst(std::span<const Frame> frames, std::span<ReceiveResult> results);
  // As after creation, for who counts on nothing to depend on earlier sessions.
  void ForgetFrames() {
    reaches_ring_ = false;
    segmenter_.Forget();
  }

 protected:
  RxDescriptor ReadDescriptor(GuestAddress address) override;
  void WriteDescriptor(GuestAddress address, const RxDescriptor& descriptor,
                       std::uint8_t done_status) override;
  void Raise(std::uint32_t causes) override;
  std::uint8_t LastStatus() const override {
    return static_cast<std::uint8_t>(rxd::kEOP | checksum_status_);
  }

 private:
  void BeginBurst();
  void EndBurst();
  ReceiveResult ReceiveAny(const Frame& frame);
  ReceiveResult ReceiveWire(const Frame& frame);
  bool MayReachRing(const RxDescriptor& descriptor) const;

  const SwitchSet switches_;
  bool in_burst_ = false;
  bool reaches_ring_ = false;  // data of this call may have gone there
  std::uint8_t checksum_status_ = rxd::kIXSM;
  CauseLog causes_;
  std::optional<DescriptorWindow> window_;
  Segmenter segmenter_;
};

}  // namespace nicreplay::e1000
