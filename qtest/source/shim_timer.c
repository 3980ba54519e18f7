/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Timers and the virtual clock. */
#include "qtest/source/shim_instance.h"

/* Timers get their number in the order in which the source creates them. */
QEMUTimer *nicreplay_timer_new(int64_t scale, QEMUTimerCB *callback, void *opaque) {
  nicreplay_instance *instance = nicreplay_current();
  assert(instance->timer_count < kNicreplayMaxTimers);
  QEMUTimer *timer = &instance->timers[instance->timer_count];
  timer->instance = instance;
  timer->callback = callback;
  timer->opaque = opaque;
  timer->scale = scale;
  timer->id = (uint8_t)instance->timer_count++;
  return timer;
}

size_t nicreplay_timer_count(const nicreplay_instance *instance) { return instance->timer_count; }

void timer_mod(QEMUTimer *timer, int64_t expire_time) {
  const nicreplay_environment *environment = &timer->instance->environment;
  uint64_t deadline = (uint64_t)expire_time * (uint64_t)timer->scale;
  timer->pending = true;
  environment->host_ops->arm_timer(environment->host, timer->id, deadline);
}

void timer_del(QEMUTimer *timer) {
  const nicreplay_environment *environment = &timer->instance->environment;
  if (!timer->pending) return;
  timer->pending = false;
  environment->host_ops->cancel_timer(environment->host, timer->id);
}

void timer_free(QEMUTimer *timer) {
  if (timer != NULL) timer_del(timer);
}

bool timer_pending(QEMUTimer *timer) { return timer->pending; }

int64_t qemu_clock_get_ns(QEMUClockType clock) {
  const nicreplay_environment *environment = &nicreplay_current()->environment;
  (void)clock; /* a device has the virtual one */
  return (int64_t)environment->host_ops->now(environment->host);
}

void nicreplay_timer(nicreplay_instance *instance, uint8_t id) {
  if (id >= instance->timer_count) return;
  nicreplay_instance *previous = nicreplay_enter(instance);
  QEMUTimer *timer = &instance->timers[id];
  timer->pending = false;
  timer->callback(timer->opaque);
  nicreplay_leave(previous);
}
