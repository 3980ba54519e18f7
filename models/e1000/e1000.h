// SPDX-License-Identifier: MIT
// e1000-stock: the 82540EM, 82544GC and 82545EM as QEMU 7.2 emulates them, to the bit.
#pragma once

#include "models/registry.h"

namespace nicreplay {

const ModelEntry& E1000StockEntry();

}  // namespace nicreplay
