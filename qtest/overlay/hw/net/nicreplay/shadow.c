/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers that a polling core watches: while the model shadows them, its pages lie over BAR 0 as
 * RAM, and the guest's accesses cause no exit.  Changing that costs a rebuild of the memory map, so
 * it happens only when the model switches.  The pages are not migrated: the model's state has what
 * counts.
 */
/* clang-format off: QEMU wants osdep.h before everything else */
#include "qemu/osdep.h"
/* clang-format on */

#include "nicreplay.h"

static void map_pages(NicReplayState *s, bool mapped) {
  if (mapped == s->shadow_mapped) {
    return;
  }
  s->shadow_mapped = mapped;
  memory_region_transaction_begin();
  for (size_t i = 0; i < s->shadow_count; i++) {
    memory_region_set_enabled(&s->shadow_regions[i], mapped);
  }
  memory_region_transaction_commit();
}

void nicreplay_shadow_update(NicReplayState *s) {
  if (s->shadow_count == 0 || !nicreplay_enter(s)) {
    return;
  }
  bool active = s->model->shadow_active(s->device);
  nicreplay_leave(s);
  map_pages(s, active);
}

static void update_in_main_loop(void *opaque) { nicreplay_shadow_update(opaque); }

static void request_update(NicReplayState *s) {
  bool active = s->model->shadow_active(s->device);

  if (active != s->shadow_requested) {
    s->shadow_requested = active;
    qemu_bh_schedule(s->shadow_bh);
  }
}

void nicreplay_shadow_poll(NicReplayState *s) {
  if (s->shadow_count) {
    s->counters.polls++;
    s->model->poll(s->device);
    request_update(s);
  }
}

bool nicreplay_shadow_init(NicReplayState *s, Error **errp) {
  if (s->model->shadow_pages && s->model->shadow_active) {
    s->shadow_count = s->model->shadow_pages(s->device, &s->shadow_pages);
  }
  if (s->shadow_count == 0) {
    return true;
  }
  if (s->shadow_count > kMaxShadowPages) {
    error_setg(errp, "nicreplay: model %s shadows %zu pages, this device serves %d", s->model_name,
               s->shadow_count, kMaxShadowPages);
    s->shadow_count = 0;
    return false;
  }
  if (!s->use_worker) {
    error_setg(errp,
               "nicreplay: model %s shadows registers, which somebody must poll; set worker=on",
               s->model_name);
    s->shadow_count = 0;
    return false;
  }
  s->shadow_bh = qemu_bh_new(update_in_main_loop, s);
  for (size_t i = 0; i < s->shadow_count; i++) {
    MemoryRegion *region = &s->shadow_regions[i];
    memory_region_init_ram_ptr(region, OBJECT(s), "nicreplay-shadow", 4096,
                               s->shadow_pages[i].words);
    memory_region_set_enabled(region, false);
    memory_region_add_subregion_overlap(&s->bars[0].region, s->shadow_pages[i].offset, region, 1);
  }
  return true;
}

void nicreplay_shadow_finalize(NicReplayState *s) {
  if (s->shadow_count == 0) {
    return;
  }
  qemu_bh_delete(s->shadow_bh);
  for (size_t i = 0; i < s->shadow_count; i++) {
    memory_region_del_subregion(&s->bars[0].region, &s->shadow_regions[i]);
    object_unparent(OBJECT(&s->shadow_regions[i]));
  }
  s->shadow_count = 0;
}
