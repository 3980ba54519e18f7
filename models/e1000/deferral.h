// SPDX-License-Identifier: MIT
// How long, and how much, work may be put off: the bounds of the deferred contract, in virtual time
// from the moment that the driver (or the cause) asked for it.  Work that is later than this is a
// bug.
#pragma once

#include <cstddef>

#include "models/device.h"

namespace nicreplay::e1000 {

// A transmit ring that was asked to run (asynctx).  The 8254x may take its time, too; a bottom half
// or an I/O thread that is not starved starts in less.
inline constexpr Nanoseconds kTransmitDeferral = 50'000;

// TDT and RDT writes that were queued (doorbell).
inline constexpr Nanoseconds kDoorbellDeferral = 50'000;
// Where one more finds so many queued, all that was put off is done before it is queued.
inline constexpr std::size_t kDoorbellsQueued = 64;

// A rising edge of INTA# (irqmod): 4000 interrupts a second, what Linux's e1000 sets ITR to for
// bulk traffic.
inline constexpr Nanoseconds kLineDeferral = 250'000;

}  // namespace nicreplay::e1000
