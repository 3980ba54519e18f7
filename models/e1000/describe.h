// SPDX-License-Identifier: MIT
// The manual's names for registers, descriptors and their fields.
#pragma once

#include <memory>

#include "models/registry.h"

namespace nicreplay {

std::unique_ptr<Describer> CreateE1000Describer();

}  // namespace nicreplay
