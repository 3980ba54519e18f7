// SPDX-License-Identifier: MIT
// Which frames the device takes (8254x manual, 3.2.1).
#pragma once

#include <cstdint>
#include <span>

#include "models/e1000/register_file.h"

namespace nicreplay::e1000 {

// Destination, source, VLAN tag or type: what the filters look at.
inline constexpr std::size_t kFilterBytes = 16;
using FrameHeader = std::array<std::uint8_t, kFilterBytes>;

// An EtherType of VET at the place of a VLAN tag.
bool IsTagged(const RegisterFile& registers, const FrameHeader& header);

// VLAN, unicast, multicast and broadcast filters; counts BPRC and MPRC.
bool AcceptsAddress(RegisterFile& registers, const FrameHeader& header);

// Whether the frame is short enough; counts ROC where it is not.
bool AcceptsSize(RegisterFile& registers, std::size_t size);

}  // namespace nicreplay::e1000
