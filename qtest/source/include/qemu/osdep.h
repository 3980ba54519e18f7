/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a QEMU source file finds in the surroundings that "qemu/osdep.h" promises: libc, GLib's
 * everyday macros, byte order.  Part of the headers that stand in for QEMU's own when
 * hw/net/e1000.c is compiled as a model; they declare what that file needs and nothing else.
 */
#ifndef NICREPLAY_QEMU_OSDEP_H
#define NICREPLAY_QEMU_OSDEP_H

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "qemu/bswap.h"

#define HOST_BIG_ENDIAN (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

#undef MIN
#undef MAX
#define MIN(a, b)                      \
  ({                                   \
    __typeof__(a) min_a_ = (a);        \
    __typeof__(b) min_b_ = (b);        \
    min_a_ < min_b_ ? min_a_ : min_b_; \
  })
#define MAX(a, b)                      \
  ({                                   \
    __typeof__(a) max_a_ = (a);        \
    __typeof__(b) max_b_ = (b);        \
    max_a_ > max_b_ ? max_a_ : max_b_; \
  })
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define ROUND_UP(n, d) (((n) + (d)-1) / (d) * (d))
#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))

#undef container_of
#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

#define QEMU_PACKED __attribute__((packed))
#define QEMU_ALIGNED(bytes) __attribute__((aligned(bytes)))
#define QEMU_BUILD_BUG_ON(condition) _Static_assert(!(condition), #condition)
#define G_GNUC_UNUSED __attribute__((unused))
#define G_STATIC_ASSERT(condition) _Static_assert(condition, #condition)
#ifndef likely
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#endif
#define g_assert(condition) assert(condition)
#define g_assert_not_reached() abort()

typedef uint64_t hwaddr;
typedef uint64_t dma_addr_t;
typedef uint64_t ram_addr_t;

typedef struct Error Error;

#endif
