/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device of qtest/overlay as a shared object for a QEMU that was not built with it:
 * LD_PRELOAD=nicreplay-qemu.so qemu-system-x86_64 -device nicreplay,...  (ci/preload).
 *
 * The device's own constructor registers the type.  This one comes before it, and refuses a QEMU
 * of another version, whose structures may be laid out in another way.
 */
/* clang-format off: QEMU wants osdep.h before everything else */
#include "qemu/osdep.h"
/* clang-format on */

#include "hw/pci/pci.h"
#include "qapi/qapi-commands-control.h"
#include "qemu/module.h"

static void refuse(const char *why) {
  fprintf(stderr, "nicreplay-qemu.so: %s\n", why);
  exit(1);
}

/* The type that the device builds on is known once all types are. */
static void check_layout(void) {
  if (object_type_get_instance_size(TYPE_PCI_DEVICE) != sizeof(PCIDevice)) {
    refuse("this QEMU's devices are laid out in another way; build the object from its own source");
  }
}

static void __attribute__((constructor(101))) check_version(void) {
  VersionInfo *version = qmp_query_version(NULL);
  g_autofree char *this_qemu =
      g_strdup_printf("%" PRId64 ".%" PRId64 ".%" PRId64, version->qemu->major,
                      version->qemu->minor, version->qemu->micro);

  if (strcmp(this_qemu, QEMU_VERSION) != 0) {
    g_autofree char *why =
        g_strdup_printf("built for QEMU %s, this is %s; build it from that version's source",
                        QEMU_VERSION, this_qemu);
    refuse(why);
  }
  qapi_free_VersionInfo(version);
  unsetenv("LD_PRELOAD"); /* not for the programs that QEMU starts */
}

/* Called after QOM's types are registered. */
migration_init(check_layout)
