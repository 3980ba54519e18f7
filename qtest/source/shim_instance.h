/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of an instance, for the shim_*.c files. */
#ifndef NICREPLAY_QTEST_SOURCE_SHIM_INSTANCE_H
#define NICREPLAY_QTEST_SOURCE_SHIM_INSTANCE_H

#include "hw/pci/pci.h"
#include "net/net.h"
#include "qtest/source/shim.h"

struct QEMUTimer {
  struct nicreplay_instance *instance;
  QEMUTimerCB *callback;
  void *opaque;
  int64_t scale;
  uint8_t id;
  bool pending;
};

struct nicreplay_instance {
  nicreplay_environment environment;
  PCIDevice *device; /* followed by the rest of the source's state structure */
  size_t device_size;
  NICState *nic;
  QEMUTimer timers[kNicreplayMaxTimers];
  size_t timer_count;
  uint8_t config[kNicreplayConfigSize];
  uint32_t *pointer_words; /* offsets of words in `device` that hold addresses: not state */
  size_t pointer_word_count;
};

/*
 * The instance whose code runs on this thread.  QEMU's clock, timer and NIC constructors are global
 * functions, so they find their instance here.
 */
nicreplay_instance *nicreplay_current(void);
nicreplay_instance *nicreplay_enter(nicreplay_instance *instance); /* returns the previous one */
void nicreplay_leave(nicreplay_instance *previous);

#endif
