// SPDX-License-Identifier: MIT
// A TAP interface of this machine.  Making one needs CAP_NET_ADMIN.
#pragma once

#include <memory>
#include <string>

#include "replay/backends/backend.h"
#include "replay/backends/gather.h"
#include "replay/backends/receive_buffer.h"
#include "replay/unique_fd.h"

namespace nicreplay {

// Whether frames have a virtio_net_hdr, and so may be super-frames (IFF_VNET_HDR).
enum class TapHeader : std::uint8_t { kNone, kVirtioNet };

class TapBackend final : public Backend {
 public:
  // Takes the interface `name`, or makes it; empty: the kernel chooses a name.  It is gone with the
  // backend unless it was there before.
  static Result<std::unique_ptr<TapBackend>> Create(const std::string& name, TapHeader header);

  const std::string& name() const { return name_; }
  // Up, without IPv6, so that nothing is sent to the device but what somebody sends.
  Status BringUp();
  // Frames that the kernel would not have: it knows no such header, or they are no frames at all.
  std::uint64_t refused() const { return refused_; }

  OffloadSet offloads() const override {
    return header_ == TapHeader::kNone
               ? 0
               : kOffloadChecksum | kOffloadTcp4 | kOffloadTcp6 | kOffloadEcn;
  }
  Result<std::span<const Frame>> Receive(std::size_t most) override;
  Status SetReceiveOffloads(OffloadSet offloads) override;
  int descriptor() const override { return fd_.get(); }

 protected:
  Result<SendResult> SendWhole(const Frame& frame) override;

 private:
  TapBackend(UniqueFd fd, std::string name, TapHeader header)
      : fd_(std::move(fd)), name_(std::move(name)), header_(header) {}

  const UniqueFd fd_;
  const std::string name_;
  const TapHeader header_;
  GatherList gather_;
  ReceiveBuffer buffer_;
  std::uint64_t refused_ = 0;
};

}  // namespace nicreplay
