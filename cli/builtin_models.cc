// SPDX-License-Identifier: MIT
#include "cli/builtin_models.h"

#include "models/c_adapter.h"
#include "models/registry.h"
#ifdef NICREPLAY_HAVE_QEMU_E1000
#include "qtest/source/qemu_e1000.h"
#endif

namespace nicreplay {

void RegisterBuiltinModels() {
#ifdef NICREPLAY_HAVE_QEMU_E1000
  // Entries live for ever.
  static auto imported = ImportModel(QemuE1000Model());
  if (imported) RegisterModel(imported->get());
#endif
}

}  // namespace nicreplay
