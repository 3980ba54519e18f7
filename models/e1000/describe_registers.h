// SPDX-License-Identifier: MIT
// Values of e1000 registers by the names of their fields.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "models/e1000/fields.h"

namespace nicreplay::e1000 {

// "RXT0|TXDW", "EN|CT=15"; bits without a name as one number at the end; empty for 0.
std::string DescribeFields(std::span<const Field> fields, std::uint32_t value);

// The same for the register at a byte offset of BAR 0, with what DescribeFields cannot know:
// buffer sizes, MAC addresses, PHY accesses.  Empty where there is nothing to name.
std::string DescribeRegister(std::uint32_t offset, std::uint32_t value);

}  // namespace nicreplay::e1000
