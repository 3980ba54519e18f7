// SPDX-License-Identifier: MIT
#include "replay/backends/tap.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "replay/backends/virtio_net_header.h"

namespace nicreplay {

namespace {

constexpr const char* kDevice = "/dev/net/tun";

Error SystemError(const std::string& what) {
  return {ErrorCode::kIo, fmt::format("{}: {}", what, std::strerror(errno)), {}, {}};
}

// Without it the kernel announces itself over every interface that comes up.
void DisableIpv6(const std::string& name) {
  const UniqueFd file(open(fmt::format("/proc/sys/net/ipv6/conf/{}/disable_ipv6", name).c_str(),
                           O_WRONLY | O_CLOEXEC));
  // A kernel without IPv6 has no such file.
  if (file.valid()) static_cast<void>(!write(file.get(), "1", 1));
}

}  // namespace

Result<std::unique_ptr<TapBackend>> TapBackend::Create(const std::string& name, TapHeader header) {
  ifreq request{};
  if (name.size() >= sizeof request.ifr_name) {
    return Fail(ErrorCode::kUsage, fmt::format("'{}' is too long for an interface", name));
  }
  UniqueFd fd(open(kDevice, O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid()) return tl::make_unexpected(SystemError(kDevice));
  std::memcpy(request.ifr_name, name.data(), name.size());
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  if (header == TapHeader::kVirtioNet) request.ifr_flags |= IFF_VNET_HDR;
  if (ioctl(fd.get(), TUNSETIFF, &request) != 0) {
    return tl::make_unexpected(SystemError("making a TAP interface (run as root)"));
  }
  int header_size = sizeof(VirtioNetHeader);
  if (header == TapHeader::kVirtioNet && ioctl(fd.get(), TUNSETVNETHDRSZ, &header_size) != 0) {
    return tl::make_unexpected(SystemError("TUNSETVNETHDRSZ"));
  }
  std::unique_ptr<TapBackend> backend(
      new TapBackend(std::move(fd), std::string(request.ifr_name), header));
  if (auto set = backend->SetReceiveOffloads(0); !set) return tl::make_unexpected(set.error());
  return backend;
}

Status TapBackend::BringUp() {
  DisableIpv6(name_);
  const UniqueFd control(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::memcpy(request.ifr_name, name_.data(), name_.size());
  if (ioctl(control.get(), SIOCGIFFLAGS, &request) != 0) {
    return tl::make_unexpected(SystemError(name_));
  }
  request.ifr_flags |= IFF_UP;
  if (ioctl(control.get(), SIOCSIFFLAGS, &request) != 0) {
    return tl::make_unexpected(SystemError(name_));
  }
  return Ok();
}

Status TapBackend::SetReceiveOffloads(OffloadSet offloads) {
  if (header_ == TapHeader::kNone) return Ok();
  unsigned flags = 0;
  if ((offloads & kOffloadChecksum) != 0) {
    flags |= TUN_F_CSUM;
    if ((offloads & kOffloadTcp4) != 0) flags |= TUN_F_TSO4;
    if ((offloads & kOffloadTcp6) != 0) flags |= TUN_F_TSO6;
    if ((offloads & kOffloadEcn) != 0) flags |= TUN_F_TSO_ECN;
  }
  if (ioctl(fd_.get(), TUNSETOFFLOAD, flags) != 0) {
    return tl::make_unexpected(SystemError("TUNSETOFFLOAD"));
  }
  return Ok();
}

Result<SendResult> TapBackend::SendWhole(const Frame& frame) {
  const VirtioNetHeader header = EncodeOffload(frame.offload);
  Bytes prefix;
  if (header_ == TapHeader::kVirtioNet) {
    prefix = {reinterpret_cast<const std::uint8_t*>(&header), sizeof header};
  }
  const std::span<const iovec> vectors = gather_.Fill(prefix, frame);
  while (writev(fd_.get(), vectors.data(), static_cast<int>(vectors.size())) < 0) {
    switch (errno) {
      case EINTR:
        continue;
      case EAGAIN:
        return SendResult::kFull;
      case EINVAL:
        ++refused_;
        return SendResult::kSent;
      default:
        return tl::make_unexpected(SystemError(name_));
    }
  }
  return SendResult::kSent;
}

Result<std::span<const Frame>> TapBackend::Receive(std::size_t most) {
  return buffer_.Fill(most,
                      [this](MutableBytes room) -> Result<std::optional<ReceiveBuffer::Arrived>> {
                        ssize_t size = 0;
                        do {
                          size = read(fd_.get(), room.data(), room.size());
                        } while (size < 0 && errno == EINTR);
                        if (size < 0 && errno == EAGAIN) return std::nullopt;
                        if (size < 0) return tl::make_unexpected(SystemError(name_));
                        ReceiveBuffer::Arrived arrived;
                        arrived.end = static_cast<std::size_t>(size);
                        if (header_ == TapHeader::kVirtioNet) {
                          VirtioNetHeader header;
                          if (arrived.end < sizeof header)
                            return Fail(ErrorCode::kIo, name_ + ": a cut header");
                          std::memcpy(&header, room.data(), sizeof header);
                          arrived.begin = sizeof header;
                          arrived.offload = DecodeOffload(header);
                        }
                        return arrived;
                      });
}

}  // namespace nicreplay
