// SPDX-License-Identifier: MIT
// The optimizations of e1000-opt, each a switch of its own, with the contract that it keeps.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "models/result.h"

namespace nicreplay::e1000 {

enum class Switch : std::uint8_t {
  kTso,
  kCsum,
  kZerocopy,
  kRing,
  kRxbatch,
  kRxlro,
  kAsynctx,
  kDoorbell,
  kSidecore,
  kIrqmod,
  kRxcsum,
};

class SwitchSet {
 public:
  constexpr SwitchSet() = default;
  template <typename... Switches>
  explicit constexpr SwitchSet(Switch first, Switches... others)
      : bits_((Bit(first) | ... | Bit(others))) {}

  // "tso+csum+ring", or one of the words of SwitchesHelp().
  static Result<SwitchSet> Parse(std::string_view list);

  constexpr bool has(Switch one) const { return (bits_ & Bit(one)) != 0; }
  constexpr bool has_any(SwitchSet others) const { return (bits_ & others.bits_) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr void add(SwitchSet others) { bits_ |= others.bits_; }
  constexpr std::uint16_t bits() const { return bits_; }

 private:
  static constexpr std::uint16_t Bit(Switch one) {
    return static_cast<std::uint16_t>(1u << static_cast<int>(one));
  }

  std::uint16_t bits_ = 0;
};

// Work on the transmit ring that differs from stock's.
inline constexpr SwitchSet kTransmitSwitches(Switch::kTso, Switch::kCsum, Switch::kZerocopy,
                                             Switch::kRing);
// Switches with which what the driver asks for happens later.
inline constexpr SwitchSet kDeferringSwitches(Switch::kAsynctx, Switch::kDoorbell,
                                              Switch::kSidecore, Switch::kIrqmod);

// One line a switch, for ModelEntry::options.
std::string SwitchesHelp();

}  // namespace nicreplay::e1000
