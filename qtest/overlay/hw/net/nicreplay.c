/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU device "nicreplay": hosts any NIC model of a library that exports nicreplay_library
 * (models/c_api.h of nicreplay).
 *
 *   -device nicreplay,model=e1000-stock,library=/path/libnicreplay.so,netdev=n0
 *
 * QEMU's PCI core stays the authority on configuration space; the model gets every access too, and
 * what it answers is compared.  Everything else is the model's.
 */
/* clang-format off: QEMU wants osdep.h before everything else */
#include "qemu/osdep.h"
/* clang-format on */

#include <dlfcn.h>

#if __has_include("hw/pci/pci_device.h")
#include "hw/pci/pci_device.h"
#else
#include "hw/pci/pci.h"
#endif
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "net/net.h"
#include "qapi/error.h"
#include "qemu/datadir.h"
#include "qemu/error-report.h"
#include "qemu/host-utils.h"
#include "qemu/iov.h"
#include "qemu/main-loop.h"
#include "qemu/module.h"
#include "qemu/range.h"
#include "qemu/timer.h"
#include "qemu/units.h"
#include "qom/object.h"
#if __has_include("system/system.h")
#include "system/system.h"
#else
#include "sysemu/sysemu.h"
#endif

#include "nicreplay_c_api.h" /* models/c_api.h */

#define TYPE_NICREPLAY "nicreplay"
OBJECT_DECLARE_SIMPLE_TYPE(NicReplayState, NICREPLAY)

enum { kMaxTimers = 32, kMaxPieces = 64, kBars = 6, kErrorSize = 512 };

typedef struct NicReplayTimer {
  NicReplayState *owner;
  QEMUTimer *timer;
  uint8_t id;
} NicReplayTimer;

typedef struct NicReplayBar {
  NicReplayState *owner;
  MemoryRegion region;
  uint8_t number;
} NicReplayBar;

struct NicReplayState {
  PCIDevice parent_obj;

  char *model_name;
  char *library_path;
  char *options;
  char *record_path;
  NICConf conf;

  NICState *nic;
  const nr_model *model;
  nr_device *device; /* NULL before realize and once the model is closed */
  NicReplayTimer timers[kMaxTimers];
  NicReplayBar bars[kBars];
  bool line_low_is_disable; /* a command register write is on its way to the model */
  bool config_mismatch_reported;
  unsigned calls;      /* into the model that have not returned */
  uint64_t call_time;  /* of the outermost one */
  bool flushing;       /* the model asked for frames, so it takes them during the call */
  bool frames_waiting; /* the network was told to wait because of a call */
  QLIST_ENTRY(NicReplayState) next;
};

/* Models that a process exit must close, so that their recordings are complete. */
static QLIST_HEAD(, NicReplayState) open_devices = QLIST_HEAD_INITIALIZER(open_devices);

/* ---- What a model asks of QEMU ---- */

