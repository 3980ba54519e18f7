/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What differs between the QEMU versions that the device can be built with. */
#ifndef NICREPLAY_COMPAT_H
#define NICREPLAY_COMPAT_H

#if __has_include("hw/pci/pci_device.h")
#include "hw/pci/pci_device.h"
#else
#include "hw/pci/pci.h"
#endif
#if __has_include("system/system.h")
#include "system/runstate.h"
#include "system/system.h"
#else
#include "sysemu/runstate.h"
#include "sysemu/sysemu.h"
#endif
#include "hw/qdev-properties.h"
#include "net/net.h"
#include "qemu/main-loop.h"

#define NICREPLAY_QEMU_AT_LEAST(major, minor) \
  (QEMU_VERSION_MAJOR > (major) || (QEMU_VERSION_MAJOR == (major) && QEMU_VERSION_MINOR >= (minor)))

#if NICREPLAY_QEMU_AT_LEAST(10, 1)
typedef const void ClassData;
#else
typedef void ClassData;
#endif

#ifdef DEFINE_PROP_END_OF_LIST
typedef Property ClassProperty;
#else /* 10.0 on wants the table constant and without an end */
typedef const Property ClassProperty;
#endif

#if !NICREPLAY_QEMU_AT_LEAST(9, 0)
#define bql_lock() qemu_mutex_lock_iothread()
#define bql_unlock() qemu_mutex_unlock_iothread()
#define bql_locked() qemu_mutex_iothread_locked()
#endif

static inline void nicreplay_set_peer_offloads(NetClientState *peer, bool checksum, bool tcp4,
                                               bool tcp6, bool ecn, bool udp) {
#if NICREPLAY_QEMU_AT_LEAST(10, 2)
  NetOffloads offloads = {.csum = checksum, .tso4 = tcp4, .tso6 = tcp6, .ecn = ecn, .ufo = udp};
  qemu_set_offload(peer, &offloads);
#elif NICREPLAY_QEMU_AT_LEAST(8, 2)
  qemu_set_offload(peer, checksum, tcp4, tcp6, ecn, udp, false, false);
#else
  qemu_set_offload(peer, checksum, tcp4, tcp6, ecn, udp);
#endif
}

/* From now on every frame to and from the peer has a virtio_net_hdr of `length` bytes before it. */
static inline void nicreplay_use_peer_header(NetClientState *peer, int length) {
#if !NICREPLAY_QEMU_AT_LEAST(9, 0)
  qemu_using_vnet_hdr(peer, true);
#endif
  qemu_set_vnet_hdr_len(peer, length);
}

#endif
