// SPDX-License-Identifier: MIT
// What libnicreplay.so gives to a VMM (models/c_api.h).
#pragma once

#include "models/c_api.h"

namespace nicreplay {

// All models that are registered when it is first called, and those of the plugins that the
// environment variable NICREPLAY_PLUGINS lists (paths, separated by colons; what does not load is
// reported on standard error).  Each takes two options more than the model itself:
//   record=PATH       what the VMM does with the device becomes a trace; whole once it is destroyed
//   environment=TEXT  for the header of the trace
const nr_library* Library();

}  // namespace nicreplay
