// SPDX-License-Identifier: MIT
// e1000-opt: e1000-stock, faster.  Every optimization is a switch and has a file here that says why
// a driver cannot tell, and when stock's own code does the work after all.
#pragma once

#include "models/registry.h"

namespace nicreplay {

const ModelEntry& E1000OptEntry();

}  // namespace nicreplay
