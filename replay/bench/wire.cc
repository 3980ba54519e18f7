// SPDX-License-Identifier: MIT
#include "replay/bench/wire.h"

#include <fmt/format.h>

#include <array>

#include "replay/backends/null.h"

namespace nicreplay::bench {

namespace {

class NullWire final : public Wire {
 public:
  Backend& backend() override { return backend_; }
  std::size_t capacity() const override { return 4096; }
  Status Offer(const Incoming& incoming, OffloadSet offloads, std::size_t packets) override {
    if ((OffloadsOf(incoming.packet().offload) & ~offloads) == 0) {
      backend_.Feed({incoming.packet()}, packets);
    } else {
      backend_.Feed(incoming.wire_frames(), packets * incoming.wire_frames().size());
    }
    return Ok();
  }

 private:
  NullBackend backend_;
};

template <typename W>
Result<std::unique_ptr<Wire>> Create() {
  return std::make_unique<W>();
}

struct WireEntry {
  std::string_view name;
  Result<std::unique_ptr<Wire>> (*create)();
};

constexpr std::array kWires = {WireEntry{"null", Create<NullWire>}};

}  // namespace

Incoming::Incoming(const PacketShape& shape)
    : shape_(shape),
      bytes_(BuildPacket(shape, Direction::kToGuest)),
      wire_bytes_(BuildWireFrames(shape, Direction::kToGuest)) {
  pieces_.reserve(1 + wire_bytes_.size());
  pieces_.emplace_back(bytes_);
  packet_ = {{pieces_.data(), 1}, OffloadOf(shape)};
  wire_frames_.reserve(wire_bytes_.size());
  for (const auto& bytes : wire_bytes_) {
    pieces_.emplace_back(bytes);
    wire_frames_.push_back({{&pieces_.back(), 1}, {}});
  }
}

Result<std::unique_ptr<Wire>> CreateWire(const std::string& backend) {
  std::string known;
  for (const WireEntry& entry : kWires) {
    if (entry.name == backend) return entry.create();
    known += fmt::format(" {}", entry.name);
  }
  return Fail(ErrorCode::kUsage, fmt::format("no backend '{}'; there are:{}", backend, known));
}

}  // namespace nicreplay::bench
