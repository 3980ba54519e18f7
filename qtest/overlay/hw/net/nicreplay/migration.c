/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Migration and snapshots: the model's state as it saves it, and what it has its host keep.  When
 * this runs the VM is stopped and nothing is put off any more (run_state_changed).  Guest memory
 * and the PCI core's part are QEMU's.
 */
/* clang-format off: QEMU wants osdep.h before everything else */
#include "qemu/osdep.h"
/* clang-format on */

#include "migration/vmstate.h"
#include "nicreplay.h"
#include "qemu/cutils.h"
#include "qemu/error-report.h"
#include "qemu/timer.h"

static int save(void *opaque) {
  NicReplayState *s = opaque;

  if (!nicreplay_enter(s)) {
    return -EBUSY;
  }
  strpadcpy((char *)s->saved_model, sizeof(s->saved_model), s->model_name, '\0');
  for (int i = 0; i < kMaxTimers; i++) {
    s->saved_deadlines[i] = s->timers[i].deadline;
  }
  s->saved_size = s->model->state_size(s->device);
  g_free(s->saved_state);
  s->saved_state = g_malloc(s->saved_size);
  s->model->save(s->device, s->saved_state);
  s->saved_link_down = s->link_down;
  nicreplay_leave(s);
  return 0;
}

static int forget_saved(void *opaque) {
  NicReplayState *s = opaque;

  g_free(s->saved_state);
  s->saved_state = NULL;
  s->saved_size = 0;
  return 0;
}

static void restore_timers(NicReplayState *s) {
  for (int i = 0; i < kMaxTimers; i++) {
    s->timers[i].deadline = s->saved_deadlines[i];
    if (s->saved_deadlines[i] == NICREPLAY_NOT_ARMED) {
      timer_del(s->timers[i].timer);
    } else {
      timer_mod(s->timers[i].timer, MIN(s->saved_deadlines[i], (uint64_t)INT64_MAX));
    }
  }
}

static int load(void *opaque, int version) {
  NicReplayState *s = opaque;

  if (strncmp((char *)s->saved_model, s->model_name, sizeof(s->saved_model)) != 0) {
    error_report("nicreplay: the state is one of model %.*s, this device is model %s",
                 (int)sizeof(s->saved_model), s->saved_model, s->model_name);
    return -EINVAL;
  }
  if (!nicreplay_enter(s)) {
    return -EBUSY;
  }
  bool loaded = s->model->load(s->device, s->saved_state, s->saved_size);
  if (loaded) {
    restore_timers(s);
    s->work_deadline = NICREPLAY_NOT_ARMED;
    s->line = PCI_DEVICE(s)->irq_state & 1;
    s->link_down = s->saved_link_down;
    qemu_get_queue(s->nic)->link_down = s->link_down;
  }
  nicreplay_leave(s);
  forget_saved(s);
  if (!loaded) {
    error_report("nicreplay: model %s with these options refuses the state", s->model_name);
    return -EINVAL;
  }
  nicreplay_net_after_call(s);
  nicreplay_shadow_update(s);
  return 0;
}

const VMStateDescription nicreplay_vmstate = {
    .name = TYPE_NICREPLAY,
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = save,
    .post_save = forget_saved,
    .post_load = load,
    .fields = (VMStateField[]){
        VMSTATE_PCI_DEVICE(parent_obj, NicReplayState),
        VMSTATE_BUFFER(saved_model, NicReplayState),
        VMSTATE_UINT64_ARRAY(saved_deadlines, NicReplayState, kMaxTimers),
        VMSTATE_UINT8(saved_link_down, NicReplayState),
        VMSTATE_UINT32(saved_size, NicReplayState),
        VMSTATE_VBUFFER_ALLOC_UINT32(saved_state, NicReplayState, 0, NULL, saved_size),
        VMSTATE_END_OF_LIST(),
    }};
