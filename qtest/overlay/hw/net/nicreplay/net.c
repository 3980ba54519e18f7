/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The model as a client of QEMU's network layer. */
/* clang-format off: QEMU wants osdep.h before everything else */
#include "qemu/osdep.h"
/* clang-format on */

#include "nicreplay.h"
#include "qemu/bswap.h"
#include "qemu/error-report.h"
#include "qemu/iov.h"
#include "qemu/timer.h"

/* OffloadSet of device.h. */
enum {
  kOffloadChecksum = 1,
  kOffloadTcp4 = 2,
  kOffloadTcp6 = 4,
  kOffloadEcn = 8,
  kOffloadUdp = 16,
};

/* A ring may be too small for a super-frame at any time. */
static const int64_t kRoomPatienceNanoseconds = 2 * 1000 * 1000;

/* ---- Offloads ---- */

static bool is_wire_frame(const nr_offload *offload) {
  return offload->flags == 0 && offload->gso_type == 0;
}

/* What a frame needs of who takes it. */
static uint8_t needed_offloads(const nr_offload *offload) {
  uint8_t needed = offload->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM ? kOffloadChecksum : 0;

  needed |= offload->gso_type & VIRTIO_NET_HDR_GSO_ECN ? kOffloadEcn : 0;
  switch (offload->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
    case VIRTIO_NET_HDR_GSO_NONE:
      return needed;
    case VIRTIO_NET_HDR_GSO_TCPV4:
      return needed | kOffloadTcp4;
    case VIRTIO_NET_HDR_GSO_TCPV6:
      return needed | kOffloadTcp6;
    case VIRTIO_NET_HDR_GSO_UDP:
      return needed | kOffloadUdp;
    default:
      return UINT8_MAX;
  }
}

bool nicreplay_takes_offload(NicReplayState *s, const nr_offload *offload) {
  uint8_t needed = needed_offloads(offload);

  if ((needed & s->receive_offloads) == needed) {
    return true;
  }
  warn_report_once(
      "nicreplay: the backend sent a frame with an offload that model %s does not take; dropped",
      s->model_name);
  return false;
}

/*
 * A device takes what comes until its ring is full and loses the rest.  Frames that come one by one
 * wait in the network's queue then; those of a super-frame or a burst must wait before.
 */
bool nicreplay_has_room(NicReplayState *s, const nr_frame *frame, size_t size,
                        NicReplayNeed *need) {
  const nr_offload *offload = &frame->offload;
  bool super = offload->gso_type != VIRTIO_NET_HDR_GSO_NONE && offload->gso_size > 0 &&
               size > offload->header_length;
  size_t wire = super ? (size_t)offload->header_length + offload->gso_size : size;

  need->frames +=
      super ? DIV_ROUND_UP(size - offload->header_length, (size_t)offload->gso_size) : 1;
  need->size = MAX(need->size, wire);
  return need->frames == 1 || !s->model->receive_room ||
         s->model->receive_room(s->device, need->size) >= need->frames;
}

nr_offload nicreplay_offload_from_header(const struct virtio_net_hdr *header) {
  return (nr_offload){
      .flags = header->flags,
      .gso_type = header->gso_type,
      .header_length = lduw_he_p(&header->hdr_len),
      .gso_size = lduw_he_p(&header->gso_size),
      .checksum_start = lduw_he_p(&header->csum_start),
      .checksum_offset = lduw_he_p(&header->csum_offset),
  };
}

struct virtio_net_hdr nicreplay_header_from_offload(const nr_offload *offload) {
  return (struct virtio_net_hdr){
      .flags = offload->flags,
      .gso_type = offload->gso_type,
      .hdr_len = offload->header_length,
      .gso_size = offload->gso_size,
      .csum_start = offload->checksum_start,
      .csum_offset = offload->checksum_offset,
  };
}

/*
 * A frame with a header must not be padded by who does not know of the header, so the model pads,
 * as the device does anyway.
 */
static void agree_on_headers(NicReplayState *s) {
  NetClientState *nc = qemu_get_queue(s->nic);

  if (!nc->peer || !qemu_has_vnet_hdr(nc->peer)) {
    return;
  }
  nicreplay_use_peer_header(nc->peer, sizeof(struct virtio_net_hdr));
  nc->do_not_pad = true;
  s->has_header = true;
  s->send_offloads = kOffloadChecksum | kOffloadTcp4 | kOffloadTcp6 | kOffloadEcn |
                     (qemu_has_ufo(nc->peer) ? kOffloadUdp : 0);
}

