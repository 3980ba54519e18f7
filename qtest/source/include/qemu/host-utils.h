/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arithmetic wider than the operands. */
#ifndef NICREPLAY_QEMU_HOST_UTILS_H
#define NICREPLAY_QEMU_HOST_UTILS_H

#include <stdint.h>

static inline uint64_t muldiv64(uint64_t a, uint32_t b, uint32_t c) {
  return (uint64_t)((unsigned __int128)a * b / c);
}

#endif
