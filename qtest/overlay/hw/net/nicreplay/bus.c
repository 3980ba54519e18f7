/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the bus does to the model.  QEMU's PCI core stays the authority on the header of
 * configuration space; the model gets every access too, and what it answers is compared.  What
 * follows the header (capabilities) is the model's.
 */
/* clang-format off: QEMU wants osdep.h before everything else */
#include "qemu/osdep.h"
/* clang-format on */

#include "nicreplay.h"
#include "qemu/bitops.h"
#include "qemu/error-report.h"
#include "qemu/range.h"

static void after_call(NicReplayState *s) {
  nicreplay_net_after_call(s);
  nicreplay_shadow_update(s);
}

static uint64_t bar_read(void *opaque, hwaddr address, unsigned size) {
  NicReplayBar *bar = opaque;
  NicReplayState *s = bar->owner;
  uint64_t value = 0;

  if (nicreplay_enter(s)) {
    s->counters.register_reads++;
    value = s->model->read(s->device, bar->number, address, size);
    nicreplay_leave(s);
    after_call(s);
  }
  return value;
}

/*
 * A register may turn bus mastering on: one of virtio's legacy interface does, for drivers that
 * forget to.  The core lets DMA through or not, so it follows.
 */
static void follow_bus_master(NicReplayState *s) {
  PCIDevice *pci = PCI_DEVICE(s);
  uint32_t command = pci_get_word(pci->config + PCI_COMMAND);

  if (!(command & PCI_COMMAND_MASTER) &&
      (s->model->config_read(s->device, PCI_COMMAND, 2) & PCI_COMMAND_MASTER)) {
    pci_default_write_config(pci, PCI_COMMAND, command | PCI_COMMAND_MASTER, 2);
  }
}

static void bar_write(void *opaque, hwaddr address, uint64_t value, unsigned size) {
  NicReplayBar *bar = opaque;
  NicReplayState *s = bar->owner;

  if (nicreplay_enter(s)) {
    s->counters.register_writes++;
    s->model->write(s->device, bar->number, address, size, value);
    follow_bus_master(s);
    if (s->shadow_count) {
      nicreplay_worker_kick(s); /* the poll that makes the model shadow its registers */
    }
    nicreplay_leave(s);
    after_call(s);
  }
}

/* Every size arrives as the guest used it; which ones mean what is the model's business. */
static const MemoryRegionOps bar_ops = {
    .read = bar_read,
    .write = bar_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 1, .max_access_size = 8},
    .impl = {.min_access_size = 1, .max_access_size = 8},
};

static bool is_config_access(uint32_t address, int size) {
  return address + size <= PCI_CONFIG_SPACE_SIZE && size <= 4;
}

/* What is not aligned goes to the model byte by byte. */
static int config_step(uint32_t address, int size) {
  bool whole = (size == 1 || size == 2 || size == 4) && address % size == 0;
  return whole ? size : 1;
}

static uint32_t model_config_read(NicReplayState *s, uint32_t address, int size) {
  int step = config_step(address, size);
  uint32_t value = 0;

  for (int i = 0; i < size; i += step) {
    value |= s->model->config_read(s->device, address + i, step) << (8 * i);
  }
  return value;
}

static void model_config_write(NicReplayState *s, uint32_t address, uint32_t value, int size) {
  int step = config_step(address, size);

  for (int i = 0; i < size; i += step) {
    s->model->config_write(s->device, address + i, step, extract32(value, 8 * i, 8 * step));
  }
}

static void report_config_mismatch(NicReplayState *s, uint32_t address, int size, uint32_t core,
                                   uint32_t model) {
  if (s->config_mismatch_reported) {
    return;
  }
  s->config_mismatch_reported = true;
  warn_report(
      "nicreplay: configuration space 0x%02x, %d bytes: QEMU has 0x%0*x, model %s has "
      "0x%0*x; the guest gets QEMU's (reported once)",
      address, size, 2 * size, core, s->model_name, 2 * size, model);
}

/*
 * While INTA# is disabled, only the model knows its pin, so the status bit that shows the pin is
 * the model's.
 */
static uint32_t config_read(PCIDevice *pci, uint32_t address, int size) {
  NicReplayState *s = NICREPLAY(pci);
  uint32_t core = pci_default_read_config(pci, address, size);
  uint32_t pin_mask = 0;

  if (!is_config_access(address, size) || !nicreplay_enter(s)) {
    return core;
  }
  uint32_t model = model_config_read(s, address, size);
  nicreplay_leave(s);
  after_call(s);
  if (address >= PCI_STD_HEADER_SIZEOF) {
    return model;
  }
  if (range_covers_byte(address, size, PCI_STATUS)) {
    pin_mask = PCI_STATUS_INTERRUPT << (8 * (PCI_STATUS - address));
  }
  core = (core & ~pin_mask) | (model & pin_mask);
  if (core != model) {
    report_config_mismatch(s, address, size, core, model);
  }
  return core;
}

