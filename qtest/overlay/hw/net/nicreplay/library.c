/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which model a device is: the library, its options, its life. */
/* clang-format off: QEMU wants osdep.h before everything else */
#include "qemu/osdep.h"
/* clang-format on */

#include <dlfcn.h>

#include "nicreplay.h"
#include "qemu/datadir.h"
#include "qemu/host-utils.h"
#include "qemu/units.h"

enum { kErrorSize = 512 };

/* Models that a process exit must close, so that their recordings are complete. */
static QLIST_HEAD(, NicReplayState) open_devices = QLIST_HEAD_INITIALIZER(open_devices);

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

static bool has_comma(const char *property, const char *value, Error **errp) {
  if (!strchr(value, ',')) {
    return false;
  }
  error_setg(errp, "nicreplay: %s=%s: it must not contain a comma", property, value);
  return true;
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
  if (s->opt && *s->opt) {
    if (has_comma("opt", s->opt, errp)) {
      return NULL;
    }
    g_string_append_printf(text, ",opt=%s", s->opt);
  }
  if (s->record_path && *s->record_path) {
    if (has_comma("record", s->record_path, errp)) {
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

void nicreplay_close_model(NicReplayState *s) {
  qemu_mutex_lock(&s->lock);
  nr_device *device = s->device;
  s->device = NULL;
  if (device) {
    QLIST_REMOVE(s, next);
    s->model->destroy(device);
  }
  qemu_mutex_unlock(&s->lock);
}

static void close_all_models(void) {
  NicReplayState *s, *following;

  QLIST_FOREACH_SAFE(s, &open_devices, next, following) { nicreplay_close_model(s); }
}

/*
 * Handlers run in reverse order, so one that is registered after the library was loaded runs before
 * the library's own destructors.
 */
bool nicreplay_open_model(NicReplayState *s, Error **errp) {
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
  s->device = s->model->create(s->model, options, &nicreplay_host_ops, s, reason, sizeof(reason));
  if (!s->device) {
    error_setg(errp, "nicreplay: model %s: %s", s->model_name, reason);
    return false;
  }
  QLIST_INSERT_HEAD(&open_devices, s, next);
  return check_info(s, s->model->info(s->device), errp);
}
