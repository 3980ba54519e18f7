/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls of the model, and what it asks of QEMU while they run. */
/* clang-format off: QEMU wants osdep.h before everything else */
#include "qemu/osdep.h"
/* clang-format on */

#include "nicreplay.h"
#include "qemu/rcu.h"
#include "qemu/timer.h"

/* Work that is due within this time is done as soon as somebody can; otherwise its purpose is the
 * delay (interrupt moderation), and it is done at its deadline. */
static const uint64_t kSoonNanoseconds = 100 * SCALE_US;

/* A model that asks for more work while it works, always at once, does not keep everybody out. */
enum { kMaxCatchUps = 64 };

/* Its address tells one thread from another. */
static __thread char this_thread;

bool nicreplay_is_inside(const NicReplayState *s) {
  return qatomic_read(&s->inside) == &this_thread;
}

/*
 * The deadline of work that was put off is one in the model's time.  A host that is starved gets to
 * it late; then it is done before anything else happens, and at its deadline as far as the model
 * can tell, so nobody finds it undone after that.
 */
static void catch_up(NicReplayState *s) {
  uint64_t now = s->call_time;

  for (int i = 0; i < kMaxCatchUps && s->work_deadline < now && !s->paused; i++) {
    s->counters.works_late++;
    s->call_time = s->work_deadline;
    nicreplay_run_work(s);
  }
  s->call_time = now;
}

bool nicreplay_enter(NicReplayState *s) {
  if (nicreplay_is_inside(s)) {
    return false;
  }
  qemu_mutex_lock(&s->lock);
  if (!s->device) {
    qemu_mutex_unlock(&s->lock);
    return false;
  }
  qatomic_set(&s->inside, &this_thread);
  rcu_read_lock();
  s->call_time = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
  nicreplay_dma_refresh(s);
  catch_up(s);
  return true;
}

void nicreplay_leave(NicReplayState *s) {
  /* A driver that negotiates offloads does so by register writes. */
  if (s->model->receive_offloads && bql_locked()) {
    s->receive_offloads = s->model->receive_offloads(s->device);
  }
  rcu_read_unlock();
  qatomic_set(&s->inside, NULL);
  qemu_mutex_unlock(&s->lock);
}

