/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads and stores at any alignment, and conversions, by byte order. */
#ifndef NICREPLAY_QEMU_BSWAP_H
#define NICREPLAY_QEMU_BSWAP_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define cpu_to_le16(v) htole16(v)
#define cpu_to_le32(v) htole32(v)
#define cpu_to_le64(v) htole64(v)
#define cpu_to_be16(v) htobe16(v)
#define cpu_to_be32(v) htobe32(v)
#define le16_to_cpu(v) le16toh(v)
#define le32_to_cpu(v) le32toh(v)
#define le64_to_cpu(v) le64toh(v)
#define be16_to_cpu(v) be16toh(v)
#define be32_to_cpu(v) be32toh(v)

/* QEMU's names: ld or st, u unsigned, w 16 bits or l 32 bits or q 64 bits, byte order, _p pointer.
 */
#define NICREPLAY_ACCESSORS(load, store, bits, order, result) \
  static inline result load(const void *from) {               \
    uint##bits##_t raw;                                       \
    memcpy(&raw, from, sizeof raw);                           \
    return (result)order##bits##toh(raw);                     \
  }                                                           \
  static inline void store(void *to, uint##bits##_t value) {  \
    uint##bits##_t raw = hto##order##bits(value);             \
    memcpy(to, &raw, sizeof raw);                             \
  }

NICREPLAY_ACCESSORS(lduw_le_p, stw_le_p, 16, le, int)
NICREPLAY_ACCESSORS(lduw_be_p, stw_be_p, 16, be, int)
NICREPLAY_ACCESSORS(ldl_le_p, stl_le_p, 32, le, int)
NICREPLAY_ACCESSORS(ldl_be_p, stl_be_p, 32, be, int)
NICREPLAY_ACCESSORS(ldq_le_p, stq_le_p, 64, le, uint64_t)
NICREPLAY_ACCESSORS(ldq_be_p, stq_be_p, 64, be, uint64_t)

#endif
