// SPDX-License-Identifier: MIT
// The specification's names for registers, rings and their fields.
#pragma once

#include <memory>

#include "models/registry.h"

namespace nicreplay {

std::unique_ptr<Describer> CreateVirtioNetDescriber();

}  // namespace nicreplay