static void tell_receive_offloads(NicReplayState *s) {
  NetClientState *nc = qemu_get_queue(s->nic);
  uint8_t offloads = s->receive_offloads;

  s->told_offloads = offloads;
  if (s->has_header && nc->peer) {
    nicreplay_set_peer_offloads(nc->peer, offloads & kOffloadChecksum, offloads & kOffloadTcp4,
                                offloads & kOffloadTcp6, offloads & kOffloadEcn,
                                offloads & kOffloadUdp);
  }
}

/* ---- From the model ---- */

void nicreplay_net_transmit(NicReplayState *s, const nr_frame *frame) {
  NetClientState *nc = qemu_get_queue(s->nic);
  struct virtio_net_hdr header = nicreplay_header_from_offload(&frame->offload);
  struct iovec few[kMaxPieces + 1];
  struct iovec *iov = few;
  size_t count = 0;

  if (!s->has_header && !is_wire_frame(&frame->offload)) {
    s->counters.send_failures++;
    warn_report_once(
        "nicreplay: model %s sent a frame with an offload to a backend that takes none; dropped",
        s->model_name);
    return;
  }
  g_autofree struct iovec *many =
      frame->piece_count > kMaxPieces ? g_new(struct iovec, frame->piece_count + 1) : NULL;
  if (many) {
    iov = many;
  }
  if (s->has_header) {
    iov[count++] = (struct iovec){&header, sizeof(header)};
  }
  for (size_t i = 0; i < frame->piece_count; i++) {
    iov[count++] = (struct iovec){(void *)frame->pieces[i].data, frame->pieces[i].size};
  }
  qemu_sendv_packet(nc, iov, count);
}

void nicreplay_net_flush(NicReplayState *s) {
  bool flushing = s->flushing;

  s->frames_waiting = false;
  s->flushing = true;
  qemu_flush_queued_packets(qemu_get_queue(s->nic));
  s->flushing = flushing;
}

/*
 * Some backends answer a frame while it is being sent (user networking does).  A model is not
 * entered twice, so such an answer waits in the network's queue until the call has returned.
 */
void nicreplay_net_after_call(NicReplayState *s) {
  if (!s->nic) {
    return;
  }
  if (s->told_offloads != s->receive_offloads) {
    tell_receive_offloads(s);
  }
  if (s->answers_waiting && !s->worker && nicreplay_enter(s)) {
    s->answers_waiting = false;
    bool ready = s->model->can_receive(s->device);
    nicreplay_leave(s);
    if (ready) {
      s->frames_waiting = false;
      qemu_flush_queued_packets(qemu_get_queue(s->nic));
    }
  }
}

/* ---- To the model ---- */

/* Inside a call that did not ask for frames. */
static bool is_busy(const NicReplayState *s) { return nicreplay_is_inside(s) && !s->flushing; }

static bool refuse(NicReplayState *s) {
  s->frames_waiting = true;
  s->answers_waiting |= is_busy(s);
  return false;
}

/* The frames of a TAP are the worker's. */
static bool net_can_receive(NetClientState *nc) {
  NicReplayState *s = qemu_get_nic_opaque(nc);

  if (is_busy(s) || s->worker) {
    return refuse(s);
  }
  bool entered = nicreplay_enter(s);
  bool ready = s->device && s->model->can_receive(s->device);
  if (entered) {
    nicreplay_leave(s);
  }
  return ready || refuse(s);
}

/* For a super-frame: until the driver gave buffers back, or for a while. */
static bool must_wait_for_room(NicReplayState *s, const nr_frame *frame, size_t size) {
  NicReplayNeed need = {};

  if (s->room_waited_for || nicreplay_has_room(s, frame, size, &need)) {
    s->room_waited_for = false;
    timer_del(s->room_timer);
    return false;
  }
  if (!timer_pending(s->room_timer)) {
    timer_mod(s->room_timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + kRoomPatienceNanoseconds);
  }
  return true;
}

