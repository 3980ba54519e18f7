/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One instance of a QEMU PCI NIC without QEMU around it: what the model (C++, qemu_e1000.cc) may do
 * with what the QEMU source file believes to be QEMU (C, shim_*.c).
 *
 * Not covered, because no driver can see it through the device boundary: migration descriptions,
 * write coalescing, the monitor, trace events, and the guard against a device that reaches its own
 * registers by DMA (the host of the model answers such DMA like that of unmapped memory).
 */
#ifndef NICREPLAY_QTEST_SOURCE_SHIM_H
#define NICREPLAY_QTEST_SOURCE_SHIM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "models/c_api.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nicreplay_instance nicreplay_instance;

typedef struct nicreplay_environment {
  const nr_host_ops *host_ops;
  void *host;
  /* The PCI core, which is the model's: */
  void (*config_write)(void *pci, uint32_t address, uint32_t value, int size);
  void (*set_pin)(void *pci, int level);
  void *pci;
} nicreplay_environment;

typedef struct nicreplay_identity {
  uint16_t vendor_id;
  uint16_t device_id;
  uint8_t revision;
  uint16_t class_id;
} nicreplay_identity;

enum { kNicreplayConfigSize = 256, kNicreplayMaxTimers = 8 };

/* NULL: the source has no such device type, or no memory. */
nicreplay_instance *nicreplay_new(const char *type, const nicreplay_environment *environment);
void nicreplay_delete(nicreplay_instance *instance);

/* Properties, before realize.  0: the source has no such property. */
int nicreplay_set_bit(nicreplay_instance *instance, const char *name, int on);
int nicreplay_set_mac(nicreplay_instance *instance, const uint8_t mac[6]);

/* 0: the device refused. */
int nicreplay_realize(nicreplay_instance *instance);

nicreplay_identity nicreplay_identify(const nicreplay_instance *instance);
nr_bar nicreplay_bar(const nicreplay_instance *instance, int number);
size_t nicreplay_timer_count(const nicreplay_instance *instance);
/* The configuration bytes that the source reads; the model keeps them current. */
uint8_t *nicreplay_config(nicreplay_instance *instance);

uint64_t nicreplay_read(nicreplay_instance *instance, uint8_t bar, uint32_t offset, uint8_t size);
void nicreplay_write(nicreplay_instance *instance, uint8_t bar, uint32_t offset, uint8_t size,
                     uint64_t value);
void nicreplay_config_write(nicreplay_instance *instance, uint8_t offset, uint8_t size,
                            uint32_t value);
int nicreplay_can_receive(nicreplay_instance *instance);
/* As NetClientInfo::receive_iov answers: negative dropped, 0 keep, else consumed. */
ssize_t nicreplay_receive(nicreplay_instance *instance, const struct iovec *iov, int count);
void nicreplay_set_link(nicreplay_instance *instance, int up);
void nicreplay_timer(nicreplay_instance *instance, uint8_t id);
void nicreplay_reset(nicreplay_instance *instance);

/* Everything but the configuration space.  `state` is exactly nicreplay_state_size() bytes. */
size_t nicreplay_state_size(const nicreplay_instance *instance);
void nicreplay_save(const nicreplay_instance *instance, uint8_t *state);
void nicreplay_load(nicreplay_instance *instance, const uint8_t *state);

#ifdef __cplusplus
}
#endif
#endif
