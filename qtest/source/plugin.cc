// SPDX-License-Identifier: GPL-2.0-or-later
// A QEMU tree's e1000 as a shared object for `nicreplay --plugin` and for QEMU's device nicreplay.
#include "models/c_api.h"
#include "qtest/source/qemu_e1000.h"

extern "C" __attribute__((visibility("default"))) const nr_library* nicreplay_library(void) {
  static const nr_model* const models[] = {QemuE1000Model()};
  static const nr_library library = {NICREPLAY_API_VERSION, 1, models};
  return &library;
}
