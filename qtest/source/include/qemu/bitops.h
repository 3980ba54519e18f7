/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bits of words and of bitmaps. */
#ifndef NICREPLAY_QEMU_BITOPS_H
#define NICREPLAY_QEMU_BITOPS_H

#include <limits.h>
#include <stdint.h>

#define BIT(n) (1UL << (n))
#define BIT_ULL(n) (1ULL << (n))
#define BITS_PER_LONG (sizeof(long) * CHAR_BIT)

static inline void set_bit(long bit, unsigned long *map) {
  map[bit / BITS_PER_LONG] |= BIT(bit % BITS_PER_LONG);
}

static inline uint32_t extract32(uint32_t value, int start, int length) {
  return value >> start & (UINT32_MAX >> (32 - length));
}

static inline uint32_t deposit32(uint32_t value, int start, int length, uint32_t field) {
  uint32_t mask = UINT32_MAX >> (32 - length) << start;
  return (value & ~mask) | (field << start & mask);
}

#endif
