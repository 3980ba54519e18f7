// SPDX-License-Identifier: MIT
// The device with the switches that change when nothing happens but how.
#pragma once

#include "models/e1000/datapath_device.h"
#include "models/e1000/opt/datapath.h"

namespace nicreplay::e1000 {

using OptDevice = DatapathDevice<OptDatapath>;

}  // namespace nicreplay::e1000
