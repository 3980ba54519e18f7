// SPDX-License-Identifier: MIT
// Typed errors without exceptions: every function that can fail on outside input returns Result<T>.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <variant>

namespace nicreplay {

enum class ErrorCode : std::uint8_t {
  kUsage,          // a request that makes no sense: unknown model, malformed option
  kIo,             // the operating system said no
  kTruncated,      // the input ends in the middle of something
  kIncomplete,     // a recording that was never finished; what is there is whole
  kCorrupt,        // bytes that do not decode, or a checksum that does not match
  kFutureVersion,  // written by a newer nicreplay
  kPastVersion,    // written by an older one, in a format that is not read any more
  kTooLarge,       // over a stated limit
  kOutOfOrder,     // whole pieces in an impossible order
  kRacy,           // the guest changed memory while the device worked on it
  kPeer,           // another process (QEMU) died, hung or talked nonsense
};

// Name for scripts and tests: "truncated", "future-version", ...
const char* ErrorCodeName(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::kUsage;
  std::string message;  // one sentence, and what to do next where something can be done
  std::optional<std::uint64_t> chunk;  // of a trace file, from 0
  std::optional<std::uint64_t> event;  // stimulus index, from 0

  // "chunk 3, event 120: corrupt: ..."
  std::string ToString() const;
};

template <typename T>
using Result = tl::expected<T, Error>;

// Success or an error.
using Status = Result<std::monostate>;
inline Status Ok() { return std::monostate{}; }

inline tl::unexpected<Error> Fail(ErrorCode code, std::string message) {
  return tl::make_unexpected(Error{code, std::move(message), std::nullopt, std::nullopt});
}

}  // namespace nicreplay
