// SPDX-License-Identifier: MIT
#pragma once

namespace nicreplay {

// Registers the models that depend on the build: qemu-e1000, where a QEMU source tree was given.
void RegisterBuiltinModels();

}  // namespace nicreplay
