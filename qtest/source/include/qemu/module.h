/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A source file's type registration.  QEMU runs it from a constructor; here the model calls it by
 * name, which also makes the linker take the object file out of its archive.
 */
#ifndef NICREPLAY_QEMU_MODULE_H
#define NICREPLAY_QEMU_MODULE_H

void nicreplay_register_types(void);

#define type_init(function) \
  void nicreplay_register_types(void) { function(); }

#endif
