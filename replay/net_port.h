// SPDX-License-Identifier: MIT
// The network side of a NIC with the queueing rules of QEMU's net layer: frames that the device is
// not ready for wait (at most 10000, further ones are lost), a flush offers them without asking for
// readiness again, and a frame that the device keeps blocks the port until the next flush.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "models/device.h"

namespace nicreplay {

class NetPort {
 public:
  static constexpr std::size_t kMaxQueued = 10000;

  // The device is attached once it exists; the port outlives it.
  void Attach(Device* device) { device_ = device; }

  // No frame waits, the link is up: as the port was when it was made.
  void Restart();

  // A frame arrives from the network.
  void Offer(Bytes frame, const Offload& offload = {});
  // What Host::FlushReceive means.
  void Flush();
  // Tells the device, too.  While the link is down, frames that reach the device's end are lost.
  void SetLink(LinkState state);

  LinkState link() const { return link_; }
  std::size_t queued() const { return queue_.size(); }
  // Frames lost to a full queue.
  std::uint64_t overflowed() const { return overflowed_; }

 private:
  struct Queued {
    std::vector<std::uint8_t> bytes;
    Offload offload;
  };

  bool Blocked() const { return delivering_ || disabled_ || !device_->CanReceive(); }
  void Queue(Bytes frame, const Offload& offload);
  ReceiveResult Deliver(Bytes frame, const Offload& offload);
  void Drain();

  Device* device_ = nullptr;
  std::deque<Queued> queue_;
  LinkState link_ = LinkState::kUp;
  bool delivering_ = false;
  bool disabled_ = false;  // the device kept a frame; nothing is offered until it flushes
  std::uint64_t overflowed_ = 0;
};

}  // namespace nicreplay
