/* SPDX-License-Identifier: MIT */
/*
 * A model in plain C, for the tests of LoadPlugin: 16 bytes of registers in BAR 0; a received frame
 * is transmitted again, its size is stored at address 0x1000, and the line goes up.  Built several
 * times, with something wrong each time but once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/c_api.h"

struct nr_device {
  const nr_host_ops *ops;
  void *host;
  uint8_t registers[16];
  uint8_t config[256];
};

static nr_device *create(const nr_model *model, const char *options, const nr_host_ops *ops,
                         void *host, char *error, size_t error_size) {
  (void)model;
  if (strcmp(options, "fail=on") == 0) {
    snprintf(error, error_size, "told to fail");
    return NULL;
  }
  nr_device *device = calloc(1, sizeof *device);
  device->ops = ops;
  device->host = host;
  return device;
}

static void destroy(nr_device *device) { free(device); }

static const nr_info *info(nr_device *device) {
  static const char *const timers[] = {"tick"};
  static const nr_info fixed = {
    .vendor_id = 0x1234,
    .device_id = 0x5678,
    .class_code = 0x020000,
#if defined(PLUGIN_ODD_BAR)
    .bars = {{NR_BAR_MEMORY32, 17}},
#elif defined(PLUGIN_STRANGE_BAR)
    .bars = {{99, 16}},
#else
    .bars = {{NR_BAR_MEMORY32, 16}},
#endif
    .timer_count = 1,
    .timer_names = timers,
  };
  (void)device;
  return &fixed;
}

static int inside(uint8_t bar, uint32_t offset, uint8_t size) {
  return bar == 0 && size <= 8 && offset <= 16u - size;
}

static uint64_t read_register(nr_device *device, uint8_t bar, uint32_t offset, uint8_t size) {
  uint64_t value = 0;
  if (inside(bar, offset, size)) memcpy(&value, device->registers + offset, size);
  return value;
}

static void write_register(nr_device *device, uint8_t bar, uint32_t offset, uint8_t size,
                           uint64_t value) {
  if (inside(bar, offset, size)) memcpy(device->registers + offset, &value, size);
  device->ops->arm_timer(device->host, 0, device->ops->now(device->host) + 10);
}

static uint32_t config_read(nr_device *device, uint8_t offset, uint8_t size) {
  uint32_t value = 0;
  if (size <= 4 && offset <= 256 - size) memcpy(&value, device->config + offset, size);
  return value;
}

static void config_write(nr_device *device, uint8_t offset, uint8_t size, uint32_t value) {
  if (size <= 4 && offset <= 256 - size) memcpy(device->config + offset, &value, size);
}

static int can_receive(nr_device *device) { return device->registers[0] != 0; }

static nr_receive_result receive(nr_device *device, const nr_frame *frame) {
  uint32_t size = 0;
  for (size_t i = 0; i < frame->piece_count; ++i) size += (uint32_t)frame->pieces[i].size;
  device->ops->dma_write(device->host, 0x1000, &size, sizeof size);
  device->ops->transmit(device->host, frame);
  device->ops->set_interrupt(device->host, 1);
  return NR_CONSUMED;
}

static void set_link(nr_device *device, int up) { device->registers[1] = (uint8_t)up; }
static void timer(nr_device *device, uint8_t id) { device->registers[2] = (uint8_t)(id + 1); }
static void reset(nr_device *device) { memset(device->registers, 0, sizeof device->registers); }
static size_t state_size(nr_device *device) { return sizeof device->registers; }
static void save(nr_device *device, uint8_t *out) {
  memcpy(out, device->registers, sizeof device->registers);
}
static int load(nr_device *device, const uint8_t *state, size_t size) {
  if (size != sizeof device->registers) return 0;
  memcpy(device->registers, state, size);
  return 1;
}

static const nr_model echo_model = {
    .name = "test-echo",
    .summary = "sends back what it receives",
    .options = "fail=off  refuse to start",
    .create = create,
    .destroy = destroy,
    .info = info,
    .read = read_register,
    .write = write_register,
    .config_read = config_read,
    .config_write = config_write,
    .can_receive = can_receive,
#ifndef PLUGIN_INCOMPLETE
    .receive = receive,
#endif
    .set_link = set_link,
    .timer = timer,
    .reset = reset,
    .state_size = state_size,
    .save = save,
    .load = load,
};

static const nr_model *const model_list[] = {
    &echo_model,
#ifdef PLUGIN_TWICE
    &echo_model,
#endif
};

#ifndef PLUGIN_VERSION
#define PLUGIN_VERSION NICREPLAY_API_VERSION
#endif

static const nr_library library = {
    .api_version = PLUGIN_VERSION,
#ifdef PLUGIN_ENDLESS
    .model_count = SIZE_MAX,
#else
    .model_count = sizeof model_list / sizeof *model_list,
#endif
    .models = model_list,
};

#ifdef PLUGIN_NO_SYMBOL
#define nicreplay_library something_else
const nr_library *something_else(void);
#endif
__attribute__((visibility("default"))) const nr_library *nicreplay_library(void) {
  (void)receive; /* where the variant leaves it out */
#ifdef PLUGIN_NOTHING
  (void)library;
  return NULL;
#else
  return &library;
#endif
}
