/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network layer around the NIC.  Queueing of frames from outside is the host's (its network
 * port); here is what the NIC's own frames meet on their way, loopback included.
 */
#include "net/checksum.h"
#include "net/eth.h"
#include "net/net.h"
#include "qemu/iov.h"
#include "qtest/source/shim_instance.h"

NICState *nicreplay_new_nic(NetClientInfo *info, NICConf *conf, void *opaque) {
  NICState *nic = calloc(1, sizeof *nic);
  if (nic == NULL) return NULL;
  nic->ncs = &nic->client;
  nic->conf = conf;
  nic->opaque = opaque;
  nic->client.info = info;
  nic->client.instance = nicreplay_current();
  nicreplay_current()->nic = nic;
  return nic;
}

void qemu_del_nic(NICState *nic) {
  if (nic == NULL) return;
  nic->client.instance->nic = NULL;
  free(nic);
}

void *qemu_get_nic_opaque(NetClientState *client) { return client->instance->nic->opaque; }

/* The first address that QEMU hands out. */
void qemu_macaddr_default_if_unset(MACAddr *address) {
  static const MACAddr unset;
  static const MACAddr first = {{0x52, 0x54, 0x00, 0x12, 0x34, 0x56}};
  if (memcmp(address, &unset, sizeof unset) == 0) *address = first;
}

ssize_t qemu_send_packet(NetClientState *client, const uint8_t *frame, int size) {
  const nicreplay_environment *environment = &client->instance->environment;
  if (client->link_down) return size;
  nr_bytes piece = {frame, (size_t)size};
  nr_frame out = {.pieces = &piece, .piece_count = 1};
  environment->host_ops->transmit(environment->host, &out);
  return size;
}

static bool can_receive(NetClientState *client) {
  return client->info->can_receive == NULL || client->info->can_receive(client);
}

static ssize_t deliver(NetClientState *client, const struct iovec *iov, int count) {
  if (client->link_down) return (ssize_t)MAX(iov_size(iov, (unsigned)count), (size_t)1);
  client->delivering = 1;
  ssize_t result;
  if (client->info->receive_iov != NULL) {
    result = client->info->receive_iov(client, iov, count);
  } else {
    result = client->info->receive(client, iov[0].iov_base, iov[0].iov_len);
  }
  client->delivering = 0;
  if (result == 0) client->receive_disabled = 1;
  return result;
}

/* Loopback: never queued, lost where it cannot be received at once. */
ssize_t qemu_receive_packet(NetClientState *client, const uint8_t *frame, int size) {
  uint8_t padded[ETH_ZLEN] = {0};
  struct iovec iov = {(void *)frame, (size_t)size};
  if (client->receive_disabled || !can_receive(client)) return 0;
  if (iov.iov_len < sizeof padded) {
    memcpy(padded, frame, iov.iov_len);
    iov.iov_base = padded;
    iov.iov_len = sizeof padded;
  }
  if (client->delivering) return 0;
  return deliver(client, &iov, 1);
}

void qemu_flush_queued_packets(NetClientState *client) {
  const nicreplay_environment *environment = &client->instance->environment;
  client->receive_disabled = 0;
  if (!client->delivering) environment->host_ops->flush_receive(environment->host);
}

int nicreplay_can_receive(nicreplay_instance *instance) {
  nicreplay_instance *previous = nicreplay_enter(instance);
  bool ready = can_receive(&instance->nic->client);
  nicreplay_leave(previous);
  return ready;
}

ssize_t nicreplay_receive(nicreplay_instance *instance, const struct iovec *iov, int count) {
  nicreplay_instance *previous = nicreplay_enter(instance);
  ssize_t result = deliver(&instance->nic->client, iov, count);
  nicreplay_leave(previous);
  return result;
}

void nicreplay_set_link(nicreplay_instance *instance, int up) {
  nicreplay_instance *previous = nicreplay_enter(instance);
  NetClientState *client = &instance->nic->client;
  client->link_down = !up;
  if (client->info->link_status_changed != NULL) client->info->link_status_changed(client);
  nicreplay_leave(previous);
}

uint32_t net_checksum_add(int length, uint8_t *buffer) {
  uint32_t sum = 0;
  int i = 0;
  for (; i + 1 < length; i += 2) sum += (uint32_t)lduw_be_p(buffer + i);
  if (i < length) sum += (uint32_t)buffer[i] << 8;
  return sum;
}

size_t iov_size(const struct iovec *iov, unsigned int count) {
  size_t total = 0;
  for (unsigned int i = 0; i < count; i++) total += iov[i].iov_len;
  return total;
}

enum copy_direction { kGather, kScatter };

static size_t iov_copy_bytes(const struct iovec *iov, unsigned int count, size_t offset,
                             uint8_t *buffer, size_t bytes, enum copy_direction direction) {
  size_t done = 0;
  for (unsigned int i = 0; i < count && done < bytes; i++) {
    if (offset >= iov[i].iov_len) {
      offset -= iov[i].iov_len;
      continue;
    }
    uint8_t *piece = (uint8_t *)iov[i].iov_base + offset;
    size_t part = MIN(iov[i].iov_len - offset, bytes - done);
    if (direction == kGather) {
      memcpy(buffer + done, piece, part);
    } else {
      memcpy(piece, buffer + done, part);
    }
    done += part;
    offset = 0;
  }
  return done;
}

size_t iov_to_buf(const struct iovec *iov, unsigned int count, size_t offset, void *buffer,
                  size_t bytes) {
  return iov_copy_bytes(iov, count, offset, buffer, bytes, kGather);
}

size_t iov_from_buf(const struct iovec *iov, unsigned int count, size_t offset, const void *buffer,
                    size_t bytes) {
  return iov_copy_bytes(iov, count, offset, (uint8_t *)buffer, bytes, kScatter);
}
