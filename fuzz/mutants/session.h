// SPDX-License-Identifier: MIT
// A driver's session with everything that the e1000 does, short enough to read.
#pragma once

#include "fuzz/mutants/driver.h"

namespace nicreplay {

// Drives a device through the session; the steps have names, for e1000-stock.mutants.
void RunScriptedSession(Driver& driver);

}  // namespace nicreplay
