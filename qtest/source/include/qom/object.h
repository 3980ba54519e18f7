/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's object model, as far as one device type with an abstract parent needs it. */
#ifndef NICREPLAY_QOM_OBJECT_H
#define NICREPLAY_QOM_OBJECT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct TypeInfo TypeInfo;

typedef struct ObjectClass {
  const TypeInfo *type;
} ObjectClass;

typedef struct Object {
  ObjectClass *class;
} Object;

typedef struct InterfaceInfo {
  const char *type;
} InterfaceInfo;

/*
 * Without prototypes where QEMU's versions disagree whether class data is const: a function with
 * either prototype is compatible.
 */
struct TypeInfo {
  const char *name;
  const char *parent;
  size_t instance_size;
  size_t instance_align;
  void (*instance_init)(Object *object);
  void (*instance_post_init)(Object *object);
  void (*instance_finalize)(Object *object);
  bool abstract;
  size_t class_size;
  void (*class_init)();
  void (*class_base_init)();
  const void *class_data;
  const InterfaceInfo *interfaces;
};

/* Both copy what they are given. */
void type_register(const TypeInfo *info);
void type_register_static(const TypeInfo *info);

const char *object_get_typename(const Object *object);
static inline ObjectClass *object_get_class(Object *object) { return object->class; }

#define OBJECT(pointer) ((Object *)(pointer))
#define OBJECT_CLASS(pointer) ((ObjectClass *)(pointer))

/* One device type: a cast needs no check. */
#define DECLARE_INSTANCE_CHECKER(instance, name, type_name) \
  static inline instance *name(const void *object) { return (instance *)object; }
#define DECLARE_CLASS_CHECKERS(class_type, name, type_name)                                 \
  static inline class_type *name##_CLASS(const void *class) { return (class_type *)class; } \
  static inline class_type *name##_GET_CLASS(const void *object) {                          \
    return (class_type *)((const Object *)object)->class;                                   \
  }
#define DECLARE_OBJ_CHECKERS(instance, class_type, name, type_name) \
  DECLARE_INSTANCE_CHECKER(instance, name, type_name)               \
  DECLARE_CLASS_CHECKERS(class_type, name, type_name)
#define OBJECT_DECLARE_SIMPLE_TYPE(instance, name) \
  typedef struct instance instance;                \
  DECLARE_INSTANCE_CHECKER(instance, name, TYPE_##name)
#define OBJECT_DECLARE_TYPE(instance, class_type, name) \
  typedef struct instance instance;                     \
  typedef struct class_type class_type;                 \
  DECLARE_OBJ_CHECKERS(instance, class_type, name, TYPE_##name)

#endif
