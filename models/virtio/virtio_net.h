// SPDX-License-Identifier: MIT
// virtio-net: the paravirtual NIC of virtio 1.2 on PCI, as QEMU 7.2's virtio-net-pci where the
// specification leaves a choice.
#pragma once

#include "models/registry.h"

namespace nicreplay {

const ModelEntry& VirtioNetEntry();

}  // namespace nicreplay
