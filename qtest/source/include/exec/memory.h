/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Register windows: what the bus calls, and which access sizes the device implements. */
#ifndef NICREPLAY_EXEC_MEMORY_H
#define NICREPLAY_EXEC_MEMORY_H

#include "qemu/osdep.h"
#include "qom/object.h"

enum device_endian { DEVICE_NATIVE_ENDIAN, DEVICE_BIG_ENDIAN, DEVICE_LITTLE_ENDIAN };

typedef struct MemoryRegionOps {
  uint64_t (*read)(void *opaque, hwaddr address, unsigned size);
  void (*write)(void *opaque, hwaddr address, uint64_t value, unsigned size);
  enum device_endian endianness;
  struct {
    unsigned min_access_size;
    unsigned max_access_size;
    bool unaligned;
  } valid, impl;
} MemoryRegionOps;

typedef struct MemoryRegion {
  const MemoryRegionOps *ops;
  void *opaque;
  uint64_t size;
} MemoryRegion;

static inline void memory_region_init_io(MemoryRegion *region, Object *owner,
                                         const MemoryRegionOps *ops, void *opaque, const char *name,
                                         uint64_t size) {
  region->ops = ops;
  region->opaque = opaque;
  region->size = size;
}

/* Coalescing is KVM's: a write that waits in a ring until something else traps. */
static inline void memory_region_add_coalescing(MemoryRegion *region, hwaddr offset,
                                                uint64_t size) {}

#endif
