/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI functions: identity, configuration space, BARs, DMA as a bus master, INTA#. */
#ifndef NICREPLAY_HW_PCI_PCI_H
#define NICREPLAY_HW_PCI_PCI_H

#include "exec/memory.h"
#include "hw/qdev-core.h"
#include "qemu/osdep.h"
#include "qemu/timer.h"

#define TYPE_PCI_DEVICE "pci-device"
#define INTERFACE_CONVENTIONAL_PCI_DEVICE "conventional-pci-device"

#define PCI_VENDOR_ID_INTEL 0x8086
#define PCI_CLASS_NETWORK_ETHERNET 0x0200

/* PCI Local Bus Specification 3.0, chapter 6 */
#define PCI_COMMAND 0x04
#define PCI_COMMAND_MASTER 0x4
#define PCI_CACHE_LINE_SIZE 0x0c
#define PCI_INTERRUPT_PIN 0x3d
#define PCI_BASE_ADDRESS_SPACE_MEMORY 0x00
#define PCI_BASE_ADDRESS_SPACE_IO 0x01

#define NICREPLAY_BARS 6

typedef uint32_t MemTxResult;
#define MEMTX_OK 0

struct nicreplay_instance;

typedef struct PCIDevice PCIDevice;
struct PCIDevice {
  DeviceState qdev;
  uint8_t *config;
  void (*config_write)(PCIDevice *device, uint32_t address, uint32_t value, int size);
  MemoryRegion *bars[NICREPLAY_BARS];
  uint8_t bar_types[NICREPLAY_BARS];
  struct nicreplay_instance *instance;
};

typedef struct PCIDeviceClass {
  DeviceClass parent_class;
  void (*realize)(PCIDevice *device, Error **error);
  void (*exit)(PCIDevice *device);
  uint16_t vendor_id;
  uint16_t device_id;
  uint8_t revision;
  uint16_t class_id;
  const char *romfile;
} PCIDeviceClass;

static inline PCIDevice *PCI_DEVICE(const void *object) { return (PCIDevice *)object; }
static inline PCIDeviceClass *PCI_DEVICE_CLASS(const void *class) {
  return (PCIDeviceClass *)class;
}
static inline PCIDeviceClass *PCI_DEVICE_GET_CLASS(const void *object) {
  return (PCIDeviceClass *)((const Object *)object)->class;
}

void pci_register_bar(PCIDevice *device, int number, uint8_t type, MemoryRegion *region);
void pci_default_write_config(PCIDevice *device, uint32_t address, uint32_t value, int size);
void pci_set_irq(PCIDevice *device, int level);

/* With bus mastering off, reads give zeros and writes vanish. */
MemTxResult pci_dma_read(PCIDevice *device, dma_addr_t address, void *buffer, dma_addr_t size);
MemTxResult pci_dma_write(PCIDevice *device, dma_addr_t address, const void *buffer,
                          dma_addr_t size);

#endif
