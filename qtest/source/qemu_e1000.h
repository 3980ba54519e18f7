/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NICREPLAY_QTEST_SOURCE_QEMU_E1000_H
#define NICREPLAY_QTEST_SOURCE_QEMU_E1000_H

#include "models/c_api.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The model "qemu-e1000": hw/net/e1000.c of a QEMU tree, unmodified. */
const nr_model *QemuE1000Model(void);

#ifdef __cplusplus
}
#endif
#endif
