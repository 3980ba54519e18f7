// SPDX-License-Identifier: MIT
#include "replay/backends/backend.h"

#include <fmt/format.h>

namespace nicreplay {

Result<SendResult> Backend::Send(const Frame& frame) {
  if (const std::size_t size = frame.size(); size > kMaxFrame) {
    return Fail(ErrorCode::kTooLarge, fmt::format("a frame of {} bytes", size));
  }
  if ((OffloadsOf(frame.offload) & ~offloads()) == 0) return SendWhole(frame);
  return Fail(ErrorCode::kUsage, "a super-frame for a backend that takes none");
}

}  // namespace nicreplay
