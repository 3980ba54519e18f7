/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A NIC's side of the network: frames out, frames in, link. */
#ifndef NICREPLAY_NET_NET_H
#define NICREPLAY_NET_NET_H

#include "hw/qdev-core.h"
#include "qemu/osdep.h"

typedef enum { NET_CLIENT_DRIVER_NONE, NET_CLIENT_DRIVER_NIC } NetClientDriver;

typedef struct NetClientState NetClientState;
typedef struct NICState NICState;

typedef struct MACAddr {
  uint8_t a[6];
} MACAddr;

typedef struct NICPeers {
  NetClientState *ncs[1];
  int queues;
} NICPeers;

typedef struct NICConf {
  MACAddr macaddr;
  NICPeers peers;
  int32_t bootindex;
} NICConf;

typedef struct NetClientInfo {
  NetClientDriver type;
  size_t size;
  ssize_t (*receive)(NetClientState *client, const uint8_t *frame, size_t size);
  ssize_t (*receive_iov)(NetClientState *client, const struct iovec *iov, int count);
  bool (*can_receive)(NetClientState *client);
  void (*link_status_changed)(NetClientState *client);
} NetClientInfo;

struct NetClientState {
  NetClientInfo *info;
  int link_down;
  NetClientState *peer;
  char info_str[256];
  unsigned receive_disabled : 1; /* a frame was kept, and nothing flushed since */
  unsigned delivering : 1;
  unsigned do_not_pad : 1;
  struct nicreplay_instance *instance;
};

struct NICState {
  NetClientState *ncs;
  NICConf *conf;
  void *opaque;
  NetClientState client;
};

NICState *nicreplay_new_nic(NetClientInfo *info, NICConf *conf, void *opaque);
/* The guard between model and opaque is newer than some trees. */
#define qemu_new_nic(info, conf, model, ...) \
  nicreplay_new_nic(info, conf, NICREPLAY_LAST_OF(__VA_ARGS__))
#define NICREPLAY_LAST_OF(...) \
  NICREPLAY_LAST_OF_(__VA_ARGS__, NICREPLAY_THIRD, NICREPLAY_SECOND)(__VA_ARGS__)
#define NICREPLAY_LAST_OF_(a, b, c, pick, ...) pick
#define NICREPLAY_SECOND(id, opaque) (opaque)
#define NICREPLAY_THIRD(id, guard, opaque) (opaque)

void qemu_del_nic(NICState *nic);
static inline NetClientState *qemu_get_queue(NICState *nic) { return nic->ncs; }
void *qemu_get_nic_opaque(NetClientState *client);
void qemu_macaddr_default_if_unset(MACAddr *address);

/* The line of `info network`; a model has no monitor. */
static inline void qemu_format_nic_info_str(NetClientState *client, uint8_t address[6]) {}

ssize_t qemu_send_packet(NetClientState *client, const uint8_t *frame, int size);
ssize_t qemu_receive_packet(NetClientState *client, const uint8_t *frame, int size);
void qemu_flush_queued_packets(NetClientState *client);

/* Only trace events use it. */
#define MAC_ARG(address) (address)

#endif
