/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A thread that works the rings without the BQL: it reads and writes the TAP itself, does the work
 * that the model put off, and polls the registers that the model shadows.  A guest that rings a
 * doorbell goes on at once, and while frames are copied through the kernel's TAP nobody holds a
 * lock that a vCPU could want.
 *
 * It sleeps in ppoll.  While there is traffic it wakes up by itself every poll-us (or never sleeps,
 * where that is 0), so that no vCPU has to wake it; after a while without traffic it sleeps until
 * the TAP or a kick wakes it.  Shadowed registers wake nobody, so then it goes on polling.
 */
/* clang-format off: QEMU wants osdep.h before everything else */
#include "qemu/osdep.h"
/* clang-format on */

#include <poll.h>
#include <sys/prctl.h>
#include <sys/uio.h>

#include "exec/address-spaces.h"
#include "hw/pci/pci_bus.h"
#include "net/tap.h"
#include "nicreplay.h"
#include "qemu/error-report.h"
#include "qemu/rcu.h"
#include "qemu/timer.h"

enum {
  kBurst = 32,
  kFrameBytes = 66 * 1024, /* the largest super-frame, with its headers */
  kOutBytes = 1024 * 1024, /* frames that wait to be written, beyond that they are at once */
  kOutFrames = 1024,
  kSendPatienceMs = 100, /* for a TAP that takes nothing */
};

/* A ring may be too small for a super-frame at any time. */
static const int64_t kRoomPatienceNanoseconds = 2 * 1000 * 1000;

/* So long after the last frame the worker still wakes up by itself. */
static const int64_t kAttentionNanoseconds = 2 * 1000 * 1000;

/* Frames of the model, copied out of guest memory: once a call returns, the guest may use its
 * buffers again. */
typedef struct OutQueue {
  uint8_t *bytes;
  size_t used;
  size_t count;
  size_t ends[kOutFrames];
} OutQueue;

typedef struct InFrame {
  size_t size; /* with header */
  uint8_t bytes[kFrameBytes];
} InFrame;

struct NicReplayWorker {
  NicReplayState *device;
  QemuThread thread;
  EventNotifier kick;
  int tap;
  bool asleep;       /* under lock: only a kick or a frame wakes it */
  bool stop;         /* under lock */
  OutQueue *filling; /* under lock */
  OutQueue *sending; /* under send_lock */
  QemuMutex send_lock;

  /* The worker's own. */
  InFrame *in;
  size_t in_count;
  size_t in_next; /* frames before it were taken */
  bool reading;   /* the device is ready for frames */
  int64_t last_traffic;
  int64_t waiting_since; /* for room in the ring; 0: not */
};

/* ---- To the TAP ---- */

static void write_frame(NicReplayWorker *w, const uint8_t *bytes, size_t size) {
  for (;;) {
    ssize_t written = TEMP_FAILURE_RETRY(write(w->tap, bytes, size));
    if (written >= 0) {
      return;
    }
    struct pollfd writable = {.fd = w->tap, .events = POLLOUT};
    if (errno != EAGAIN || poll(&writable, 1, kSendPatienceMs) <= 0) {
      w->device->counters.send_failures++;
      return;
    }
  }
}

static void write_queue(NicReplayWorker *w, OutQueue *queue) {
  size_t begin = 0;

  for (size_t i = 0; i < queue->count; i++) {
    write_frame(w, queue->bytes + begin, queue->ends[i] - begin);
    begin = queue->ends[i];
  }
  queue->count = 0;
  queue->used = 0;
}

