// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "models/device.h"

namespace nicreplay::bench {

// An e1000 to its driver that only marks descriptors as done: it reads no descriptor, moves no
// byte and sends no frame.  What is measured with it is the cost of the harness: driver, machine
// and backend's feed.
std::unique_ptr<Device> CreateNoopDevice(Host& host);

}  // namespace nicreplay::bench
