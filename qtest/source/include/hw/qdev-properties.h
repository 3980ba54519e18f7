/* SPDX-License-Identifier: GPL-2.0-or-later */
/* User-settable properties: a table of where they are stored. */
#ifndef NICREPLAY_HW_QDEV_PROPERTIES_H
#define NICREPLAY_HW_QDEV_PROPERTIES_H

#include "hw/qdev-core.h"

enum nicreplay_property_kind {
  NICREPLAY_PROPERTY_NONE,
  NICREPLAY_PROPERTY_BIT,
  NICREPLAY_PROPERTY_MAC
};

struct Property {
  const char *name;
  enum nicreplay_property_kind kind;
  size_t offset; /* in the instance */
  int bit;       /* of the uint32_t there */
  bool preset;
};

#define DEFINE_PROP_BIT(property, state, field, number, value)                            \
  {                                                                                       \
    .name = (property), .kind = NICREPLAY_PROPERTY_BIT, .offset = offsetof(state, field), \
    .bit = (number), .preset = (value)                                                    \
  }
#define DEFINE_NIC_PROPERTIES(state, field) \
  { .name = "mac", .kind = NICREPLAY_PROPERTY_MAC, .offset = offsetof(state, field.macaddr) }
#define DEFINE_PROP_END_OF_LIST() \
  { 0 }

static inline void device_add_bootindex_property(Object *object, int32_t *bootindex,
                                                 const char *name, const char *suffix,
                                                 DeviceState *device) {}

#endif
