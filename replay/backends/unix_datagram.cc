// SPDX-License-Identifier: MIT
#include "replay/backends/unix_datagram.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace nicreplay {

namespace {

// The path fits.
sockaddr_un Address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

Error SystemError(const std::string& path) {
  return {ErrorCode::kIo, fmt::format("{}: {}", path, std::strerror(errno)), {}, {}};
}

}  // namespace

Result<std::unique_ptr<UnixDatagramBackend>> UnixDatagramBackend::Create(const std::string& local,
                                                                         const std::string& peer) {
  for (const std::string& path : {local, peer}) {
    if (path.empty() || path.size() >= sizeof(sockaddr_un::sun_path)) {
      return Fail(ErrorCode::kUsage, fmt::format("'{}': a socket's path has 1 to {} bytes", path,
                                                 sizeof(sockaddr_un::sun_path) - 1));
    }
  }
  UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const sockaddr_un address = Address(local);
  if (!fd.valid() ||
      bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return tl::make_unexpected(SystemError(local));
  }
  return std::unique_ptr<UnixDatagramBackend>(new UnixDatagramBackend(std::move(fd), local, peer));
}

UnixDatagramBackend::~UnixDatagramBackend() { unlink(local_.c_str()); }

Result<SendResult> UnixDatagramBackend::SendWhole(const Frame& frame) {
  const std::span<iovec> vectors = gather_.Fill({}, frame);
  sockaddr_un address = Address(peer_);
  msghdr message{};
  message.msg_name = &address;
  message.msg_namelen = sizeof address;
  message.msg_iov = vectors.data();
  message.msg_iovlen = vectors.size();
  while (sendmsg(fd_.get(), &message, MSG_NOSIGNAL) < 0) {
    switch (errno) {
      case EINTR:
        continue;
      case EAGAIN:
      case ENOBUFS:
        return SendResult::kFull;
      case ENOENT:
      case ECONNREFUSED:
        ++lost_;
        return SendResult::kSent;
      default:
        return tl::make_unexpected(SystemError(peer_));
    }
  }
  return SendResult::kSent;
}

Result<std::span<const Frame>> UnixDatagramBackend::Receive(std::size_t most) {
  return buffer_.Fill(most,
                      [this](MutableBytes room) -> Result<std::optional<ReceiveBuffer::Arrived>> {
                        while (true) {
                          // What is longer than any frame is cut, and no frame.
                          const ssize_t size = recv(fd_.get(), room.data(), room.size(), MSG_TRUNC);
                          if (size < 0 && errno == EINTR) continue;
                          if (size < 0 && errno == EAGAIN) return std::nullopt;
                          if (size < 0) return tl::make_unexpected(SystemError(local_));
                          if (static_cast<std::size_t>(size) > kMaxFrame) continue;
                          return ReceiveBuffer::Arrived{0, static_cast<std::size_t>(size), {}};
                        }
                      });
}

}  // namespace nicreplay
