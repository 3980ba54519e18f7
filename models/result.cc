// SPDX-License-Identifier: MIT
#include "models/result.h"

#include <array>

namespace nicreplay {

const char* ErrorCodeName(ErrorCode code) {
  static constexpr std::array<const char*, 11> kNames = {
      "usage",        "io",        "truncated",    "incomplete", "corrupt", "future-version",
      "past-version", "too-large", "out-of-order", "racy",       "peer"};
  return kNames.at(static_cast<std::size_t>(code));
}

std::string Error::ToString() const {
  std::string where;
  if (chunk) where += "chunk " + std::to_string(*chunk);
  if (event) where += (where.empty() ? "event " : ", event ") + std::to_string(*event);
  if (!where.empty()) where += ": ";
  return where + ErrorCodeName(code) + ": " + message;
}

}  // namespace nicreplay
