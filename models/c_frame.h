// SPDX-License-Identifier: MIT
// Frames and enums of device.h and c_api.h, in both directions.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "models/c_api.h"
#include "models/device.h"

namespace nicreplay {

static_assert(NR_CONSUMED == static_cast<int>(ReceiveResult::kConsumed));
static_assert(NR_KEEP == static_cast<int>(ReceiveResult::kKeep));
static_assert(NR_DROPPED == static_cast<int>(ReceiveResult::kDropped));
static_assert(NR_BAR_NONE == static_cast<int>(BarInfo::Kind::kNone));
static_assert(NR_BAR_MEMORY32 == static_cast<int>(BarInfo::Kind::kMemory32));
static_assert(NR_BAR_IO == static_cast<int>(BarInfo::Kind::kIo));
static_assert(NR_BAR_MEMORY64 == static_cast<int>(BarInfo::Kind::kMemory64));
static_assert(static_cast<int>(LinkState::kDown) == 0 && static_cast<int>(LinkState::kUp) == 1);
static_assert(static_cast<int>(LineLevel::kLow) == 0 && static_cast<int>(LineLevel::kHigh) == 1);
static_assert(sizeof(nr_offload) == sizeof(Offload));
static_assert(sizeof(nr_info::bars) / sizeof(nr_bar) == std::size(DeviceInfo{}.bars));

inline nr_bytes ToC(Bytes bytes) { return {bytes.data(), bytes.size()}; }
inline Bytes FromC(const nr_bytes& bytes) { return {bytes.data, bytes.size}; }

inline nr_offload ToC(const Offload& offload) {
  return {offload.flags,    offload.gso_type,       offload.header_length,
          offload.gso_size, offload.checksum_start, offload.checksum_offset};
}
inline Offload FromC(const nr_offload& offload) {
  return {offload.flags,    offload.gso_type,       offload.header_length,
          offload.gso_size, offload.checksum_start, offload.checksum_offset};
}

// What the other side must not say counts as a loss.
inline ReceiveResult FromC(nr_receive_result result) {
  switch (result) {
    case NR_CONSUMED:
      return ReceiveResult::kConsumed;
    case NR_KEEP:
      return ReceiveResult::kKeep;
    default:
      return ReceiveResult::kDropped;
  }
}

// The pieces of a frame as the other side has them.  The array is fixed; where there are more, the
// last piece is a copy of all that do not fit.
template <typename To, typename From>
class Pieces {
 public:
  static constexpr std::size_t kMax = 64;

  template <typename Convert>
  Pieces(std::span<const From> from, Convert convert) {
    count_ = std::min(from.size(), kMax);
    const std::size_t direct = from.size() > kMax ? kMax - 1 : count_;
    for (std::size_t i = 0; i < direct; ++i) pieces_[i] = convert(from[i]);
    if (direct == from.size()) return;
    for (const From& piece : from.subspan(direct)) {
      rest_.insert(rest_.end(), piece_begin(piece), piece_begin(piece) + piece_size(piece));
    }
    pieces_[direct] = To{rest_.data(), rest_.size()};
  }
  Pieces(const Pieces&) = delete;
  Pieces& operator=(const Pieces&) = delete;

  std::span<const To> get() const { return {pieces_.data(), count_}; }

 private:
  static const std::uint8_t* piece_begin(const nr_bytes& piece) { return piece.data; }
  static const std::uint8_t* piece_begin(const Bytes& piece) { return piece.data(); }
  static std::size_t piece_size(const nr_bytes& piece) { return piece.size; }
  static std::size_t piece_size(const Bytes& piece) { return piece.size(); }

  std::array<To, kMax> pieces_;
  std::size_t count_ = 0;
  std::vector<std::uint8_t> rest_;
};

// A Frame as nr_frame, valid as long as this object.
class FrameToC {
 public:
  explicit FrameToC(const Frame& frame)
      : pieces_(frame.pieces, [](const Bytes& piece) { return ToC(piece); }),
        frame_{pieces_.get().data(), pieces_.get().size(), ToC(frame.offload)} {}
  const nr_frame* get() const { return &frame_; }

 private:
  Pieces<nr_bytes, Bytes> pieces_;
  nr_frame frame_;
};

// An nr_frame as Frame, valid as long as this object.
class FrameFromC {
 public:
  explicit FrameFromC(const nr_frame& frame)
      : pieces_({frame.pieces, frame.piece_count}, [](const nr_bytes& p) { return FromC(p); }),
        frame_{pieces_.get(), FromC(frame.offload)} {}
  const Frame& get() const { return frame_; }

 private:
  Pieces<Bytes, nr_bytes> pieces_;
  Frame frame_;
};

// Up to N Frames as nr_frames, valid as long as this object.
template <std::size_t N>
class FramesToC {
 public:
  explicit FramesToC(std::span<const Frame> frames) {
    for (std::size_t i = 0; i < std::min(frames.size(), N); ++i) {
      frames_[i] = *converted_[i].emplace(frames[i]).get();
    }
  }
  const nr_frame* get() const { return frames_.data(); }

 private:
  std::array<std::optional<FrameToC>, N> converted_;
  std::array<nr_frame, N> frames_;
};

// Up to N nr_frames as Frames, valid as long as this object.
template <std::size_t N>
class FramesFromC {
 public:
  explicit FramesFromC(std::span<const nr_frame> frames) : count_(std::min(frames.size(), N)) {
    for (std::size_t i = 0; i < count_; ++i) frames_[i] = converted_[i].emplace(frames[i]).get();
  }
  std::span<const Frame> get() const { return {frames_.data(), count_}; }

 private:
  std::array<std::optional<FrameFromC>, N> converted_;
  std::array<Frame, N> frames_;
  std::size_t count_;
};

}  // namespace nicreplay
