// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "models/result.h"

namespace nicreplay {

// A device for -device that has a model's options: "e1000" with "device=82544gc,init_vet=off" is
// "e1000-82544gc,init-vet=off"; virtio-net's options are QEMU's properties; the device nicreplay
// takes a model's options as they are.  `device` may have properties of its own.  The size of the
// expansion ROM is QtestOptions' business.
Result<std::string> DeviceArgument(const std::string& device, const std::string& model_options);

// The model's option rom_size.
Result<std::uint64_t> RomSizeOf(const std::string& model_options);

}  // namespace nicreplay
