// SPDX-License-Identifier: MIT
#include "replay/bench/unix_wire.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "replay/backends/unix_datagram.h"

namespace nicreplay::bench {

namespace {

namespace fs = std::filesystem;

// A folder of this process alone that goes with it.
class SocketFolder {
 public:
  static Result<SocketFolder> Create() {
    std::string name = (fs::temp_directory_path() / "nicreplay-bench-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
      return Fail(ErrorCode::kIo, fmt::format("{}: {}", name, std::strerror(errno)));
    }
    return SocketFolder(name);
  }
  SocketFolder(SocketFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  SocketFolder& operator=(SocketFolder&&) = delete;
  ~SocketFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove(path_, ignored);
  }
  std::string operator/(const char* name) const { return (path_ / name).string(); }

 private:
  explicit SocketFolder(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

class UnixWire final : public Wire {
 public:
  UnixWire(SocketFolder folder, std::unique_ptr<UnixDatagramBackend> near,
           std::unique_ptr<UnixDatagramBackend> far)
      : folder_(std::move(folder)), near_(std::move(near)), far_(std::move(far)) {}

  Backend& backend() override { return *near_; }
  // net.unix.max_dgram_qlen, where nobody raised it.
  std::size_t capacity() const override { return 10; }

  Status Offer(const Incoming& incoming, OffloadSet, std::size_t packets) override {
    for (std::size_t i = 0; i < packets; ++i) {
      for (const Frame& frame : incoming.wire_frames()) {
        auto sent = far_->Send(frame);
        if (!sent) return tl::make_unexpected(sent.error());
        if (*sent == SendResult::kFull) {
          return Fail(ErrorCode::kIo, "the socket takes fewer datagrams than a packet has frames");
        }
      }
    }
    return Ok();
  }

  Status Drain() override {
    while (true) {
      auto arrived = far_->Receive(ReceiveBuffer::kMaxFrames);
      if (!arrived) return tl::make_unexpected(arrived.error());
      if (arrived->empty()) return Ok();
    }
  }

 private:
  const SocketFolder folder_;  // goes last
  const std::unique_ptr<UnixDatagramBackend> near_;
  const std::unique_ptr<UnixDatagramBackend> far_;
};

}  // namespace

Result<std::unique_ptr<Wire>> CreateUnixWire() {
  auto folder = SocketFolder::Create();
  if (!folder) return tl::make_unexpected(folder.error());
  const std::string near_path = *folder / "near";
  const std::string far_path = *folder / "far";
  auto near = UnixDatagramBackend::Create(near_path, far_path);
  if (!near) return tl::make_unexpected(near.error());
  auto far = UnixDatagramBackend::Create(far_path, near_path);
  if (!far) return tl::make_unexpected(far.error());
  return std::make_unique<UnixWire>(std::move(*folder), std::move(*near), std::move(*far));
}

}  // namespace nicreplay::bench