/* Inside the model.  Where there is no room, who sends waits for the TAP. */
void nicreplay_worker_transmit(NicReplayState *s, const nr_frame *frame) {
  NicReplayWorker *w = s->worker;
  struct virtio_net_hdr header = nicreplay_header_from_offload(&frame->offload);
  size_t size = s->has_header ? sizeof(header) : 0;

  for (size_t i = 0; i < frame->piece_count; i++) {
    size += frame->pieces[i].size;
  }
  if (s->link_down) {
    return;
  }
  if (size > kFrameBytes || (!s->has_header && (header.flags || header.gso_type))) {
    s->counters.send_failures++;
    return;
  }
  OutQueue *queue = w->filling;
  if (queue->used + size > kOutBytes || queue->count == kOutFrames) {
    /* What is being sent comes first. */
    qemu_mutex_lock(&w->send_lock);
    write_queue(w, queue);
    qemu_mutex_unlock(&w->send_lock);
  }
  uint8_t *to = queue->bytes + queue->used;
  if (s->has_header) {
    memcpy(to, &header, sizeof(header));
    to += sizeof(header);
  }
  for (size_t i = 0; i < frame->piece_count; i++) {
    memcpy(to, frame->pieces[i].data, frame->pieces[i].size);
    to += frame->pieces[i].size;
  }
  queue->used += size;
  queue->ends[queue->count++] = queue->used;
  nicreplay_worker_kick(s);
}

/* Under `lock`: takes the frames to send.  The caller releases `lock` and then sends. */
static void take_out_queue(NicReplayWorker *w) {
  qemu_mutex_lock(&w->send_lock);
  OutQueue *queue = w->filling;
  w->filling = w->sending;
  w->sending = queue;
}

static void send_taken(NicReplayWorker *w) {
  if (w->sending->count) {
    w->last_traffic = get_clock();
    write_queue(w, w->sending);
  }
  qemu_mutex_unlock(&w->send_lock);
}

/* ---- From the TAP ---- */

static void read_frames(NicReplayWorker *w) {
  w->in_next = 0;
  w->in_count = 0;
  while (w->in_count < kBurst) {
    InFrame *frame = &w->in[w->in_count];
    ssize_t size = TEMP_FAILURE_RETRY(read(w->tap, frame->bytes, sizeof(frame->bytes)));
    if (size <= 0) {
      break;
    }
    frame->size = size;
    w->in_count++;
  }
  if (w->in_count) {
    w->last_traffic = get_clock();
  }
}

/* False: nothing that a device could take. */
static bool unpack(NicReplayState *s, const InFrame *from, nr_bytes *piece, nr_frame *frame) {
  struct virtio_net_hdr header = {};
  size_t skip = s->has_header ? sizeof(header) : 0;

  if (from->size < skip) {
    return false;
  }
  memcpy(&header, from->bytes, skip);
  *piece = (nr_bytes){from->bytes + skip, from->size - skip};
  *frame = (nr_frame){piece, 1, nicreplay_offload_from_header(&header)};
  return nicreplay_takes_offload(s, &frame->offload);
}

/* Returns how many of the frames were offered. */
static size_t offer_burst(NicReplayState *s, const nr_frame *frames, size_t count,
                          nr_receive_result *results) {
  if (s->model->receive_burst) {
    return s->model->receive_burst(s->device, frames, count, results);
  }
  size_t offered = 0;
  while (offered < count) {
    results[offered] = s->model->receive(s->device, &frames[offered]);
    if (results[offered++] == NR_KEEP) {
      break;
    }
  }
  return offered;
}

/* Whether the first frame that waits goes to the device even though it may lose a part of it. */
static bool has_waited(NicReplayWorker *w) {
  int64_t now = get_clock();

  if (w->waiting_since == 0) {
    w->waiting_since = now;
  }
  return now - w->waiting_since > kRoomPatienceNanoseconds;
}

