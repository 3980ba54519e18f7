// SPDX-License-Identifier: MIT
// What a benchmarked device's backend is connected to: somebody who sends, and drops what comes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "replay/backends/backend.h"
#include "replay/bench/packet.h"

namespace nicreplay::bench {

// The wire frames that a frame stands for.  Empty: none, see segment.h.
std::vector<std::vector<std::uint8_t>> WireFramesOf(const Frame& frame);

// The packets of a workload on their way to the guest, as they are sent and as they arrive at a
// device that takes wire frames alone.
class Incoming {
 public:
  explicit Incoming(const PacketShape& shape);
  Incoming(const Incoming&) = delete;
  Incoming& operator=(const Incoming&) = delete;

  const PacketShape& shape() const { return shape_; }
  const Frame& packet() const { return packets_.front(); }
  // The same packet some times over: what is offered at once.
  std::span<const Frame> packets() const { return packets_; }
  const std::vector<std::vector<std::uint8_t>>& wire_bytes() const { return wire_bytes_; }
  // The frames of one packet.
  std::span<const Frame> wire_frames() const { return wire_frames_; }

 private:
  const PacketShape shape_;
  const std::vector<std::uint8_t> bytes_;
  const std::vector<std::vector<std::uint8_t>> wire_bytes_;
  std::vector<Bytes> pieces_;  // of the packet, then of each wire frame
  std::vector<Frame> packets_;
  std::vector<Frame> wire_frames_;
};

class Wire {
 public:
  virtual ~Wire() = default;

  virtual Backend& backend() = 0;
  // Wire frames that can be under way at a time.
  virtual std::size_t capacity() const = 0;
  // Sends `packets` of them to the device, which takes `offloads`.  They can all be received when
  // it returns.
  virtual Status Offer(const Incoming& incoming, OffloadSet offloads, std::size_t packets) = 0;
  // Takes away what was sent; called when the backend is full.
  virtual Status Drain() { return Ok(); }
};

// "null", "tap", ...; error kUsage that lists the names.  kIo: the machine cannot, or may not,
// do that.
Result<std::unique_ptr<Wire>> CreateWire(const std::string& backend);

}  // namespace nicreplay::bench
