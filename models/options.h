// SPDX-License-Identifier: MIT
// "key=value,key=value" options of a model, as they are given on command lines and kept in trace
// headers.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>

#include "models/result.h"

namespace nicreplay {

using MacAddress = std::array<std::uint8_t, 6>;

// Typed access to parsed options.  Every Take removes the key, so that what is left over at the end
// is a mistake.
class Options {
 public:
  static Result<Options> Parse(std::string_view text);

  // Text that Parse reads back: keys in order.
  std::string ToString() const;

  Result<bool> TakeSwitch(const std::string& key, bool fallback);  // on|off
  Result<MacAddress> TakeMac(const std::string& key, const MacAddress& fallback);
  Result<std::uint64_t> TakeNumber(const std::string& key, std::uint64_t fallback,
                                   std::uint64_t max);
  std::string TakeText(const std::string& key, std::string fallback);

  // An error naming the first key that nobody took.
  Result<std::monostate> Finish() const;

 private:
  std::map<std::string, std::string> values_;
};

}  // namespace nicreplay
