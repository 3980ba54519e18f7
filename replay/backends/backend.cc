// SPDX-License-Identifier: MIT
#include "replay/backends/backend.h"

#include <fmt/format.h>

#include <algorithm>

namespace nicreplay {

namespace {

bool IsTooLong(const Frame& frame) { return frame.size() > Backend::kMaxFrame; }

tl::unexpected<Error> TooLong(const Frame& frame) {
  return Fail(ErrorCode::kTooLarge, fmt::format("a frame of {} bytes", frame.size()));
}

}  // namespace

Result<SendResult> Backend::Send(const Frame& frame) {
  if (IsTooLong(frame)) return TooLong(frame);
  const bool wire_frame = frame.offload.flags == 0 && frame.offload.gso_type == Offload::kGsoNone;
  if (wire_frame || (OffloadsNeeded(frame.offload) & ~offloads()) == 0) return SendWhole(frame);
  return SendCut(frame);
}

Result<std::size_t> Backend::SendBurst(std::span<const Frame> frames) {
  if (const auto found = std::ranges::find_if(frames, IsTooLong); found != frames.end()) {
    return TooLong(*found);
  }
  return SendWireFrames(frames);
}

Result<std::size_t> Backend::SendWireFrames(std::span<const Frame> frames) {
  std::size_t sent = 0;
  for (; sent < frames.size(); ++sent) {
    const auto result = SendWhole(frames[sent]);
    if (!result) return tl::make_unexpected(result.error());
    if (*result == SendResult::kFull) break;
  }
  return sent;
}

Result<SendResult> Backend::SendCut(const Frame& frame) {
  if (const OffloadFault fault = segmenter_.Parse(frame); fault != OffloadFault::kNone) {
    return Fail(ErrorCode::kCorrupt, fmt::format("a frame whose offload header makes no sense: {}",
                                                 OffloadFaultName(fault)));
  }
  for (std::size_t i = 0; i < segmenter_.count(); ++i) {
    auto sent = SendWhole({segmenter_.Get(i), {}});
    if (!sent || (*sent == SendResult::kFull && i == 0)) return sent;
    if (*sent == SendResult::kFull) {
      return Fail(ErrorCode::kIo, fmt::format("full after {} of {} frames of a super-frame", i,
                                              segmenter_.count()));
    }
  }
  return SendResult::kSent;
}

}  // namespace nicreplay
