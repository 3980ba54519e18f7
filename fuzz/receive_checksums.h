// SPDX-License-Identifier: MIT
// The declared difference `rxcsum`: a received frame whose checksums are right may be reported as
// checked (IPCS and TCPCS in its last descriptor's status) instead of not (IXSM).
#pragma once

#include "fuzz/capturing_machine.h"

namespace nicreplay {

// Whether a wire frame is an unfragmented IPv4 packet whose header and TCP or UDP checksums hold.
bool ChecksumsHold(Bytes frame);

// Takes the difference away, where a frame that was delivered in this operation deserves it: in the
// effects that were captured of both, and in the right side's memory.  Returns how often.
std::uint64_t AcceptCheckedStatus(CapturingMachine* left, CapturingMachine* right);

}  // namespace nicreplay
