/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices: the base class between an object and a PCI function. */
#ifndef NICREPLAY_HW_QDEV_CORE_H
#define NICREPLAY_HW_QDEV_CORE_H

#include "exec/memory.h"
#include "qemu/bitops.h"
#include "qemu/osdep.h"
#include "qom/object.h"

#define DEVICE_CATEGORY_NETWORK 3

typedef struct Property Property;
typedef struct VMStateDescription VMStateDescription;

typedef struct MemReentrancyGuard {
  bool engaged_in_io;
} MemReentrancyGuard;

typedef struct DeviceState {
  Object parent_obj;
  char *id;
  MemReentrancyGuard mem_reentrancy_guard;
} DeviceState;

typedef void (*DeviceReset)(DeviceState *device);

typedef enum ResetType { RESET_TYPE_COLD } ResetType;

/* Without prototypes where QEMU's versions disagree about the arguments. */
typedef struct ResettablePhases {
  void (*enter)(Object *object, ResetType type);
  void (*hold)();
  void (*exit)();
} ResettablePhases;

typedef struct ResettableClass {
  ResettablePhases phases;
} ResettableClass;

typedef struct DeviceClass {
  ObjectClass parent_class;
  ResettableClass resettable;
  unsigned long categories[1];
  const char *desc;
  DeviceReset reset;
  const VMStateDescription *vmsd;
  const Property *properties;
  size_t property_count;
} DeviceClass;

static inline void device_class_set_legacy_reset(DeviceClass *class, DeviceReset reset) {
  class->reset = reset;
}

#define RESETTABLE_CLASS(class) (&((DeviceClass *)(class))->resettable)

/* A macro, because newer trees do not end the table with a mark. */
#define device_class_set_props(class, table) \
  ((class)->properties = (table), (class)->property_count = ARRAY_SIZE(table))

static inline DeviceState *DEVICE(const void *object) { return (DeviceState *)object; }
static inline DeviceClass *DEVICE_CLASS(const void *class) { return (DeviceClass *)class; }
static inline DeviceClass *DEVICE_GET_CLASS(const void *object) {
  return (DeviceClass *)((const Object *)object)->class;
}

#endif
