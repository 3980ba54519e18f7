/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU device "nicreplay": hosts any NIC model of a library that exports nicreplay_library
 * (models/c_api.h of nicreplay).
 *
 *   -device nicreplay,model=e1000-stock,library=/path/libnicreplay.so,netdev=n0
 *
 * Locks.  A model is single-threaded: who calls it holds `lock`, taken by nicreplay_enter and
 * released by nicreplay_leave.  Three kinds of threads come here:
 *  - vCPUs and the main loop, with QEMU's big lock (BQL);
 *  - the worker (worker.c), without it.
 * The order is BQL, lock, send_lock.  So under `lock` nobody takes the BQL, and a call of the model
 * that runs without it touches nothing that would: its DMA reaches RAM only (dma.c), its interrupt
 * line is told to the PCI core afterwards (nicreplay_update_line), its frames go to the TAP and not
 * through QEMU's network layer (tap.c).
 *
 * What is written under `lock` only may be read under it only, but for the fields marked atomic.
 */
#ifndef NICREPLAY_H
#define NICREPLAY_H

#include "c_api.h" /* models/c_api.h */
#include "compat.h"
#include "exec/memory.h"
#include "qapi/error.h"
#include "qemu/event_notifier.h"
#include "qemu/thread.h"
#include "qom/object.h"
#include "standard-headers/linux/virtio_net.h"

#define TYPE_NICREPLAY "nicreplay"
OBJECT_DECLARE_SIMPLE_TYPE(NicReplayState, NICREPLAY)

enum {
  kMaxTimers = 32,
  kMaxPieces = 64,
  kBars = 6,
  kMaxShadowPages = 8,
  kDmaWindows = 4,
  kPostedWrites = 16,
  kModelNameSize = 64,
};

#define NICREPLAY_NOT_ARMED UINT64_MAX

typedef struct NicReplayTimer {
  NicReplayState *owner;
  QEMUTimer *timer;
  uint64_t deadline; /* NICREPLAY_NOT_ARMED: a timer that still fires means nothing */
  uint8_t id;
} NicReplayTimer;

typedef struct NicReplayBar {
  NicReplayState *owner;
  MemoryRegion region;
  uint8_t number;
} NicReplayBar;

/* Guest RAM that lies in one piece, as the device's DMA sees it. */
typedef struct NicReplayWindow {
  MemoryRegionCache cache;
  hwaddr base;
  hwaddr size; /* 0: unused */
} NicReplayWindow;

typedef struct NicReplayPostedWrite {
  hwaddr address;
  uint32_t size;
  uint8_t data[8];
} NicReplayPostedWrite;

/* What the host can count about a run; read-only properties of the device. */
typedef struct NicReplayCounters {
  uint64_t register_reads;
  uint64_t register_writes;
  uint64_t interrupts; /* rising edges of INTA# */
  uint64_t frames_out; /* as handed to the network: a super-frame is one */
  uint64_t bytes_out;
  uint64_t frames_in;
  uint64_t bytes_in;
  uint64_t works;
  uint64_t works_late; /* of those: the host got to them after their deadline */
  uint64_t polls;
  uint64_t bursts;
  uint64_t send_failures;
} NicReplayCounters;

typedef struct NicReplayWorker NicReplayWorker;

struct NicReplayState {
  PCIDevice parent_obj;

  /* Properties. */
  char *model_name;
  char *library_path;
  char *options;
  char *opt;
  char *record_path;
  NICConf conf;
  bool use_worker;
  uint32_t poll_us;

  NICState *nic;
  const nr_model *model;
  QLIST_ENTRY(NicReplayState) next;
  NicReplayBar bars[kBars];

  QemuMutex lock;
  const void *inside; /* atomic: the thread that holds `lock`, NULL: none */
  nr_device *device;  /* NULL before realize and once the model is closed */
  uint64_t call_time; /* of the call that runs */
  NicReplayCounters counters;

  NicReplayTimer timers[kMaxTimers];
  uint64_t work_deadline; /* NICREPLAY_NOT_ARMED: nothing was put off */
  QEMUTimer *work_timer;
  QEMUBH *work_bh;
  bool paused; /* the VM does not run */
  VMChangeStateEntry *run_state;

  bool line;                /* INTA# as the PCI core is to have it */
  bool line_untold;         /* it changed without the BQL; told after the call */
  bool line_low_is_disable; /* a command register write is on its way to the model */
  bool config_mismatch_reported;

  NicReplayWindow windows[kDmaWindows];
  unsigned next_window;
  NicReplayPostedWrite posted[kPostedWrites];
  unsigned posted_count;
  bool windows_stale; /* atomic: the memory map changed */
  MemoryListener memory_listener;

  bool flushing;        /* the model asked for frames, so it takes them during the call */
  bool frames_waiting;  /* the network was told to wait */
  bool room_waited_for; /* long enough: the next frame is offered, whatever it loses */
  QEMUTimer *room_timer;
  bool answers_waiting; /* it was because of a call that had not returned */
  bool link_down;
  bool has_header; /* every frame to and from the peer has a virtio_net_hdr before it */
  /* Of the kinds of device.h's OffloadSet. */
  uint8_t send_offloads;    /* what the peer takes */
  uint8_t receive_offloads; /* what the model takes */
  uint8_t told_offloads;    /* what the peer knows of that */

