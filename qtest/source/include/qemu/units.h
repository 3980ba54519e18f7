/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Binary multiples. */
#ifndef NICREPLAY_QEMU_UNITS_H
#define NICREPLAY_QEMU_UNITS_H

#define KiB (INT64_C(1) << 10)
#define MiB (INT64_C(1) << 20)
#define GiB (INT64_C(1) << 30)

#endif
