// SPDX-License-Identifier: MIT
// Text of files for terminals.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace nicreplay {

// A trace's own text may come from anybody: control characters must not reach the terminal.
inline std::string Printable(std::string_view text) {
  std::string safe(text);
  for (char& c : safe) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return safe;
}

// Bytes that are no UTF-8 are replaced.
inline std::string Dump(const nlohmann::json& json, int indent = -1) {
  return json.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace nicreplay
