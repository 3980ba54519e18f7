// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "replay/backends/backend.h"
#include "replay/backends/gather.h"
#include "replay/backends/receive_buffer.h"
#include "replay/unique_fd.h"

namespace nicreplay {

// A UNIX datagram socket, a wire frame a datagram: QEMU's `-netdev dgram,local.type=unix,...`.
class UnixDatagramBackend final : public Backend {
 public:
  // Binds `local`, which must not exist and is removed at the end, and sends to `peer`, which may
  // come and go: frames that nobody is there for are lost.
  static Result<std::unique_ptr<UnixDatagramBackend>> Create(const std::string& local,
                                                             const std::string& peer);
  ~UnixDatagramBackend() override;

  // Frames that nobody was there for.
  std::uint64_t lost() const { return lost_; }

  OffloadSet offloads() const override { return 0; }
  Result<std::span<const Frame>> Receive(std::size_t most) override;
  int descriptor() const override { return fd_.get(); }

 protected:
  Result<SendResult> SendWhole(const Frame& frame) override;

 private:
  UnixDatagramBackend(UniqueFd fd, std::string local, std::string peer)
      : fd_(std::move(fd)), local_(std::move(local)), peer_(std::move(peer)) {}

  const UniqueFd fd_;
  const std::string local_;
  const std::string peer_;
  GatherList gather_;
  ReceiveBuffer buffer_;
  std::uint64_t lost_ = 0;
};

}  // namespace nicreplay
