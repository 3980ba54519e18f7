// SPDX-License-Identifier: MIT
#include "replay/bench/tap_wire.h"

#include <fmt/format.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "replay/backends/network_namespace.h"
#include "replay/backends/virtio_net_header.h"

namespace nicreplay::bench {

namespace {

Error SenderError(const char* what) {
  return {ErrorCode::kIo,
          fmt::format("sending to the TAP: {}: {}", what, std::strerror(errno)),
          {},
          {}};
}

// A packet socket that sends to an interface, with offload headers, and receives nothing.
Result<UniqueFd> OpenSender(const std::string& interface) {
  UniqueFd fd(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (!fd.valid()) return tl::make_unexpected(SenderError("socket"));
  if (setsockopt(fd.get(), SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on) != 0) {
    return tl::make_unexpected(SenderError("PACKET_VNET_HDR"));
  }
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return tl::make_unexpected(SenderError("bind"));
  }
  return fd;
}

class TapWire final : public Wire {
 public:
  TapWire(std::unique_ptr<TapBackend> backend, UniqueFd sender)
      : backend_(std::move(backend)), sender_(std::move(sender)) {}

  Backend& backend() override { return *backend_; }
  // The interface queues 1000 frames.
  std::size_t capacity() const override { return 900; }

  Status Offer(const Incoming& incoming, OffloadSet offloads, std::size_t packets) override {
    if (auto set = backend_->SetReceiveOffloads(offloads); !set) return set;
    VirtioNetHeader header = EncodeOffload(incoming.packet().offload);
    const Bytes prefix(reinterpret_cast<const std::uint8_t*>(&header), sizeof header);
    const std::span<iovec> vectors = gather_.Fill(prefix, incoming.packet());
    for (std::size_t i = 0; i < packets; ++i) {
      if (writev(sender_.get(), vectors.data(), static_cast<int>(vectors.size())) < 0) {
        return tl::make_unexpected(SenderError("write"));
      }
    }
    return Ok();
  }

 private:
  const std::unique_ptr<TapBackend> backend_;
  const UniqueFd sender_;
  GatherList gather_;
};

}  // namespace

Result<std::unique_ptr<Wire>> CreateTapWire(TapHeader header) {
  auto network = NetworkNamespace::Enter();
  if (!network) return tl::make_unexpected(network.error());
  auto backend = TapBackend::Create("", header);
  if (!backend) return tl::make_unexpected(backend.error());
  if (auto up = (*backend)->BringUp(); !up) return tl::make_unexpected(up.error());
  auto sender = OpenSender((*backend)->name());
  if (!sender) return tl::make_unexpected(sender.error());
  return std::make_unique<TapWire>(std::move(*backend), std::move(*sender));
}

}  // namespace nicreplay::bench
