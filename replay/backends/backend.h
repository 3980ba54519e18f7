// SPDX-License-Identifier: MIT
// Where a device's frames go to, and where those from outside come from: a file, a socket, a TAP,
// nothing at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "models/device.h"
#include "models/net/segment.h"
#include "models/result.h"

namespace nicreplay {

enum class SendResult : std::uint8_t {
  kSent,
  kFull,  // the other side takes nothing at the moment; nothing of the frame was sent
};

class Backend {
 public:
  // An Ethernet header with a VLAN tag, and the longest IP packet.
  static constexpr std::size_t kMaxFrame = 14 + 4 + 65535;

  virtual ~Backend() = default;

  // What Send hands on as it is, besides wire frames.
  virtual OffloadSet offloads() const = 0;

  // Sends a frame of at most kMaxFrame bytes, its pieces from where they lie; longer ones are
  // kTooLarge.  A super-frame or partial checksum that is not among offloads() is cut and completed
  // first, by canonical segmentation (then kFull is an error, as half of it may be gone).
  Result<SendResult> Send(const Frame& frame);

  // The same for frames of which none asks for an offload, oldest first: how many of them were
  // sent.  Fewer than all: the other side takes nothing more at the moment.
  Result<std::size_t> SendBurst(std::span<const Frame> frames);

  // What arrived, oldest first, at most `most` frames, without waiting.  They stay valid until the
  // next call.
  virtual Result<std::span<const Frame>> Receive(std::size_t most) = 0;

  // What Receive may return besides wire frames: none at first.  Backends whose other side knows
  // nothing but wire frames ignore it.
  virtual Status SetReceiveOffloads(OffloadSet offloads) {
    static_cast<void>(offloads);
    return Ok();
  }

  // Readable when Receive has something; -1: there is nothing to wait for.
  virtual int descriptor() const { return -1; }

 protected:
  // A wire frame, or one of the kinds of offloads().
  virtual Result<SendResult> SendWhole(const Frame& frame) = 0;
  // Wire frames of at most kMaxFrame bytes.
  virtual Result<std::size_t> SendWireFrames(std::span<const Frame> frames);

 private:
  Result<SendResult> SendCut(const Frame& frame);

  Segmenter segmenter_;
};

}  // namespace nicreplay
