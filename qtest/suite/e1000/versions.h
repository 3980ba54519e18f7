// SPDX-License-Identifier: MIT
// What differs between the versions of QEMU, in one table.  Cases ask it; nothing else in the suite
// knows versions.
//
// One more difference is known: registers of FIFOs and flexible filters keep their high bits in 7.2
// and hide them on read, where 10.x drops them on write.  A driver cannot tell.
//
// What is no difference but a defect is not in the table, and its cases fail: in 10.2 no register
// that extra_mac_registers once switched (most statistics, FIFOs, filters, the packet buffer) can
// be reached.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "models/e1000/registers.h"
#include "qtest/suite/suite_target.h"

namespace nicreplay::e1000 {

using suite::kVersions;
using suite::QemuVersion;

// A counter that MPRC and BPRC share the work of is named by its offset.
enum class Behaviour : std::uint8_t {
  kLongestFrame,           // without FCS, that is taken without RCTL.LPE
  kLongestLongFrame,       // and with it
  kMpeTakesBroadcasts,     // 1: RCTL.MPE lets broadcasts in
  kBroadcastUnderMpe,      // the counter of a broadcast with RCTL.BAM and RCTL.MPE
  kBroadcastThroughMta,    // the counter of a broadcast that the MTA lets in
  kUnicastThroughMta,      // how often MPRC counts a unicast frame that the MTA lets in
  kGroupThroughRa,         // how often a group address that a receive address lets in is counted
  kFilteredNotDelivered,   // how often BPRC counts a broadcast that then finds no buffer
  kShortFrameInDevice,     // what the device makes of 30 bytes that nothing padded before
  kMitigationOption,       // 1: -device has mitigation=
  kAutonegotiationOption,  // 1: and autonegotiation=
  kExtraRegistersOption,   // 1: and extra_mac_registers=
};
inline constexpr std::size_t kBehaviours = 12;

struct VersionRow {
  Behaviour behaviour;
  std::array<std::uint32_t, kVersions> values;  // in 7.2, 10.0, 10.2
};

inline constexpr std::array<VersionRow, kBehaviours> kVersionTable = {{
    {Behaviour::kLongestFrame, {1522, 1518, 1518}},
    {Behaviour::kLongestLongFrame, {16384, 16380, 16380}},
    {Behaviour::kMpeTakesBroadcasts, {1, 0, 0}},
    {Behaviour::kBroadcastUnderMpe, {kMPRC, kBPRC, kBPRC}},
    {Behaviour::kBroadcastThroughMta, {kMPRC, kBPRC, kBPRC}},
    {Behaviour::kUnicastThroughMta, {1, 0, 0}},
    {Behaviour::kGroupThroughRa, {0, 1, 1}},
    {Behaviour::kFilteredNotDelivered, {1, 0, 0}},
    {Behaviour::kShortFrameInDevice, {60, 30, 30}},
    {Behaviour::kMitigationOption, {1, 0, 0}},
    {Behaviour::kAutonegotiationOption, {1, 0, 0}},
    {Behaviour::kExtraRegistersOption, {1, 1, 0}},
}};

constexpr std::uint32_t ValueIn(QemuVersion version, Behaviour behaviour) {
  const VersionRow& row = kVersionTable[static_cast<std::size_t>(behaviour)];
  return row.values[static_cast<std::size_t>(version)];
}

constexpr bool InOrder() {
  for (std::size_t i = 0; i < kBehaviours; ++i) {
    if (static_cast<std::size_t>(kVersionTable[i].behaviour) != i) return false;
  }
  return true;
}
static_assert(InOrder(), "a row of the version table is not at its place");

}  // namespace nicreplay::e1000
