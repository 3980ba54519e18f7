/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Migration descriptions, which compile to nothing: a model's state is saved as a whole.  The
 * hooks stay referenced, so that they do not count as unused.
 */
#ifndef NICREPLAY_MIGRATION_VMSTATE_H
#define NICREPLAY_MIGRATION_VMSTATE_H

#include <stdbool.h>

typedef struct VMStateField {
  bool (*exists)(void *opaque, int version_id);
} VMStateField;

typedef struct VMStateDescription VMStateDescription;
struct VMStateDescription {
  const char *name;
  bool unmigratable;
  int version_id;
  int minimum_version_id;
  int (*pre_load)(void *opaque);
  int (*post_load)(void *opaque, int version_id);
  int (*pre_save)(void *opaque);
  int (*post_save)(void *opaque);
  bool (*needed)(void *opaque);
  const VMStateField *fields;
  const VMStateDescription *const *subsections;
};

#define VMSTATE_END_OF_LIST() \
  { 0 }
#define VMSTATE_UNUSED_TEST(test, size) \
  { .exists = (test) }
#define VMSTATE_UNUSED(...) \
  { 0 }
#define VMSTATE_PCI_DEVICE(...) \
  { 0 }
#define VMSTATE_BOOL(...) \
  { 0 }
#define VMSTATE_INT8(...) \
  { 0 }
#define VMSTATE_INT16(...) \
  { 0 }
#define VMSTATE_INT32(...) \
  { 0 }
#define VMSTATE_INT64(...) \
  { 0 }
#define VMSTATE_UINT8(...) \
  { 0 }
#define VMSTATE_UINT16(...) \
  { 0 }
#define VMSTATE_UINT32(...) \
  { 0 }
#define VMSTATE_UINT64(...) \
  { 0 }
#define VMSTATE_BUFFER(...) \
  { 0 }
#define VMSTATE_UINT8_ARRAY(...) \
  { 0 }
#define VMSTATE_UINT16_ARRAY(...) \
  { 0 }
#define VMSTATE_UINT32_ARRAY(...) \
  { 0 }
#define VMSTATE_UINT64_ARRAY(...) \
  { 0 }
#define VMSTATE_UINT32_SUB_ARRAY(...) \
  { 0 }
#define VMSTATE_TIMER_PTR(...) \
  { 0 }
#define VMSTATE_BOOL_V(...) \
  { 0 }
#define VMSTATE_UINT32_V(...) \
  { 0 }

#endif
