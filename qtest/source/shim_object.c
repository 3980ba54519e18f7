/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Types and their classes, life of an instance, properties. */
#include <pthread.h>

#include "hw/qdev-properties.h"
#include "qemu/module.h"
#include "qtest/source/shim_instance.h"

enum { kMaxTypes = 16 };

static struct registered_type {
  TypeInfo info;
  ObjectClass *class;
} types[kMaxTypes];
static size_t type_count;

void type_register(const TypeInfo *info) {
  assert(type_count < kMaxTypes);
  types[type_count++].info = *info;
}

void type_register_static(const TypeInfo *info) { type_register(info); }

const char *object_get_typename(const Object *object) { return object->class->type->name; }

static struct registered_type *find_type(const char *name) {
  for (size_t i = 0; i < type_count; i++) {
    if (strcmp(types[i].info.name, name) == 0) return &types[i];
  }
  return NULL;
}

static const TypeInfo *parent_of(const TypeInfo *info) {
  struct registered_type *parent = info->parent == NULL ? NULL : find_type(info->parent);
  return parent == NULL ? NULL : &parent->info;
}

static size_t inherited_size(const TypeInfo *info, size_t smallest, size_t member) {
  for (; info != NULL; info = parent_of(info)) {
    size_t own = *(const size_t *)((const char *)info + member);
    if (own > smallest) smallest = own;
  }
  return smallest;
}

static void init_class(ObjectClass *class, const TypeInfo *info) {
  if (info == NULL) return;
  init_class(class, parent_of(info));
  if (info->class_init != NULL) {
    ((void (*)(ObjectClass *, void *))info->class_init)(class, (void *)info->class_data);
  }
}

static void init_instance(Object *object, const TypeInfo *info) {
  if (info == NULL) return;
  init_instance(object, parent_of(info));
  if (info->instance_init != NULL) info->instance_init(object);
}

static void make_classes(void) {
  nicreplay_register_types();
  for (size_t i = 0; i < type_count; i++) {
    size_t size =
        inherited_size(&types[i].info, sizeof(PCIDeviceClass), offsetof(TypeInfo, class_size));
    ObjectClass *class = calloc(1, size);
    if (class == NULL) abort();
    class->type = &types[i].info;
    if (!types[i].info.abstract) init_class(class, &types[i].info);
    types[i].class = class;
  }
}

static _Thread_local nicreplay_instance *current __attribute__((tls_model("initial-exec")));

nicreplay_instance *nicreplay_current(void) { return current; }

nicreplay_instance *nicreplay_enter(nicreplay_instance *instance) {
  nicreplay_instance *previous = current;
  current = instance;
  return previous;
}

void nicreplay_leave(nicreplay_instance *previous) { current = previous; }

static uint32_t *property_word(nicreplay_instance *instance, const Property *property) {
  return (uint32_t *)((char *)instance->device + property->offset);
}

static void apply_bit(nicreplay_instance *instance, const Property *property, bool on) {
  uint32_t mask = UINT32_C(1) << property->bit;
  uint32_t *word = property_word(instance, property);
  *word = on ? *word | mask : *word & ~mask;
}

static const Property *find_property(const nicreplay_instance *instance,
                                     enum nicreplay_property_kind kind, const char *name) {
  const DeviceClass *class = DEVICE_GET_CLASS(instance->device);
  for (size_t i = 0; i < class->property_count; i++) {
    const Property *property = &class->properties[i];
    if (property->kind == kind && strcmp(property->name, name) == 0) return property;
  }
  return NULL;
}

static void preset_properties(nicreplay_instance *instance) {
  const DeviceClass *class = DEVICE_GET_CLASS(instance->device);
  for (size_t i = 0; i < class->property_count; i++) {
    const Property *property = &class->properties[i];
    if (property->kind == NICREPLAY_PROPERTY_BIT) apply_bit(instance, property, property->preset);
  }
}

nicreplay_instance *nicreplay_new(const char *type_name, const nicreplay_environment *environment) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, make_classes);
  const struct registered_type *type = find_type(type_name);
  if (type == NULL || type->info.abstract) return NULL;

  nicreplay_instance *instance = calloc(1, sizeof *instance);
  if (instance == NULL) return NULL;
  instance->device_size =
      inherited_size(&type->info, sizeof(PCIDevice), offsetof(TypeInfo, instance_size));
  instance->device = calloc(1, instance->device_size);
  if (instance->device == NULL) {
    free(instance);
    return NULL;
  }
  instance->environment = *environment;
  instance->device->instance = instance;
  instance->device->config = instance->config;
  OBJECT(instance->device)->class = type->class;

  nicreplay_instance *previous = nicreplay_enter(instance);
  preset_properties(instance);
  init_instance(OBJECT(instance->device), &type->info);
  nicreplay_leave(previous);
  return instance;
}

int nicreplay_set_bit(nicreplay_instance *instance, const char *name, int on) {
  const Property *property = find_property(instance, NICREPLAY_PROPERTY_BIT, name);
  if (property == NULL) return 0;
  apply_bit(instance, property, on != 0);
  return 1;
}

int nicreplay_set_mac(nicreplay_instance *instance, const uint8_t mac[6]) {
  const Property *property = find_property(instance, NICREPLAY_PROPERTY_MAC, "mac");
  if (property == NULL) return 0;
  memcpy(property_word(instance, property), mac, sizeof(MACAddr));
  return 1;
}

void nicreplay_reset(nicreplay_instance *instance) {
  nicreplay_instance *previous = nicreplay_enter(instance);
  const DeviceClass *class = DEVICE_GET_CLASS(instance->device);
  const ResettablePhases *phases = &class->resettable.phases;
  if (phases->enter != NULL) phases->enter(OBJECT(instance->device), RESET_TYPE_COLD);
  if (phases->hold != NULL) {
    ((void (*)(Object *, ResetType))phases->hold)(OBJECT(instance->device), RESET_TYPE_COLD);
  }
  if (phases->exit != NULL) {
    ((void (*)(Object *, ResetType))phases->exit)(OBJECT(instance->device), RESET_TYPE_COLD);
  }
  if (class->reset != NULL) class->reset(DEVICE(instance->device));
  nicreplay_leave(previous);
}

void nicreplay_delete(nicreplay_instance *instance) {
  nicreplay_instance *previous = nicreplay_enter(instance);
  const PCIDeviceClass *class = PCI_DEVICE_GET_CLASS(instance->device);
  /* Only a realized device has what exit takes down. */
  if (class->exit != NULL && instance->nic != NULL) class->exit(instance->device);
  nicreplay_leave(previous);
  free(instance->pointer_words);
  free(instance->device);
  free(instance);
}
