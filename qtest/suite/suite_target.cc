// SPDX-License-Identifier: MIT
#include "qtest/suite/suite_target.h"

#include <array>
#include <charconv>
#include <utility>

namespace nicreplay::suite {

std::vector<SuiteTarget>& SuiteTargets(Family family) {
  static std::array<std::vector<SuiteTarget>, 2> targets;
  return targets[static_cast<std::size_t>(family)];
}

QemuVersion VersionIn(std::string_view text) {
  constexpr std::string_view kProduct = "QEMU ";
  const std::size_t at = text.find(kProduct);
  if (at == std::string_view::npos) return QemuVersion::k7_2;
  const std::string_view number = text.substr(at + kProduct.size());
  const char* const end = number.data() + number.size();
  int major = 0;
  int minor = 0;
  const char* const dot = std::from_chars(number.data(), end, major).ptr;
  if (dot != end) std::from_chars(dot + 1, end, minor);
  if (major < 8) return QemuVersion::k7_2;
  return std::pair(major, minor) > std::pair(10, 0) ? QemuVersion::k10_2 : QemuVersion::k10_0;
}

}  // namespace nicreplay::suite
