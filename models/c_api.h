/* SPDX-License-Identifier: MIT */
/*
 * nicreplay's models as plain C, in both directions:
 *  - a VMM dlopens libnicreplay.so, calls nicreplay_library() and hosts any model that it lists;
 *  - a shared object of the user's exports nicreplay_library() and `nicreplay --plugin FILE` takes
 * its models. The meaning of every operation is that of models/device.h.
 */
#ifndef NICREPLAY_C_API_H
#define NICREPLAY_C_API_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NICREPLAY_API_VERSION 2

typedef struct nr_bytes {
  const uint8_t *data;
  size_t size;
} nr_bytes;

/* struct Offload of device.h; all zero: an ordinary wire frame */
typedef struct nr_offload {
  uint8_t flags;
  uint8_t gso_type;
  uint16_t header_length;
  uint16_t gso_size;
  uint16_t checksum_start;
  uint16_t checksum_offset;
} nr_offload;

typedef struct nr_frame {
  const nr_bytes *pieces;
  size_t piece_count;
  nr_offload offload;
} nr_frame;

typedef enum nr_receive_result { NR_CONSUMED = 0, NR_KEEP = 1, NR_DROPPED = 2 } nr_receive_result;

/* NR_BAR_MEMORY64 is prefetchable and takes the next BAR, too, which then is NR_BAR_NONE. */
typedef enum nr_bar_kind {
  NR_BAR_NONE = 0,
  NR_BAR_MEMORY32 = 1,
  NR_BAR_IO = 2,
  NR_BAR_MEMORY64 = 3
} nr_bar_kind;

typedef struct nr_bar {
  nr_bar_kind kind;
  uint32_t size;
} nr_bar;

typedef struct nr_info {
  uint16_t vendor_id;
  uint16_t device_id;
  uint8_t revision;
  uint32_t class_code;
  nr_bar bars[6];
  size_t timer_count;
  const char *const *timer_names;
} nr_info;

/* What a device may ask; `host` is the pointer given to create. */
typedef struct nr_host_ops {
  uint64_t (*now)(void *host);
  void (*dma_read)(void *host, uint64_t address, void *out, size_t size);
  void (*dma_write)(void *host, uint64_t address, const void *data, size_t size);
  void (*transmit)(void *host, const nr_frame *frame);
  void (*set_interrupt)(void *host, int level);
  void (*arm_timer)(void *host, uint8_t id, uint64_t deadline_ns);
  void (*cancel_timer)(void *host, uint8_t id);
  void (*flush_receive)(void *host);
  /* What a host need not have; NULL: wire frames only, every read copied, no optimization that
   * defers. map_read returns how many bytes lie at *data. */
  size_t (*map_read)(void *host, uint64_t address, size_t size, const uint8_t **data);
  uint8_t (*transmit_offloads)(void *host); /* OffloadSet */
  void (*request_work)(void *host, uint64_t deadline_ns);
  void (*cancel_work)(void *host);
} nr_host_ops;

/* One page of ShadowPages, models/shadow_pages.h.  Each word is accessed atomically. */
typedef struct nr_shadow_page {
  uint32_t offset; /* in BAR 0 */
  uint32_t *words; /* 1024, at a page boundary, valid as long as the device */
} nr_shadow_page;

typedef struct nr_device nr_device;

typedef struct nr_model {
  const char *name;
  const char *summary;
  const char *options; /* one line a key */

  /*
   * NULL on failure, with a sentence in `error`.  `options`: "key=value,...".  `host_ops` and
   * `host` must outlive the device.
   */
  nr_device *(*create)(const struct nr_model *model, const char *options,
                       const nr_host_ops *host_ops, void *host, char *error, size_t error_size);
  void (*destroy)(nr_device *device);
  const nr_info *(*info)(nr_device *device);
  uint64_t (*read)(nr_device *device, uint8_t bar, uint32_t offset, uint8_t size);
  void (*write)(nr_device *device, uint8_t bar, uint32_t offset, uint8_t size, uint64_t value);
  uint32_t (*config_read)(nr_device *device, uint8_t offset, uint8_t size);
  void (*config_write)(nr_device *device, uint8_t offset, uint8_t size, uint32_t value);
  int (*can_receive)(nr_device *device);
  nr_receive_result (*receive)(nr_device *device, const nr_frame *frame);
  void (*set_link)(nr_device *device, int up);
  void (*timer)(nr_device *device, uint8_t id);
  void (*reset)(nr_device *device);
  size_t (*state_size)(nr_device *device);
  void (*save)(nr_device *device, uint8_t *out);
  int (*load)(nr_device *device, const uint8_t *state, size_t size); /* 0: refused */

  /* What a model need not have; NULL: as Device of device.h does it. */
  uint8_t (*receive_offloads)(nr_device *device); /* OffloadSet */
  size_t (*receive_burst)(nr_device *device, const nr_frame *frames, size_t count,
                          nr_receive_result *results);
  void (*work)(nr_device *device);
  void (*poll)(nr_device *device);
  size_t (*shadow_pages)(nr_device *device, const nr_shadow_page **pages);
  int (*shadow_active)(nr_device *device);

  size_t (*receive_room)(nr_device *device, size_t size);

  /* Which device's registers and descriptors the reports name: "e1000", "virtio-net", or NULL. */
  const char *family;
  const void *context; /* the model's own */
} nr_model;

typedef struct nr_library {
  uint32_t api_version; /* NICREPLAY_API_VERSION */
  size_t model_count;
  const nr_model *const *models;
} nr_library;

/* The one exported symbol, of libnicreplay.so and of plugins. */
const nr_library *nicreplay_library(void);

#ifdef __cplusplus
}
#endif
#endif
