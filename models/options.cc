// SPDX-License-Identifier: MIT
#include "models/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace nicreplay {
namespace {

constexpr std::size_t kMaxText = 4096;

bool IsKeyCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// The whole of `text`, or false.
template <typename T>
bool ParseNumber(std::string_view text, int base, T* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out, base);
  return error == std::errc() && end == text.data() + text.size();
}

bool ParseMac(std::string_view text, MacAddress* out) {
  if (text.size() != 17) return false;
  for (std::size_t i = 0; i < out->size(); ++i) {
    if (i > 0 && text[3 * i - 1] != ':') return false;
    if (!ParseNumber(text.substr(3 * i, 2), 16, &(*out)[i])) return false;
  }
  return true;
}

}  // namespace

Result<Options> Options::Parse(std::string_view text) {
  if (text.size() > kMaxText) {
    return Fail(ErrorCode::kTooLarge, fmt::format("options are over {} characters", kMaxText));
  }
  if (std::any_of(text.begin(), text.end(), IsControl)) {
    return Fail(ErrorCode::kUsage, "options contain a control character");
  }
  Options options;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view item = text.substr(0, comma);
    const std::size_t equals = item.find('=');
    const std::string_view key = item.substr(0, equals);
    if (equals == std::string_view::npos || key.empty() ||
        !std::all_of(key.begin(), key.end(), IsKeyCharacter)) {
      return Fail(ErrorCode::kUsage, fmt::format("option '{}' is not key=value", item));
    }
    if (!options.values_.emplace(key, item.substr(equals + 1)).second) {
      return Fail(ErrorCode::kUsage, fmt::format("option '{}' is given twice", key));
    }
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
    if (text.empty()) return Fail(ErrorCode::kUsage, "options end in a comma");
  }
  return options;
}

std::string Options::ToString() const {
  std::string text;
  for (const auto& [key, value] : values_) {
    if (!text.empty()) text += ',';
    text += key;
    text += '=';
    text += value;
  }
  return text;
}

Result<bool> Options::TakeSwitch(const std::string& key, bool fallback) {
  const std::string text = TakeText(key, fallback ? "on" : "off");
  if (text == "on") return true;
  if (text == "off") return false;
  return Fail(ErrorCode::kUsage, fmt::format("option {}={}: not on or off", key, text));
}

Result<MacAddress> Options::TakeMac(const std::string& key, const MacAddress& fallback) {
  const auto node = values_.extract(key);
  if (node.empty()) return fallback;
  MacAddress mac{};
  if (ParseMac(node.mapped(), &mac)) return mac;
  return Fail(ErrorCode::kUsage, fmt::format("option {}={}: not a MAC address such as "
                                             "52:54:00:12:34:56",
                                             key, node.mapped()));
}

Result<std::uint64_t> Options::TakeNumber(const std::string& key, std::uint64_t fallback,
                                          std::uint64_t max) {
  const auto node = values_.extract(key);
  if (node.empty()) return fallback;
  const std::string_view text = node.mapped();
  const bool hex = text.starts_with("0x");
  std::uint64_t number = 0;
  if (ParseNumber(hex ? text.substr(2) : text, hex ? 16 : 10, &number) && number <= max) {
    return number;
  }
  return Fail(ErrorCode::kUsage,
              fmt::format("option {}={}: not a number of 0 to {}", key, text, max));
}

std::string Options::TakeText(const std::string& key, std::string fallback) {
  auto node = values_.extract(key);
  return node.empty() ? std::move(fallback) : std::move(node.mapped());
}

Result<std::monostate> Options::Finish() const {
  if (values_.empty()) return std::monostate{};
  return Fail(ErrorCode::kUsage,
              fmt::format("unknown option '{}'; see the model's options with: nicreplay models",
                          values_.begin()->first));
}

}  // namespace nicreplay
