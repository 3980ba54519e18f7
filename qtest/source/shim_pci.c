/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PCI function: realize, BARs and their access sizes, configuration writes, DMA, INTA#. */
#include "qtest/source/shim_instance.h"

void pci_register_bar(PCIDevice *device, int number, uint8_t type, MemoryRegion *region) {
  assert(number >= 0 && number < NICREPLAY_BARS);
  device->bars[number] = region;
  device->bar_types[number] = type;
}

nr_bar nicreplay_bar(const nicreplay_instance *instance, int number) {
  const MemoryRegion *region = instance->device->bars[number];
  nr_bar bar = {NR_BAR_NONE, 0};
  if (region == NULL) return bar;
  bar.kind = (instance->device->bar_types[number] & PCI_BASE_ADDRESS_SPACE_IO) != 0
                 ? NR_BAR_IO
                 : NR_BAR_MEMORY32;
  bar.size = (uint32_t)region->size;
  return bar;
}

nicreplay_identity nicreplay_identify(const nicreplay_instance *instance) {
  const PCIDeviceClass *class = PCI_DEVICE_GET_CLASS(instance->device);
  nicreplay_identity identity = {class->vendor_id, class->device_id, class->revision,
                                 class->class_id};
  return identity;
}

uint8_t *nicreplay_config(nicreplay_instance *instance) { return instance->config; }

static bool is_address_of_ours(const nicreplay_instance *instance, uintptr_t value) {
  uintptr_t device = (uintptr_t)instance->device;
  uintptr_t timers = (uintptr_t)instance->timers;
  if (value >= device && value < device + instance->device_size) return true;
  if (value >= timers && value < timers + sizeof instance->timers) return true;
  if (value == (uintptr_t)instance->nic) return true;
  for (int i = 0; i < NICREPLAY_BARS; i++) {
    const MemoryRegion *region = instance->device->bars[i];
    if (region != NULL && value == (uintptr_t)region->ops) return true;
  }
  return false;
}

/* Right after realize, a word that looks like an address of the instance's is one. */
static bool find_pointer_words(nicreplay_instance *instance) {
  instance->pointer_words = calloc(instance->device_size / sizeof(uintptr_t), sizeof(uint32_t));
  if (instance->pointer_words == NULL) return false;
  const size_t last = instance->device_size - sizeof(uintptr_t);
  for (size_t offset = sizeof(PCIDevice); offset <= last; offset += sizeof(uintptr_t)) {
    uintptr_t value;
    memcpy(&value, (char *)instance->device + offset, sizeof value);
    if (value != 0 && is_address_of_ours(instance, value)) {
      instance->pointer_words[instance->pointer_word_count++] = (uint32_t)offset;
    }
  }
  return true;
}

int nicreplay_realize(nicreplay_instance *instance) {
  nicreplay_instance *previous = nicreplay_enter(instance);
  Error *error = NULL;
  PCI_DEVICE_GET_CLASS(instance->device)->realize(instance->device, &error);
  nicreplay_leave(previous);
  return error == NULL && instance->nic != NULL && find_pointer_words(instance);
}

static const MemoryRegion *accessed_region(const nicreplay_instance *instance, uint8_t bar,
                                           uint32_t offset, uint8_t size) {
  const MemoryRegion *region = bar < NICREPLAY_BARS ? instance->device->bars[bar] : NULL;
  if (region == NULL || offset >= region->size || size > region->size - offset) return NULL;
  if ((size != 1 && size != 2 && size != 4 && size != 8) || offset % size != 0) return NULL;
  unsigned largest = region->ops->valid.max_access_size;
  if (largest != 0 && (size > largest || size < region->ops->valid.min_access_size)) return NULL;
  return region;
}

/* The bus splits what is wider than the device implements, and widens what is narrower. */
static unsigned implemented_size(const MemoryRegionOps *ops, unsigned size) {
  unsigned smallest = ops->impl.min_access_size == 0 ? 1 : ops->impl.min_access_size;
  unsigned largest = ops->impl.max_access_size == 0 ? 4 : ops->impl.max_access_size;
  return MAX(MIN(size, largest), smallest);
}

static uint64_t low_bytes(uint64_t value, unsigned size) {
  return size >= 8 ? value : value & ((UINT64_C(1) << (size * 8)) - 1);
}

uint64_t nicreplay_read(nicreplay_instance *instance, uint8_t bar, uint32_t offset, uint8_t size) {
  const MemoryRegion *region = accessed_region(instance, bar, offset, size);
  if (region == NULL || region->ops->read == NULL) return 0;
  nicreplay_instance *previous = nicreplay_enter(instance);
  unsigned step = implemented_size(region->ops, size);
  uint64_t value = 0;
  for (unsigned i = 0; i < size; i += step) {
    value |= low_bytes(region->ops->read(region->opaque, offset + i, step), step) << (i * 8);
  }
  nicreplay_leave(previous);
  return low_bytes(value, size);
}

void nicreplay_write(nicreplay_instance *instance, uint8_t bar, uint32_t offset, uint8_t size,
                     uint64_t value) {
  const MemoryRegion *region = accessed_region(instance, bar, offset, size);
  if (region == NULL || region->ops->write == NULL) return;
  nicreplay_instance *previous = nicreplay_enter(instance);
  unsigned step = implemented_size(region->ops, size);
  value = low_bytes(value, size);
  for (unsigned i = 0; i < size; i += step) {
    region->ops->write(region->opaque, offset + i, low_bytes(value >> (i * 8), step), step);
  }
  nicreplay_leave(previous);
}

void pci_default_write_config(PCIDevice *device, uint32_t address, uint32_t value, int size) {
  const nicreplay_environment *environment = &device->instance->environment;
  environment->config_write(environment->pci, address, value, size);
}

void nicreplay_config_write(nicreplay_instance *instance, uint8_t offset, uint8_t size,
                            uint32_t value) {
  nicreplay_instance *previous = nicreplay_enter(instance);
  if (instance->device->config_write != NULL) {
    instance->device->config_write(instance->device, offset, value, size);
  } else {
    pci_default_write_config(instance->device, offset, value, size);
  }
  nicreplay_leave(previous);
}

void pci_set_irq(PCIDevice *device, int level) {
  const nicreplay_environment *environment = &device->instance->environment;
  environment->set_pin(environment->pci, level != 0);
}

static bool is_bus_master(const PCIDevice *device) {
  return (device->config[PCI_COMMAND] & PCI_COMMAND_MASTER) != 0;
}

MemTxResult pci_dma_read(PCIDevice *device, dma_addr_t address, void *buffer, dma_addr_t size) {
  const nicreplay_environment *environment = &device->instance->environment;
  if (is_bus_master(device)) {
    environment->host_ops->dma_read(environment->host, address, buffer, size);
  } else {
    memset(buffer, 0, size);
  }
  return MEMTX_OK;
}

MemTxResult pci_dma_write(PCIDevice *device, dma_addr_t address, const void *buffer,
                          dma_addr_t size) {
  const nicreplay_environment *environment = &device->instance->environment;
  if (is_bus_master(device)) {
    environment->host_ops->dma_write(environment->host, address, buffer, size);
  }
  return MEMTX_OK;
}