/* Inside the model.  Returns whether any were taken. */
static bool deliver_frames(NicReplayWorker *w) {
  NicReplayState *s = w->device;
  nr_bytes pieces[kBurst];
  nr_frame frames[kBurst];
  nr_receive_result results[kBurst];
  size_t origin[kBurst];
  size_t count = 0;
  NicReplayNeed need = {};

  for (size_t i = w->in_next; i < w->in_count && !s->link_down; i++) {
    if (!unpack(s, &w->in[i], &pieces[count], &frames[count])) {
      continue;
    }
    if (!nicreplay_has_room(s, &frames[count], pieces[count].size, &need) &&
        (count > 0 || !has_waited(w))) {
      if (count == 0) {
        return false;
      }
      break;
    }
    origin[count++] = i;
  }
  w->waiting_since = 0;
  size_t offered = count ? offer_burst(s, frames, count, results) : 0;
  bool kept = offered > 0 && results[offered - 1] == NR_KEEP;
  size_t taken = offered - kept;
  for (size_t i = 0; i < taken; i++) {
    s->counters.frames_in++;
    s->counters.bytes_in += pieces[i].size;
  }
  s->counters.bursts += taken > 0;
  if (taken < count) {
    w->in_next = origin[taken];
  } else {
    w->in_next = count > 0 && !s->link_down ? origin[count - 1] + 1 : w->in_count;
  }
  return taken > 0;
}

/* ---- The thread ---- */

/* Inside the model: everything that can be done now.  Returns whether there was anything. */
static bool do_turn(NicReplayWorker *w) {
  NicReplayState *s = w->device;
  bool work = nicreplay_work_is_due(s);
  bool progress = work;

  nicreplay_shadow_poll(s);
  if (w->in_next < w->in_count && (s->link_down || s->model->can_receive(s->device))) {
    progress |= deliver_frames(w);
  }
  if (work) {
    nicreplay_run_work(s);
  }
  w->reading = s->link_down || s->model->can_receive(s->device);
  return progress;
}

/*
 * How long nothing needs the worker unless somebody wakes it; negative: for ever.  Nobody kicks a
 * worker that wakes up by itself soon.
 */
static int64_t idle_nanoseconds(NicReplayWorker *w) {
  NicReplayState *s = w->device;
  bool attentive = s->shadow_requested || w->waiting_since ||
                   get_clock() - w->last_traffic < kAttentionNanoseconds;
  int64_t limit = attentive && !s->paused ? (int64_t)s->poll_us * SCALE_US : -1;

  if (s->work_deadline != NICREPLAY_NOT_ARMED && !s->paused) {
    int64_t left = MAX((int64_t)(s->work_deadline - s->call_time), 0);
    limit = limit < 0 ? left : MIN(limit, left);
  }
  return limit;
}

static void rest(NicReplayWorker *w, int64_t nanoseconds) {
  struct pollfd fds[2] = {
      {.fd = event_notifier_get_fd(&w->kick), .events = POLLIN},
      {.fd = w->tap, .events = POLLIN},
  };
  struct timespec limit = {nanoseconds / NANOSECONDS_PER_SECOND,
                           nanoseconds % NANOSECONDS_PER_SECOND};

  ppoll(fds, w->reading && w->in_next == w->in_count ? 2 : 1, nanoseconds < 0 ? NULL : &limit,
        NULL);
  if (fds[0].revents) {
    event_notifier_test_and_clear(&w->kick);
  }
}

/* Under `lock`, so whoever has something for the worker does or does not find it asleep. */
void nicreplay_worker_kick(NicReplayState *s) {
  if (s->worker && s->worker->asleep) {
    s->worker->asleep = false;
    event_notifier_set(&s->worker->kick);
  }
}

/* Returns false where the device is gone. */
static bool run_once(NicReplayWorker *w) {
  NicReplayState *s = w->device;
  int64_t idle = 0;

  if (w->reading && w->in_next == w->in_count) {
    read_frames(w);
  }
  if (!nicreplay_enter(s)) {
    return false;
  }
  if (w->stop) {
    nicreplay_leave(s);
    return false;
  }
  bool progress = !s->paused && do_turn(w);
  bool line_untold = s->line_untold;
  bool posted = s->posted_count > 0;
  if (!progress && w->filling->count == 0) {
    idle = idle_nanoseconds(w);
    w->asleep = idle < 0 || idle > kAttentionNanoseconds;
  }
  take_out_queue(w);
  nicreplay_leave(s);
  send_taken(w);
  if (line_untold || posted) {
    bql_lock();
    nicreplay_update_line(s);
    nicreplay_do_posted_writes(s);
    bql_unlock();
  }
  if (idle) {
    rest(w, idle);
  }
  return true;
}

