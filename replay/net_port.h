// SPDX-License-Identifier: MIT
// The network side of a NIC with the queueing rules of QEMU's net layer: frames that the device is
// not ready for wait (at most 10000, further ones are lost), a flush offers them without asking for
// readiness again, and a frame that the device keeps blocks the port until the next flush.
//
// Frames that arrive together (a burst) are offered as a flush offers them: readiness is asked for
// before the first one only.  A super-frame is the burst of its wire frames; a device that takes it
// whole must not differ from one that gets it cut.  What stands for no wire frames is lost.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "models/device.h"
#include "models/net/segment.h"

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
  // A frame arrives that belongs to a burst: it waits for OfferBurst.
  void Gather(Bytes frame, const Offload& offload);
  bool gathering() const { return !burst_.empty(); }
  // What was gathered has arrived.
  void OfferBurst();
  // Frames that arrived together, of kinds that the device takes.  Only those that have to wait are
  // copied.
  void OfferBurst(std::span<const Frame> frames);
  // What Host::FlushReceive means.
  void Flush();
  // Tells the device, too.  While the link is down, frames that reach the device's end are lost.
  void SetLink(LinkState state);

  // From now on bursts are handed over frame by frame, which a device that takes wire frames only
  // cannot tell, so that in_delivery is known.
  void set_one_by_one(bool one_by_one) { one_by_one_ = one_by_one; }
  // The frame that the device was handed and has not returned from; null: none, or a burst.
  const Frame* in_delivery() const { return in_delivery_; }

  LinkState link() const { return link_; }
  std::size_t queued() const { return queued_; }
  // Wire frames lost to a full queue.
  std::uint64_t overflowed() const { return overflowed_; }

 private:
  struct Queued {
    std::vector<std::uint8_t> bytes;
    Offload offload;
    std::size_t wire_frames = 1;
  };
  // Wire frames of a burst that are gathered before it is offered, whole or cut.
  static constexpr std::size_t kMaxGathered = 1024;

  bool Blocked() const { return delivering_ || disabled_ || !device_->CanReceive(); }
  void Queue(Queued frame);
  ReceiveResult Deliver(Bytes frame, const Offload& offload);
  std::size_t DeliverBurst(std::span<const Frame> frames);
  std::size_t HandOver(std::span<const Frame> frames);
  ReceiveResult HandOver(const Frame& frame);
  void Drain();

  Device* device_ = nullptr;
  std::deque<Queued> queue_;
  std::size_t queued_ = 0;  // wire frames in the queue
  std::vector<Queued> burst_;
  std::size_t gathered_ = 0;            // wire frames in burst_
  std::vector<ReceiveResult> results_;  // of a burst; its memory is kept
  Segmenter segmenter_;
  LinkState link_ = LinkState::kUp;
  bool delivering_ = false;
  bool disabled_ = false;  // the device kept a frame; nothing is offered until it flushes
  std::uint64_t overflowed_ = 0;
  bool one_by_one_ = false;
  const Frame* in_delivery_ = nullptr;
};

}  // namespace nicreplay
