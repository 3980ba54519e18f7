// SPDX-License-Identifier: MIT
// Dictionaries for fuzzers, in the syntax that libFuzzer and AFL++ share.
#pragma once

#include <string>

#include "fuzz/target.h"

namespace nicreplay {

// A line for each item of the family's inputs, and for each register and command by its name.
std::string DictionaryOf(FuzzTarget::Family family);

}  // namespace nicreplay