static void free_queue(OutQueue *queue) {
  g_free(queue->bytes);
  g_free(queue);
}

static void free_worker(NicReplayWorker *w) {
  event_notifier_cleanup(&w->kick);
  close(w->tap);
  qemu_mutex_destroy(&w->send_lock);
  free_queue(w->filling);
  free_queue(w->sending);
  g_free(w->in);
  g_free(w);
}

static void *run(void *opaque) {
  NicReplayWorker *w = opaque;
  NicReplayState *s = w->device;

  rcu_register_thread();
  prctl(PR_SET_TIMERSLACK, 1000);
  while (run_once(w)) {
  }
  rcu_unregister_thread();
  free_worker(w);
  bql_lock();
  object_unref(OBJECT(s));
  bql_unlock();
  return NULL;
}

/* ---- Life ---- */

static bool can_have_worker(NicReplayState *s, Error **errp) {
  NetClientState *nc = qemu_get_queue(s->nic);

  if (!nc->peer || nc->peer->info->type != NET_CLIENT_DRIVER_TAP) {
    error_setg(errp, "nicreplay: worker=on needs a netdev of type tap");
  } else if (!QTAILQ_EMPTY(&nc->filters) || !QTAILQ_EMPTY(&nc->peer->filters)) {
    error_setg(errp, "nicreplay: frames pass a worker without QEMU's filters; set worker=off");
  } else if (pci_device_iommu_address_space(PCI_DEVICE(s)) != &address_space_memory) {
    error_setg(errp, "nicreplay: a worker cannot use an IOMMU; set worker=off");
  } else {
    return true;
  }
  return false;
}

static OutQueue *new_queue(void) {
  OutQueue *queue = g_new0(OutQueue, 1);

  queue->bytes = g_malloc(kOutBytes);
  return queue;
}

bool nicreplay_worker_start(NicReplayState *s, Error **errp) {
  NetClientState *nc = qemu_get_queue(s->nic);

  if (!can_have_worker(s, errp)) {
    return false;
  }
  NicReplayWorker *w = g_new0(NicReplayWorker, 1);
  /* A descriptor of its own: the netdev may go while the worker still uses it. */
  w->tap = qemu_dup(tap_get_fd(nc->peer));
  if (w->tap < 0 || event_notifier_init(&w->kick, false) < 0) {
    error_setg_errno(errp, errno, "nicreplay: no descriptor for the worker");
    if (w->tap >= 0) {
      close(w->tap);
    }
    g_free(w);
    return false;
  }
  w->device = s;
  w->filling = new_queue();
  w->sending = new_queue();
  w->in = g_new(InFrame, kBurst);
  qemu_mutex_init(&w->send_lock);
  nc->peer->info->poll(nc->peer, false);
  object_ref(OBJECT(s));
  s->worker = w;
  s->paused = !runstate_is_running();
  qemu_thread_create(&w->thread, "nicreplay", run, w, QEMU_THREAD_DETACHED);
  return true;
}

void nicreplay_worker_stop(NicReplayState *s) {
  NetClientState *nc = qemu_get_queue(s->nic);

  qemu_mutex_lock(&s->lock);
  s->worker->stop = true;
  nicreplay_worker_kick(s);
  s->worker = NULL;
  qemu_mutex_unlock(&s->lock);
  if (nc->peer) {
    nc->peer->info->poll(nc->peer, true);
  }
}
