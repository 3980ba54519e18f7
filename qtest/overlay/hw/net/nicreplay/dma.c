/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device's DMA.  Guest RAM is mapped in windows that are kept until the memory map changes, so
 * that a descriptor costs a copy and not a walk; each write marks what it wrote dirty, so migration
 * and translated code see it.  Everything else (other devices' registers) goes the long way, which
 * may take the BQL.  A call of the model that runs without it reads zeros there; its writes,
 * message signalled interrupts above all, are posted: they are done after the call.
 */
/* clang-format off: QEMU wants osdep.h before everything else */
#include "qemu/osdep.h"
/* clang-format on */

#include "nicreplay.h"
#include "qemu/atomic.h"

/* Memory maps change at pages. */
enum { kPage = 4096 };

static void drop_windows(NicReplayState *s) {
  for (int i = 0; i < kDmaWindows; i++) {
    if (s->windows[i].size) {
      address_space_cache_destroy(&s->windows[i].cache);
      s->windows[i].size = 0;
    }
  }
}

/*
 * The piece of RAM that `address` lies in, from its first byte on.  The first cache is there only
 * to learn where that is.
 */
static bool open_window(NicReplayWindow *window, AddressSpace *as, hwaddr address) {
  MemoryRegionCache probe = MEMORY_REGION_CACHE_INVALID;

  address_space_cache_init(&probe, as, address, 1, true);
  hwaddr base = probe.mrs.offset_within_address_space;
  hwaddr size = int128_gethi(probe.mrs.size) ? 0 : int128_get64(probe.mrs.size);
  bool is_ram = probe.ptr && address >= base && address - base < size;
  address_space_cache_destroy(&probe);
  if (!is_ram) {
    return false;
  }
  window->base = base;
  window->size = address_space_cache_init(&window->cache, as, base, size, true);
  if (window->cache.ptr && address - base < window->size) {
    return true;
  }
  address_space_cache_destroy(&window->cache);
  window->size = 0;
  return false;
}

/* NULL: no RAM there that can be written. */
static NicReplayWindow *find_window(NicReplayState *s, hwaddr address) {
  for (int i = 0; i < kDmaWindows; i++) {
    if (address - s->windows[i].base < s->windows[i].size) {
      return &s->windows[i];
    }
  }
  NicReplayWindow *window = &s->windows[s->next_window++ % kDmaWindows];
  if (window->size) {
    address_space_cache_destroy(&window->cache);
    window->size = 0;
  }
  return open_window(window, pci_get_address_space(PCI_DEVICE(s)), address) ? window : NULL;
}

static uint8_t *window_bytes(NicReplayWindow *window, hwaddr address) {
  return (uint8_t *)window->cache.ptr + (address - window->base);
}

/* How far an access at `address` gets before other memory may begin. */
static size_t step_within(const NicReplayWindow *window, hwaddr address, size_t size) {
  hwaddr left = window ? window->size - (address - window->base) : kPage - address % kPage;
  return MIN(left, size);
}

void nicreplay_dma_read(void *opaque, uint64_t address, void *out, size_t size) {
  NicReplayState *s = opaque;
  uint8_t *to = out;

  smp_rmb();
  while (size > 0) {
    NicReplayWindow *window = find_window(s, address);
    size_t step = step_within(window, address, size);
    if (window) {
      memcpy(to, window_bytes(window, address), step);
    } else if (bql_locked()) {
      pci_dma_read(PCI_DEVICE(s), address, to, step);
    } else {
      memset(to, 0, step);
    }
    address += step;
    to += step;
    size -= step;
  }
}

/* The driver is to find a write that lies in an aligned 8 bytes there all at once. */
static void copy_whole(uint8_t *to, const uint8_t *from, size_t size) {
  if (size == 8 && (uintptr_t)to % 8 == 0) {
    qatomic_set((uint64_t *)to, ldq_he_p(from));
  } else if (size == 4 && (uintptr_t)to % 4 == 0) {
    qatomic_set((uint32_t *)to, ldl_he_p(from));
  } else if (size == 2 && (uintptr_t)to % 2 == 0) {
    qatomic_set((uint16_t *)to, lduw_he_p(from));
  } else {
    memcpy(to, from, size);
  }
}

/* Registers are written in small pieces and few; a device that floods others loses the rest. */
static void post_write(NicReplayState *s, hwaddr address, const uint8_t *from, size_t size) {
  if (size <= sizeof(s->posted[0].data) && s->posted_count < kPostedWrites) {
    NicReplayPostedWrite *write = &s->posted[s->posted_count++];
    write->address = address;
    write->size = size;
    memcpy(write->data, from, size);
  }
}

void nicreplay_do_posted_writes(NicReplayState *s) {
  NicReplayPostedWrite writes[kPostedWrites];

  qemu_mutex_lock(&s->lock);
  unsigned count = s->posted_count;
  memcpy(writes, s->posted, count * sizeof(writes[0]));
  s->posted_count = 0;
  qemu_mutex_unlock(&s->lock);
  for (unsigned i = 0; i < count; i++) {
    pci_dma_write(PCI_DEVICE(s), writes[i].address, writes[i].data, writes[i].size);
  }
}

void nicreplay_dma_write(void *opaque, uint64_t address, const void *data, size_t size) {
  NicReplayState *s = opaque;
  const uint8_t *from = data;

  smp_wmb();
  while (size > 0) {
    NicReplayWindow *window = find_window(s, address);
    size_t step = step_within(window, address, size);
    if (window) {
      copy_whole(window_bytes(window, address), from, step);
      address_space_cache_invalidate(&window->cache, address - window->base, step);
    } else if (bql_locked()) {
      pci_dma_write(PCI_DEVICE(s), address, from, step);
    } else {
      post_write(s, address, from, step);
    }
    address += step;
    from += step;
    size -= step;
  }
}

size_t nicreplay_map_read(void *opaque, uint64_t address, size_t size, const uint8_t **data) {
  NicReplayState *s = opaque;
  NicReplayWindow *window = find_window(s, address);

  smp_rmb();
  if (!window) {
    return 0;
  }
  *data = window_bytes(window, address);
  return step_within(window, address, size);
}

/* ---- Changes of the memory map ---- */

static void memory_map_changed(MemoryListener *listener) {
  NicReplayState *s = container_of(listener, NicReplayState, memory_listener);

  qatomic_set(&s->windows_stale, true);
}

void nicreplay_dma_refresh(NicReplayState *s) {
  if (qatomic_read(&s->windows_stale) && qatomic_xchg(&s->windows_stale, false)) {
    drop_windows(s);
  }
}

void nicreplay_dma_init(NicReplayState *s) {
  s->memory_listener.commit = memory_map_changed;
#if NICREPLAY_QEMU_AT_LEAST(6, 2)
  s->memory_listener.name = "nicreplay";
#endif
  memory_listener_register(&s->memory_listener, pci_get_address_space(PCI_DEVICE(s)));
}

void nicreplay_dma_finalize(NicReplayState *s) {
  memory_listener_unregister(&s->memory_listener);
  drop_windows(s);
}