/* A call into the model happens at one instant, however long it takes. */
static uint64_t host_now(void *opaque) {
  NicReplayState *s = opaque;

  return nicreplay_is_inside(s) ? s->call_time : qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static void host_transmit(void *opaque, const nr_frame *frame) {
  NicReplayState *s = opaque;

  s->counters.frames_out++;
  for (size_t i = 0; i < frame->piece_count; i++) {
    s->counters.bytes_out += frame->pieces[i].size;
  }
  if (s->worker) {
    nicreplay_worker_transmit(s, frame);
  } else {
    nicreplay_net_transmit(s, frame);
  }
}

static uint8_t host_transmit_offloads(void *opaque) {
  NicReplayState *s = opaque;

  return s->send_offloads;
}

/* ---- The interrupt line ---- */

/*
 * The model tells the line, the PCI core keeps the pin.  They differ while the command register
 * disables INTA#: setting that bit lowers the model's line, but not the pin.
 */
static void host_set_interrupt(void *opaque, int level) {
  NicReplayState *s = opaque;

  if (!level && s->line_low_is_disable) {
    return;
  }
  s->counters.interrupts += level && !s->line;
  s->line = level;
  if (bql_locked()) {
    pci_set_irq(PCI_DEVICE(s), level);
  } else {
    s->line_untold = true;
  }
}

/* What other threads told the core meanwhile was the line at that time; this is it now. */
void nicreplay_update_line(NicReplayState *s) {
  qemu_mutex_lock(&s->lock);
  bool level = s->line;
  s->line_untold = false;
  qemu_mutex_unlock(&s->lock);
  /* Whoever changes the line from now on either has the BQL, or will ask for another update. */
  pci_set_irq(PCI_DEVICE(s), level);
}

/* ---- Timers ---- */

static void host_arm_timer(void *opaque, uint8_t id, uint64_t deadline_ns) {
  NicReplayState *s = opaque;

  if (id < kMaxTimers && s->timers[id].timer) {
    s->timers[id].deadline = MIN(deadline_ns, (uint64_t)INT64_MAX);
    timer_mod(s->timers[id].timer, s->timers[id].deadline);
  }
}

static void host_cancel_timer(void *opaque, uint8_t id) {
  NicReplayState *s = opaque;

  if (id < kMaxTimers && s->timers[id].timer) {
    s->timers[id].deadline = NICREPLAY_NOT_ARMED;
    timer_del(s->timers[id].timer);
  }
}

/* With the worker, a timer may be cancelled or moved after it fired and before it gets here. */
static void timer_fired(void *opaque) {
  NicReplayTimer *timer = opaque;
  NicReplayState *s = timer->owner;

  if (!nicreplay_enter(s)) {
    return;
  }
  if (timer->deadline <= s->call_time) {
    timer->deadline = NICREPLAY_NOT_ARMED;
    s->model->timer(s->device, timer->id);
  }
  nicreplay_leave(s);
  nicreplay_net_after_call(s);
}

/* ---- Work that the model put off ---- */

void nicreplay_run_work(NicReplayState *s) {
  if (s->work_deadline != NICREPLAY_NOT_ARMED) {
    s->work_deadline = NICREPLAY_NOT_ARMED;
    s->counters.works++;
    s->model->work(s->device);
  }
}

bool nicreplay_work_is_due(const NicReplayState *s) {
  return s->work_deadline != NICREPLAY_NOT_ARMED &&
         s->work_deadline <= s->call_time + kSoonNanoseconds;
}

static void work_due(void *opaque) {
  NicReplayState *s = opaque;

  if (!nicreplay_enter(s)) {
    return;
  }
  if (!s->paused) {
    nicreplay_run_work(s);
  }
  nicreplay_leave(s);
  nicreplay_net_after_call(s);
}

static void schedule_work(NicReplayState *s) {
  if (s->worker) {
    nicreplay_worker_kick(s);
  } else if (nicreplay_work_is_due(s)) {
    qemu_bh_schedule(s->work_bh);
  } else {
    timer_mod(s->work_timer, MIN(s->work_deadline, (uint64_t)INT64_MAX));
  }
}

static void host_request_work(void *opaque, uint64_t deadline_ns) {
  NicReplayState *s = opaque;

  if (deadline_ns < s->work_deadline) {
    s->work_deadline = deadline_ns;
    schedule_work(s);
  }
}

static void host_cancel_work(void *opaque) {
  NicReplayState *s = opaque;

  s->work_deadline = NICREPLAY_NOT_ARMED;
  if (!s->worker) {
    qemu_bh_cancel(s->work_bh);
    timer_del(s->work_timer);
  }
}

/*
 * A VM that stops may be saved next: what the guest wrote to shadowed registers is taken up, and
 * what was put off is done, while guest memory may still change; afterwards nothing runs by itself.
 */
static void run_state_changed(void *opaque, bool running, RunState state) {
  NicReplayState *s = opaque;

  if (!nicreplay_enter(s)) {
    return;
  }
  s->paused = !running;
  if (!running) {
    nicreplay_shadow_poll(s);
    nicreplay_run_work(s);
  }
  nicreplay_leave(s);
  nicreplay_update_line(s);
  if (s->worker && running) {
    nicreplay_worker_kick(s);
  }
}

/* ---- Frames from the network ---- */

static void host_flush_receive(void *opaque) {
  NicReplayState *s = opaque;

  if (s->worker) {
    nicreplay_worker_kick(s);
  } else if (s->nic && s->frames_waiting) {
    nicreplay_net_flush(s);
  }
}

const nr_host_ops nicreplay_host_ops = {
    .now = host_now,
    .dma_read = nicreplay_dma_read,
    .dma_write = nicreplay_dma_write,
    .transmit = host_transmit,
    .set_interrupt = host_set_interrupt,
    .arm_timer = host_arm_timer,
    .cancel_timer = host_cancel_timer,
    .flush_receive = host_flush_receive,
    .map_read = nicreplay_map_read,
    .transmit_offloads = host_transmit_offloads,
    .request_work = host_request_work,
    .cancel_work = host_cancel_work,
};

/* ---- Life ---- */

void nicreplay_start_timers(NicReplayState *s) {
  for (int i = 0; i < kMaxTimers; i++) {
    s->timers[i].owner = s;
    s->timers[i].id = i;
    s->timers[i].deadline = NICREPLAY_NOT_ARMED;
    s->timers[i].timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, timer_fired, &s->timers[i]);
  }
  s->work_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, work_due, s);
  s->work_bh = qemu_bh_new_guarded(work_due, s, &DEVICE(s)->mem_reentrancy_guard);
  s->run_state = qemu_add_vm_change_state_handler(run_state_changed, s);
}

void nicreplay_stop_timers(NicReplayState *s) {
  qemu_del_vm_change_state_handler(s->run_state);
  for (int i = 0; i < kMaxTimers; i++) {
    timer_free(s->timers[i].timer);
    s->timers[i].timer = NULL;
  }
  timer_free(s->work_timer);
  qemu_bh_delete(s->work_bh);
}

void nicreplay_model_init(NicReplayState *s) {
  qemu_mutex_init(&s->lock);
  s->work_deadline = NICREPLAY_NOT_ARMED;
}

void nicreplay_model_finalize(NicReplayState *s) { qemu_mutex_destroy(&s->lock); }