static void room_timer_fired(void *opaque) {
  NicReplayState *s = opaque;

  s->room_waited_for = true;
  s->frames_waiting = false;
  qemu_flush_queued_packets(qemu_get_queue(s->nic));
}

static nr_receive_result offer(NicReplayState *s, const nr_frame *frame, size_t size) {
  bool flushing = s->flushing;

  s->flushing = false;
  bool entered = nicreplay_enter(s);
  nr_receive_result result = NR_DROPPED;
  if (s->device) {
    result = must_wait_for_room(s, frame, size) ? NR_KEEP : s->model->receive(s->device, frame);
  }
  if (result != NR_KEEP) {
    s->counters.frames_in++;
    s->counters.bytes_in += size;
  }
  if (entered) {
    nicreplay_leave(s);
  }
  s->flushing = flushing;
  return result;
}

static ssize_t deliver(NicReplayState *s, const nr_frame *frame, size_t size) {
  if (is_busy(s)) {
    refuse(s);
    return 0;
  }
  switch (offer(s, frame, size)) {
    case NR_KEEP:
      refuse(s);
      return 0;
    case NR_CONSUMED:
      return MAX(size, 1); /* 0 would keep it */
    default:
      return -1;
  }
}

static ssize_t net_receive_iov(NetClientState *nc, const struct iovec *iov, int count) {
  NicReplayState *s = qemu_get_nic_opaque(nc);
  nr_bytes pieces[kMaxPieces];
  nr_frame frame = {.pieces = pieces};
  struct virtio_net_hdr header = {};
  size_t total = iov_size(iov, count);
  size_t skip = s->has_header ? sizeof(header) : 0;
  g_autofree uint8_t *linear = NULL;
  struct iovec whole;

  if (iov_to_buf(iov, count, 0, &header, skip) < skip) {
    return -1;
  }
  frame.offload = nicreplay_offload_from_header(&header);
  if (!nicreplay_takes_offload(s, &frame.offload)) {
    return -1;
  }
  if (count > kMaxPieces) {
    linear = g_malloc(total);
    whole = (struct iovec){linear, iov_to_buf(iov, count, 0, linear, total)};
    iov = &whole;
    count = 1;
  }
  for (int i = 0; i < count; i++) {
    size_t cut = MIN(skip, iov[i].iov_len);
    skip -= cut;
    if (iov[i].iov_len > cut) {
      pieces[frame.piece_count++] =
          (nr_bytes){(uint8_t *)iov[i].iov_base + cut, iov[i].iov_len - cut};
    }
  }
  return deliver(s, &frame, total - (s->has_header ? sizeof(header) : 0));
}

static ssize_t net_receive(NetClientState *nc, const uint8_t *frame, size_t size) {
  struct iovec iov = {(void *)frame, size};

  return net_receive_iov(nc, &iov, 1);
}

static void net_link_status_changed(NetClientState *nc) {
  NicReplayState *s = qemu_get_nic_opaque(nc);

  if (nicreplay_enter(s)) {
    s->link_down = nc->link_down;
    s->model->set_link(s->device, !nc->link_down);
    nicreplay_leave(s);
    nicreplay_net_after_call(s);
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

static void describe(NicReplayState *s) {
  const uint8_t *mac = s->conf.macaddr.a;

  qemu_set_info_str(
      qemu_get_queue(s->nic),
      "model=nicreplay/%s,macaddr=%02x:%02x:%02x:%02x:%02x:%02x%s%s,worker=%s,header=%s",
      s->model_name, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5],
      s->opt && *s->opt ? ",opt=" : "", s->opt ? s->opt : "", s->use_worker ? "on" : "off",
      s->has_header ? "on" : "off");
}

void nicreplay_net_init(NicReplayState *s) {
  DeviceState *dev = DEVICE(s);

  s->nic = qemu_new_nic(&net_info, &s->conf, s->model_name, dev->id, &dev->mem_reentrancy_guard, s);
  s->room_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, room_timer_fired, s);
  agree_on_headers(s);
  tell_receive_offloads(s);
  describe(s);
}

void nicreplay_net_finalize(NicReplayState *s) {
  s->receive_offloads = 0;
  tell_receive_offloads(s);
  timer_free(s->room_timer);
  qemu_del_nic(s->nic);
  s->nic = NULL;
}