/* A call into the model happens at one instant, however long it takes. */
static uint64_t host_now(void *opaque) {
  NicReplayState *s = opaque;

  return s->calls > 0 ? s->call_time : qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static void host_dma_read(void *opaque, uint64_t address, void *out, size_t size) {
  pci_dma_read(PCI_DEVICE(opaque), address, out, size);
}

static void host_dma_write(void *opaque, uint64_t address, const void *data, size_t size) {
  pci_dma_write(PCI_DEVICE(opaque), address, data, size);
}

static bool is_wire_frame(const nr_offload *offload) {
  return offload->flags == 0 && offload->gso_type == 0;
}

static void host_transmit(void *opaque, const nr_frame *frame) {
  NicReplayState *s = opaque;
  NetClientState *nc = qemu_get_queue(s->nic);

  if (!is_wire_frame(&frame->offload)) {
    warn_report_once("nicreplay: this device hands no offloads to its backend; frame dropped");
    return;
  }
  if (frame->piece_count == 1) {
    qemu_send_packet(nc, frame->pieces[0].data, frame->pieces[0].size);
    return;
  }
  g_autofree struct iovec *iov = g_new(struct iovec, frame->piece_count);
  for (size_t i = 0; i < frame->piece_count; i++) {
    iov[i].iov_base = (void *)frame->pieces[i].data;
    iov[i].iov_len = frame->pieces[i].size;
  }
  qemu_sendv_packet(nc, iov, frame->piece_count);
}

/*
 * The model tells the line, the PCI core keeps the pin.  They differ while the command register
 * disables INTA#: setting that bit lowers the model's line, but not the pin.
 */
static void host_set_interrupt(void *opaque, int level) {
  NicReplayState *s = opaque;

  if (level || !s->line_low_is_disable) {
    pci_set_irq(PCI_DEVICE(s), level);
  }
}

static void host_arm_timer(void *opaque, uint8_t id, uint64_t deadline_ns) {
  NicReplayState *s = opaque;

  if (id < kMaxTimers && s->timers[id].timer) {
    timer_mod(s->timers[id].timer, MIN(deadline_ns, (uint64_t)INT64_MAX));
  }
}

static void host_cancel_timer(void *opaque, uint8_t id) {
  NicReplayState *s = opaque;

  if (id < kMaxTimers && s->timers[id].timer) {
    timer_del(s->timers[id].timer);
  }
}

static void host_flush_receive(void *opaque) {
  NicReplayState *s = opaque;
  bool flushing = s->flushing;

  if (s->nic) {
    s->flushing = true;
    qemu_flush_queued_packets(qemu_get_queue(s->nic));
    s->flushing = flushing;
  }
}

static const nr_host_ops host_ops = {
    .now = host_now,
    .dma_read = host_dma_read,
    .dma_write = host_dma_write,
    .transmit = host_transmit,
    .set_interrupt = host_set_interrupt,
    .arm_timer = host_arm_timer,
    .cancel_timer = host_cancel_timer,
    .flush_receive = host_flush_receive,
};

/*
 * Some backends answer a frame while it is being sent (user networking does).  A model is not
 * entered twice, so such an answer waits in the network's queue until the call has returned.
 */
static bool is_busy(const NicReplayState *s) { return s->calls > 0 && !s->flushing; }

static void enter_model(NicReplayState *s) {
  if (s->calls++ == 0) {
    s->call_time = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
  }
}

static void leave_model(NicReplayState *s) {
  s->calls--;
  if (s->calls == 0 && s->frames_waiting) {
    s->frames_waiting = false;
    if (s->nic && s->model->can_receive(s->device)) {
      qemu_flush_queued_packets(qemu_get_queue(s->nic));
    }
  }
}

static void timer_fired(void *opaque) {
  NicReplayTimer *timer = opaque;
  NicReplayState *s = timer->owner;

  if (s->device) {
    enter_model(s);
    s->model->timer(s->device, timer->id);
    leave_model(s);
  }
}

/* ---- What the bus does to the model ---- */

static uint64_t bar_read(void *opaque, hwaddr address, unsigned size) {
  NicReplayBar *bar = opaque;
  NicReplayState *s = bar->owner;
  uint64_t value = 0;

  if (s->device) {
    enter_model(s);
    value = s->model->read(s->device, bar->number, address, size);
    leave_model(s);
  }
  return value;
}

static void bar_write(void *opaque, hwaddr address, uint64_t value, unsigned size) {
  NicReplayBar *bar = opaque;
  NicReplayState *s = bar->owner;

  if (s->device) {
    enter_model(s);
    s->model->write(s->device, bar->number, address, size, value);
    leave_model(s);
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

  if (!s->device || !is_config_access(address, size)) {
    return core;
  }
  uint32_t model = model_config_read(s, address, size);
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

static void config_write(PCIDevice *pci, uint32_t address, uint32_t value, int size) {
  NicReplayState *s = NICREPLAY(pci);
  bool was_disabled = intx_disabled(pci);

  if (!s->device || !is_config_access(address, size)) {
    pci_default_write_config(pci, address, value, size);
    return;
  }
  /* The core's pin is stale then; the model raises the line again where its own is high. */
  if (was_disabled && range_covers_byte(address, size, PCI_COMMAND)) {
    pci_set_irq(pci, 0);
  }
  pci_default_write_config(pci, address, value, size);
  s->line_low_is_disable = !was_disabled && intx_disabled(pci);
  enter_model(s);
  model_config_write(s, address, value, size);
  leave_model(s);
  s->line_low_is_disable = false;
}

static void device_reset_model(DeviceState *dev) {
  NicReplayState *s = NICREPLAY(dev);

  if (s->device) {
    enter_model(s);
    s->model->reset(s->device);
    leave_model(s);
  }
}

/* ---- What the network does to the model ---- */

static bool net_can_receive(NetClientState *nc) {
  NicReplayState *s = qemu_get_nic_opaque(nc);

  if (is_busy(s)) {
    s->frames_waiting = true;
    return false;
  }
  return s->device && s->model->can_receive(s->device);
}

static ssize_t deliver(NicReplayState *s, const nr_bytes *pieces, size_t count, size_t size) {
  nr_frame frame = {.pieces = pieces, .piece_count = count};
  nr_receive_result result = NR_KEEP;
  bool flushing = s->flushing;

  if (is_busy(s)) {
    s->frames_waiting = true;
  } else {
    s->flushing = false;
    enter_model(s);
    result = s->model->receive(s->device, &frame);
    s->calls--; /* no flush: the queue goes on by itself */
    s->flushing = flushing;
  }
  switch (result) {
    case NR_KEEP:
      return 0;
    case NR_CONSUMED:
      return MAX(size, 1); /* 0 would keep it */
    default:
      return -1;
  }
}

static ssize_t net_receive(NetClientState *nc, const uint8_t *frame, size_t size) {
  NicReplayState *s = qemu_get_nic_opaque(nc);
  nr_bytes piece = {frame, size};

  return s->device ? deliver(s, &piece, 1, size) : -1;
}

static ssize_t net_receive_iov(NetClientState *nc, const struct iovec *iov, int count) {
  NicReplayState *s = qemu_get_nic_opaque(nc);
  nr_bytes pieces[kMaxPieces];
  size_t size = iov_size(iov, count);

  if (!s->device) {
    return -1;
  }
  if (count > kMaxPieces) {
    g_autofree uint8_t *linear = g_malloc(size);
    iov_to_buf(iov, count, 0, linear, size);
    return net_receive(nc, linear, size);
  }
  for (int i = 0; i < count; i++) {
    pieces[i] = (nr_bytes){iov[i].iov_base, iov[i].iov_len};
  }
  return deliver(s, pieces, count, size);
}

static void net_link_status_changed(NetClientState *nc) {
  NicReplayState *s = qemu_get_nic_opaque(nc);

  if (s->device) {
    enter_model(s);
    s->model->set_link(s->device, !nc->link_down);
    leave_model(s);
  }
}

static NetClientInfo net_info = {
    .type = NET_CLIENT_DRIVER_NIC,
    .size = sizeof(NICState),
    .can_receive = net_can_receive,
    .receive = net_receive,
    .receive_iov = net_receive_iov,
    .link_status_changed = net_link_status_changed,
};

/* ---- Life ---- */

static const nr_library *load_library(NicReplayState *s, Error **errp) {
  const char *path = s->library_path ? s->library_path : g_getenv("NICREPLAY_LIBRARY");
  const nr_library *(*get_library)(void);

  if (!path || !*path) {
    error_setg(errp,
               "nicreplay: no library of models; set library=PATH or the environment's "
               "NICREPLAY_LIBRARY to libnicreplay.so");
    return NULL;
  }
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    error_setg(errp, "nicreplay: cannot load the library: %s", dlerror());
    return NULL;
  }
  *(void **)&get_library = dlsym(handle, "nicreplay_library");
  const nr_library *library = get_library ? get_library() : NULL;
  if (!library) {
    error_setg(errp,
               "nicreplay: %s does not export nicreplay_library; it is not a library of "
               "nicreplay's",
               path);
    return NULL;
  }
  if (library->api_version != NICREPLAY_API_VERSION) {
    error_setg(errp,
               "nicreplay: %s speaks version %" PRIu32
               " of the interface, this QEMU "
               "version %d; build both from the same nicreplay",
               path, library->api_version, NICREPLAY_API_VERSION);
    return NULL;
  }
  return library;
}

static const nr_model *find_model(NicReplayState *s, const nr_library *library, Error **errp) {
  g_autoptr(GString) known = g_string_new(NULL);

  for (size_t i = 0; i < library->model_count; i++) {
    if (s->model_name && !strcmp(library->models[i]->name, s->model_name)) {
      return library->models[i];
    }
    g_string_append_printf(known, "%s%s", i ? ", " : "", library->models[i]->name);
  }
  error_setg(errp, "nicreplay: %s%s; set model= to one of: %s",
             s->model_name ? "no model " : "no model is named", s->model_name ? s->model_name : "",
             known->str);
  return NULL;
}

/* What the core will make of romfile=, so that the model's ROM BAR is of the same size. */
static uint32_t rom_bar_size(PCIDevice *pci) {
  if (!pci->romfile || !*pci->romfile || !pci->rom_bar) {
    return 0;
  }
  if (pci->romsize != UINT32_MAX) {
    return pci->romsize;
  }
  g_autofree char *path = qemu_find_file(QEMU_FILE_TYPE_BIOS, pci->romfile);
  struct stat file;
  if (stat(path ? path : pci->romfile, &file) != 0 || file.st_size > 2 * GiB) {
    return 0; /* the core reports what is wrong */
  }
  return file.st_size > 0 ? pow2ceil(file.st_size) : 0;
}

static char *model_options(NicReplayState *s, Error **errp) {
  const uint8_t *mac = s->conf.macaddr.a;
  uint32_t rom_size = rom_bar_size(PCI_DEVICE(s));
  g_autoptr(GString) text = g_string_new(s->options);

  g_string_append_printf(text, "%smac=%02x:%02x:%02x:%02x:%02x:%02x", text->len ? "," : "", mac[0],
                         mac[1], mac[2], mac[3], mac[4], mac[5]);
  if (rom_size) {
    g_string_append_printf(text, ",rom_size=%" PRIu32, rom_size);
  }
  if (s->record_path && *s->record_path) {
    if (strchr(s->record_path, ',')) {
      error_setg(errp, "nicreplay: record=%s: the path must not contain a comma", s->record_path);
      return NULL;
    }
    g_string_append_printf(text, ",record=%s", s->record_path);
  }
  return g_strdup(text->str);
}

static bool check_info(NicReplayState *s, const nr_info *info, Error **errp) {
  if (info->timer_count > kMaxTimers) {
    error_setg(errp, "nicreplay: model %s has %zu timers, this device serves %d", s->model_name,
               info->timer_count, kMaxTimers);
    return false;
  }
  for (int i = 0; i < kBars; i++) {
    const nr_bar *bar = &info->bars[i];
    uint32_t smallest = bar->kind == NR_BAR_IO ? 4 : 16;
    if (bar->kind != NR_BAR_NONE && (!is_power_of_2(bar->size) || bar->size < smallest)) {
      error_setg(errp, "nicreplay: model %s: BAR %d of 0x%" PRIx32 " bytes is impossible",
                 s->model_name, i, bar->size);
      return false;
    }
  }
  return true;
}

static void close_model(NicReplayState *s) {
  nr_device *device = s->device;

  if (!device) {
    return;
  }
  QLIST_REMOVE(s, next);
  s->device = NULL;
  s->model->destroy(device);
}

static void close_all_models(void) {
  NicReplayState *s, *following;

  QLIST_FOREACH_SAFE(s, &open_devices, next, following) { close_model(s); }
}

static void make_timers(NicReplayState *s) {
  for (int i = 0; i < kMaxTimers; i++) {
    s->timers[i].owner = s;
    s->timers[i].id = i;
    s->timers[i].timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, timer_fired, &s->timers[i]);
  }
}

static void free_timers(NicReplayState *s) {
  for (int i = 0; i < kMaxTimers; i++) {
    timer_free(s->timers[i].timer);
    s->timers[i].timer = NULL;
  }
}

/*
 * Handlers run in reverse order, so one that is registered after the library was loaded runs before
 * the library's own destructors.
 */
static bool create_model(NicReplayState *s, Error **errp) {
  static bool exit_handler_registered;
  char reason[kErrorSize] = "no reason given";
  const nr_library *library = load_library(s, errp);

  s->model = library ? find_model(s, library, errp) : NULL;
  if (!s->model) {
    return false;
  }
  g_autofree char *options = model_options(s, errp);
  if (!options) {
    return false;
  }
  if (!exit_handler_registered) {
    atexit(close_all_models);
    exit_handler_registered = true;
  }
  s->device = s->model->create(s->model, options, &host_ops, s, reason, sizeof(reason));
  if (!s->device) {
    error_setg(errp, "nicreplay: model %s: %s", s->model_name, reason);
    return false;
  }
  QLIST_INSERT_HEAD(&open_devices, s, next);
  return check_info(s, s->model->info(s->device), errp);
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

static void register_bars(NicReplayState *s, const nr_info *info) {
  for (int i = 0; i < kBars; i++) {
    NicReplayBar *bar = &s->bars[i];
    if (info->bars[i].kind == NR_BAR_NONE) {
      continue;
    }
    bar->owner = s;
    bar->number = i;
    memory_region_init_io(&bar->region, OBJECT(s), &bar_ops, bar, "nicreplay", info->bars[i].size);
    pci_register_bar(
        PCI_DEVICE(s), i,
        info->bars[i].kind == NR_BAR_IO ? PCI_BASE_ADDRESS_SPACE_IO : PCI_BASE_ADDRESS_SPACE_MEMORY,
        &bar->region);
  }
}

static void realize(PCIDevice *pci, Error **errp) {
  NicReplayState *s = NICREPLAY(pci);
  DeviceState *dev = DEVICE(pci);

  qemu_macaddr_default_if_unset(&s->conf.macaddr);
  make_timers(s);
  if (!create_model(s, errp)) {
    close_model(s);
    free_timers(s);
    return;
  }
  const nr_info *info = s->model->info(s->device);
  present_identity(pci, info);
  register_bars(s, info);
  s->nic = qemu_new_nic(&net_info, &s->conf, s->model_name, dev->id, &dev->mem_reentrancy_guard, s);
  qemu_format_nic_info_str(qemu_get_queue(s->nic), s->conf.macaddr.a);
}

static void unrealize(PCIDevice *pci) {
  NicReplayState *s = NICREPLAY(pci);

  close_model(s);
  free_timers(s);
  qemu_del_nic(s->nic);
  s->nic = NULL;
}

static const VMStateDescription vmstate_nicreplay = {
    .name = TYPE_NICREPLAY,
    .unmigratable = 1,
};

#ifdef DEFINE_PROP_END_OF_LIST
typedef Property ClassProperty;
#else /* 10.0 on wants the table constant and without an end */
typedef const Property ClassProperty;
#endif

static ClassProperty properties[] = {
    DEFINE_NIC_PROPERTIES(NicReplayState, conf),
    DEFINE_PROP_STRING("model", NicReplayState, model_name),
    DEFINE_PROP_STRING("library", NicReplayState, library_path),
    DEFINE_PROP_STRING("options", NicReplayState, options),
    DEFINE_PROP_STRING("record", NicReplayState, record_path),
#ifdef DEFINE_PROP_END_OF_LIST
    DEFINE_PROP_END_OF_LIST(),
#endif
};

#if QEMU_VERSION_MAJOR > 10 || (QEMU_VERSION_MAJOR == 10 && QEMU_VERSION_MINOR >= 1)
typedef const void ClassData;
#else
typedef void ClassData;
#endif

static void class_init(ObjectClass *class, ClassData *data) {
  DeviceClass *dc = DEVICE_CLASS(class);
  PCIDeviceClass *pc = PCI_DEVICE_CLASS(class);

  pc->realize = realize;
  pc->exit = unrealize;
  dc->desc = "NIC model of a nicreplay library";
  dc->vmsd = &vmstate_nicreplay;
#if QEMU_VERSION_MAJOR > 9 || (QEMU_VERSION_MAJOR == 9 && QEMU_VERSION_MINOR >= 2)
  device_class_set_legacy_reset(dc, device_reset_model);
#else
  dc->reset = device_reset_model;
#endif
  device_class_set_props(dc, properties);
  set_bit(DEVICE_CATEGORY_NETWORK, dc->categories);
}

static void instance_init(Object *object) {
  NicReplayState *s = NICREPLAY(object);

  device_add_bootindex_property(object, &s->conf.bootindex, "bootindex", "/ethernet-phy@0",
                                DEVICE(object));
}

static const TypeInfo nicreplay_info = {
    .name = TYPE_NICREPLAY,
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(NicReplayState),
    .instance_init = instance_init,
    .class_init = class_init,
    .interfaces = (InterfaceInfo[]){{INTERFACE_CONVENTIONAL_PCI_DEVICE}, {}},
};

static void register_types(void) { type_register_static(&nicreplay_info); }

type_init(register_types)
