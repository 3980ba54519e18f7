/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ethernet frames (IEEE 802.3, 802.1Q). */
#ifndef NICREPLAY_NET_ETH_H
#define NICREPLAY_NET_ETH_H

#include "qemu/osdep.h"

#define ETH_ALEN 6
#define ETH_HLEN 14
#define ETH_FCS_LEN 4
#define ETH_MTU 1500
#define ETH_ZLEN 60 /* the shortest frame without FCS */
#define ETH_P_VLAN 0x8100

#define ETH_MAX_L2_HDR_LEN (ETH_HLEN + 4)

struct eth_header {
  uint8_t h_dest[ETH_ALEN];
  uint8_t h_source[ETH_ALEN];
  uint16_t h_proto;
};

struct vlan_header {
  uint16_t h_tci;
  uint16_t h_proto;
};

typedef enum {
  ETH_PKT_UCAST,
  ETH_PKT_BCAST,
  ETH_PKT_MCAST,
} eth_pkt_types_e;

static inline bool is_multicast_ether_addr(const uint8_t *address) { return (address[0] & 1) != 0; }

static inline bool is_broadcast_ether_addr(const uint8_t *address) {
  static const uint8_t all[ETH_ALEN] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  return memcmp(address, all, sizeof all) == 0;
}

static inline eth_pkt_types_e get_eth_packet_type(const struct eth_header *header) {
  if (is_broadcast_ether_addr(header->h_dest)) return ETH_PKT_BCAST;
  return is_multicast_ether_addr(header->h_dest) ? ETH_PKT_MCAST : ETH_PKT_UCAST;
}

#define PKT_GET_ETH_HDR(pointer) ((struct eth_header *)(pointer))
#define PKT_GET_VLAN_HDR(pointer) ((struct vlan_header *)((uint8_t *)(pointer) + ETH_HLEN))

#endif
