// SPDX-License-Identifier: MIT
// e1000 descriptors, and parts of them, as text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "models/device.h"

namespace nicreplay::e1000 {

enum class RingKind : std::uint8_t { kTransmit, kReceive };

// The field of a descriptor (8254x manual, 3.2.3 and 3.3) that a byte of it belongs to.
std::string_view DescriptorField(RingKind kind, std::size_t byte);

// One descriptor, or the part of it that `bytes` are from byte `from` on: what of it is whole.
// `from` + bytes.size() is at most 16.
std::string DescribeDescriptor(RingKind kind, std::size_t from, Bytes bytes);

}  // namespace nicreplay::e1000
