/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtual clock and the device's timers; the host of the model keeps the time. */
#ifndef NICREPLAY_QEMU_TIMER_H
#define NICREPLAY_QEMU_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "qemu/host-utils.h"

#define SCALE_NS INT64_C(1)
#define SCALE_US INT64_C(1000)
#define SCALE_MS INT64_C(1000000)
#define NANOSECONDS_PER_SECOND INT64_C(1000000000)

typedef enum { QEMU_CLOCK_REALTIME, QEMU_CLOCK_VIRTUAL, QEMU_CLOCK_HOST } QEMUClockType;

typedef struct QEMUTimer QEMUTimer;
typedef void QEMUTimerCB(void *opaque);

QEMUTimer *nicreplay_timer_new(int64_t scale, QEMUTimerCB *callback, void *opaque);
#define timer_new_ns(clock, callback, opaque) nicreplay_timer_new(SCALE_NS, callback, opaque)
#define timer_new_us(clock, callback, opaque) nicreplay_timer_new(SCALE_US, callback, opaque)
#define timer_new_ms(clock, callback, opaque) nicreplay_timer_new(SCALE_MS, callback, opaque)

void timer_mod(QEMUTimer *timer, int64_t expire_time); /* in units of the timer's scale */
void timer_del(QEMUTimer *timer);
void timer_free(QEMUTimer *timer);
bool timer_pending(QEMUTimer *timer);

int64_t qemu_clock_get_ns(QEMUClockType clock);
static inline int64_t qemu_clock_get_us(QEMUClockType clock) {
  return qemu_clock_get_ns(clock) / SCALE_US;
}
static inline int64_t qemu_clock_get_ms(QEMUClockType clock) {
  return qemu_clock_get_ns(clock) / SCALE_MS;
}

#endif
