// SPDX-License-Identifier: MIT
// What cases run on: a kind of device, and where one comes from.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "models/result.h"
#include "replay/target.h"

namespace nicreplay::suite {

// RAM of every target.
inline constexpr std::size_t kRamSize = 4u << 20;

// Which cases a device is for.
enum class Family : std::uint8_t { kE1000, kVirtioNet };

// What a device is measured by where versions of QEMU differ.
enum class QemuVersion : std::uint8_t { k7_2, k10_0, k10_2 };
inline constexpr std::size_t kVersions = 3;

// The column for a text that says "QEMU 7.2.22": up to 7.x the first, from 8.0 on the second, from
// 10.1 on the third; what is not 7.2, 10.0 or 10.2 was not tried.  A text without a version gets
// the first.
QemuVersion VersionIn(std::string_view text);

// Whether a frame without any byte shows where frames are collected.
enum class EmptyFrames : std::uint8_t { kSeen, kUnseen };
// Whose device it is: a model of ours, in this process or in a QEMU, or QEMU's own.
enum class Origin : std::uint8_t { kModel, kQemu };

// A kind of target that the cases run on.
struct SuiteTarget {
  std::string name;  // of GoogleTest's parameter: "Stock", "QemuSource", "Live"
  Family family = Family::kE1000;
  QemuVersion version = QemuVersion::k7_2;
  Origin origin = Origin::kModel;
  EmptyFrames empty_frames = EmptyFrames::kSeen;
  // A device after power-on with the model's options ("mitigation=off").
  std::function<Result<std::unique_ptr<Target>>(const std::string& options)> create;

  friend void PrintTo(const SuiteTarget& target, std::ostream* out) { *out << target.name; }
};

// Those of this run.  Filled before GoogleTest registers the cases, which it does when it is
// initialized.
std::vector<SuiteTarget>& SuiteTargets(Family family);

}  // namespace nicreplay::suite
