/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Intervals of [offset, offset + length). */
#ifndef NICREPLAY_QEMU_RANGE_H
#define NICREPLAY_QEMU_RANGE_H

#include <stdbool.h>
#include <stdint.h>

static inline bool range_covers_byte(uint64_t offset, uint64_t length, uint64_t byte) {
  return byte - offset < length;
}

static inline bool ranges_overlap(uint64_t a, uint64_t a_length, uint64_t b, uint64_t b_length) {
  return a_length != 0 && b_length != 0 && (a - b < b_length || b - a < a_length);
}

#endif