  NicReplayWorker *worker; /* NULL: everything happens with the BQL */

  const nr_shadow_page *shadow_pages;
  size_t shadow_count;
  MemoryRegion shadow_regions[kMaxShadowPages];
  bool shadow_mapped;    /* BQL */
  bool shadow_requested; /* of the main loop, by the worker */
  QEMUBH *shadow_bh;

  /* Of the state that migrates, see migration.c. */
  uint8_t saved_model[kModelNameSize];
  uint64_t saved_deadlines[kMaxTimers];
  uint8_t *saved_state;
  uint32_t saved_size;
  uint8_t saved_link_down;
};

/* ---- model.c: calls of the model, and what it asks of QEMU ---- */

extern const nr_host_ops nicreplay_host_ops;

void nicreplay_model_init(NicReplayState *s);
void nicreplay_model_finalize(NicReplayState *s);
/* False: the model is closed, or this thread is inside it already (its DMA hit its own BAR).
 * Work that is overdue is done first. */
bool nicreplay_enter(NicReplayState *s);
void nicreplay_leave(NicReplayState *s);
bool nicreplay_is_inside(const NicReplayState *s);
/* With the BQL, outside of the model. */
void nicreplay_update_line(NicReplayState *s);
/* Inside the model. */
void nicreplay_run_work(NicReplayState *s);
bool nicreplay_work_is_due(const NicReplayState *s);
/* Stops and starts what runs by itself; the BQL is held. */
void nicreplay_start_timers(NicReplayState *s);
void nicreplay_stop_timers(NicReplayState *s);

/* ---- library.c: which model ---- */

/* Sets model and device. */
bool nicreplay_open_model(NicReplayState *s, Error **errp);
void nicreplay_close_model(NicReplayState *s);

/* ---- bus.c ---- */

void nicreplay_present(NicReplayState *s);
void nicreplay_reset(DeviceState *dev);

/* ---- dma.c ---- */

void nicreplay_dma_init(NicReplayState *s);
void nicreplay_dma_finalize(NicReplayState *s);
void nicreplay_dma_refresh(NicReplayState *s); /* inside the model, at the start of a call */
void nicreplay_dma_read(void *opaque, uint64_t address, void *out, size_t size);
void nicreplay_dma_write(void *opaque, uint64_t address, const void *data, size_t size);
/* With the BQL, outside of the model: writes to what is not RAM, of calls without the BQL. */
void nicreplay_do_posted_writes(NicReplayState *s);
size_t nicreplay_map_read(void *opaque, uint64_t address, size_t size, const uint8_t **data);

/* ---- net.c: QEMU's network layer ---- */

void nicreplay_net_init(NicReplayState *s);
void nicreplay_net_finalize(NicReplayState *s);
void nicreplay_net_transmit(NicReplayState *s, const nr_frame *frame);
/* Offers what waits in the network's queues. */
void nicreplay_net_flush(NicReplayState *s);
/* After a call of the model, with the BQL: lets the network try again what it was refused. */
void nicreplay_net_after_call(NicReplayState *s);
nr_offload nicreplay_offload_from_header(const struct virtio_net_hdr *header);
struct virtio_net_hdr nicreplay_header_from_offload(const nr_offload *offload);
/* What frames that are offered together need. */
typedef struct NicReplayNeed {
  size_t frames; /* on the wire */
  size_t size;   /* of the largest */
} NicReplayNeed;

/* Inside the model: whether one more frame fits; `need` is those before it, and then with it. */
bool nicreplay_has_room(NicReplayState *s, const nr_frame *frame, size_t size, NicReplayNeed *need);
bool nicreplay_takes_offload(NicReplayState *s, const nr_offload *offload);

/* ---- worker.c: a thread that works the rings without the BQL ---- */

bool nicreplay_worker_start(NicReplayState *s, Error **errp);
/* With the BQL; the thread ends by itself, and holds a reference to the device until then. */
void nicreplay_worker_stop(NicReplayState *s);
void nicreplay_worker_kick(NicReplayState *s);
void nicreplay_worker_transmit(NicReplayState *s, const nr_frame *frame);

/* ---- shadow.c: registers that are memory to the bus ---- */

bool nicreplay_shadow_init(NicReplayState *s, Error **errp);
void nicreplay_shadow_finalize(NicReplayState *s);
/* After a call of the model, with the BQL: maps or unmaps the pages as the model wants. */
void nicreplay_shadow_update(NicReplayState *s);
/* Inside the model, from any thread: takes up what the guest wrote, and shows the registers as they
 * are now.  The main loop maps or unmaps the pages afterwards. */
void nicreplay_shadow_poll(NicReplayState *s);

/* ---- migration.c ---- */

extern const VMStateDescription nicreplay_vmstate;

#endif
