/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Internet checksum (RFC 1071). */
#ifndef NICREPLAY_NET_CHECKSUM_H
#define NICREPLAY_NET_CHECKSUM_H

#include <stdint.h>

/* The sum of big-endian 16-bit words, not folded; a length below 1 sums nothing. */
uint32_t net_checksum_add(int length, uint8_t *buffer);

static inline uint16_t net_checksum_finish(uint32_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)~sum;
}

/* RFC 768: a computed checksum of 0 goes out as all ones. */
static inline uint16_t net_checksum_finish_nozero(uint32_t sum) {
  uint16_t checksum = net_checksum_finish(sum);
  return checksum == 0 ? 0xffff : checksum;
}

#endif
