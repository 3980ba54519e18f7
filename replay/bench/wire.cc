// SPDX-License-Identifier: MIT
#include "replay/bench/wire.h"

#include <fmt/format.h>

#include <array>

#include "models/net/segment.h"
#include "replay/backends/null.h"
#include "replay/bench/tap_wire.h"
#include "replay/bench/unix_wire.h"

namespace nicreplay::bench {

namespace {

constexpr std::size_t kBurst = 64;

class NullWire final : public Wire {
 public:
  Backend& backend() override { return backend_; }
  std::size_t capacity() const override { return 4096; }
  Status Offer(const Incoming& incoming, OffloadSet offloads, std::size_t packets) override {
    if ((OffloadsNeeded(incoming.packet().offload) & ~offloads) == 0) {
      backend_.Feed(incoming.packets(), packets);
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

std::vector<std::vector<std::uint8_t>> CutPacket(Bytes packet, const Offload& offload) {
  return WireFramesOf({{&packet, 1}, offload});
}

constexpr std::array kWires = {
    WireEntry{"null", Create<NullWire>},
    WireEntry{"tap", [] { return CreateTapWire(TapHeader::kVirtioNet); }},
    WireEntry{"tap-plain", [] { return CreateTapWire(TapHeader::kNone); }},
    WireEntry{"unix", CreateUnixWire},
};

}  // namespace

std::vector<std::vector<std::uint8_t>> WireFramesOf(const Frame& frame) {
  Segmenter segmenter;
  std::vector<std::vector<std::uint8_t>> frames;
  if (segmenter.Parse(frame) != OffloadFault::kNone) return frames;
  frames.resize(segmenter.count());
  for (std::size_t i = 0; i < frames.size(); ++i) {
    for (const Bytes& piece : segmenter.Get(i)) {
      frames[i].insert(frames[i].end(), piece.begin(), piece.end());
    }
  }
  return frames;
}

Incoming::Incoming(const PacketShape& shape)
    : shape_(shape),
      bytes_(BuildPacket(shape, Direction::kToGuest)),
      wire_bytes_(CutPacket(bytes_, OffloadOf(shape))) {
  pieces_.reserve(1 + wire_bytes_.size());
  pieces_.emplace_back(bytes_);
  packets_.assign(kBurst, {{pieces_.data(), 1}, OffloadOf(shape)});
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