static bool intx_disabled(PCIDevice *pci) {
  return pci_get_word(pci->config + PCI_COMMAND) & PCI_COMMAND_INTX_DISABLE;
}

/* What was put off may need memory, which the core is about to take away. */
static void finish_work(NicReplayState *s) {
  if (nicreplay_enter(s)) {
    nicreplay_run_work(s);
    nicreplay_leave(s);
    after_call(s);
  }
}

static void config_write(PCIDevice *pci, uint32_t address, uint32_t value, int size) {
  NicReplayState *s = NICREPLAY(pci);
  bool was_disabled = intx_disabled(pci);

  if (nicreplay_is_inside(s)) {
    return; /* a device does not reach itself by its own DMA */
  }
  /* The core's pin is stale then; the model raises the line again where its own is high. */
  bool stale = was_disabled && range_covers_byte(address, size, PCI_COMMAND);
  if (range_covers_byte(address, size, PCI_COMMAND)) {
    finish_work(s);
  }
  if (stale) {
    pci_set_irq(pci, 0);
  }
  pci_default_write_config(pci, address, value, size);
  if (!is_config_access(address, size) || !nicreplay_enter(s)) {
    return;
  }
  s->line &= !stale;
  s->line_low_is_disable = !was_disabled && intx_disabled(pci);
  model_config_write(s, address, value, size);
  s->line_low_is_disable = false;
  nicreplay_leave(s);
  after_call(s);
}

void nicreplay_reset(DeviceState *dev) {
  NicReplayState *s = NICREPLAY(dev);

  if (nicreplay_enter(s)) {
    s->model->reset(s->device);
    nicreplay_leave(s);
    after_call(s);
  }
}

/* Read-only, so asking before the first access changes nothing. */
static void present_capabilities(NicReplayState *s) {
  uint8_t *config = PCI_DEVICE(s)->config;
  uint32_t status = s->model->config_read(s->device, PCI_STATUS, 2);

  pci_set_word(config + PCI_SUBSYSTEM_VENDOR_ID,
               s->model->config_read(s->device, PCI_SUBSYSTEM_VENDOR_ID, 2));
  pci_set_word(config + PCI_SUBSYSTEM_ID, s->model->config_read(s->device, PCI_SUBSYSTEM_ID, 2));
  if (status & PCI_STATUS_CAP_LIST) {
    pci_set_word(config + PCI_STATUS, pci_get_word(config + PCI_STATUS) | PCI_STATUS_CAP_LIST);
    config[PCI_CAPABILITY_LIST] = s->model->config_read(s->device, PCI_CAPABILITY_LIST, 1);
  }
}

static void present_identity(PCIDevice *pci, const nr_info *info) {
  pci_config_set_vendor_id(pci->config, info->vendor_id);
  pci_config_set_device_id(pci->config, info->device_id);
  pci_config_set_revision(pci->config, info->revision);
  pci_config_set_class(pci->config, info->class_code >> 8);
  pci_config_set_prog_interface(pci->config, info->class_code);
  pci_config_set_interrupt_pin(pci->config, 1);
  pci->config_read = config_read;
  pci->config_write = config_write;
}

static uint8_t bar_type(nr_bar_kind kind) {
  switch (kind) {
    case NR_BAR_IO:
      return PCI_BASE_ADDRESS_SPACE_IO;
    case NR_BAR_MEMORY64:
      return PCI_BASE_ADDRESS_SPACE_MEMORY | PCI_BASE_ADDRESS_MEM_PREFETCH |
             PCI_BASE_ADDRESS_MEM_TYPE_64;
    default:
      return PCI_BASE_ADDRESS_SPACE_MEMORY;
  }
}

static void register_bars(NicReplayState *s, const nr_info *info) {
  for (int i = 0; i < kBars; i++) {
    NicReplayBar *bar = &s->bars[i];
    if (info->bars[i].kind == NR_BAR_NONE) {
      continue;
    }
    bar->owner = s;
    bar->number = i;
    memory_region_init_io(&bar->region, OBJECT(s), &bar_ops, bar, "nicreplay", info->bars[i].size);
    pci_register_bar(PCI_DEVICE(s), i, bar_type(info->bars[i].kind), &bar->region);
  }
}

void nicreplay_present(NicReplayState *s) {
  const nr_info *info = s->model->info(s->device);

  present_identity(PCI_DEVICE(s), info);
  present_capabilities(s);
  register_bars(s, info);
}
