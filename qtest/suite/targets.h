// SPDX-License-Identifier: MIT
// What the suite can run on.
#pragma once

#include <string>

#include "models/result.h"
#include "qtest/suite/suite_target.h"

namespace nicreplay::suite {

// A model of this process: "Stock", "QemuSource", or its name in camel case.
Result<SuiteTarget> ModelTarget(const std::string& model);

// An e1000 or virtio-net in a live QEMU, "Live": a process of its own for each case, because a
// reset does not bring back all of the state after power-on.
Result<SuiteTarget> LiveTarget(const std::string& qemu, const std::string& device);

}  // namespace nicreplay::suite
