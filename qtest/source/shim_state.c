/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state as bytes: the source's structure as it is, without the addresses in it. */
#include "qtest/source/shim_instance.h"

typedef struct saved_surroundings {
  uint8_t link_down;
  uint8_t receive_disabled;
  uint8_t timer_pending[kNicreplayMaxTimers];
} saved_surroundings;

static uint8_t *private_state(const nicreplay_instance *instance) {
  return (uint8_t *)instance->device + sizeof(PCIDevice);
}

static size_t private_size(const nicreplay_instance *instance) {
  return instance->device_size - sizeof(PCIDevice);
}

size_t nicreplay_state_size(const nicreplay_instance *instance) {
  return sizeof(saved_surroundings) + private_size(instance);
}

void nicreplay_save(const nicreplay_instance *instance, uint8_t *state) {
  saved_surroundings saved = {
      .link_down = instance->nic->client.link_down != 0,
      .receive_disabled = instance->nic->client.receive_disabled,
  };
  for (size_t i = 0; i < instance->timer_count; i++) {
    saved.timer_pending[i] = instance->timers[i].pending;
  }
  memcpy(state, &saved, sizeof saved);
  state += sizeof saved;
  memcpy(state, private_state(instance), private_size(instance));
  for (size_t i = 0; i < instance->pointer_word_count; i++) {
    memset(state + instance->pointer_words[i] - sizeof(PCIDevice), 0, sizeof(uintptr_t));
  }
}

/* Leaves the words that hold addresses as they are, and copies what lies between them. */
void nicreplay_load(nicreplay_instance *instance, const uint8_t *state) {
  saved_surroundings saved;
  memcpy(&saved, state, sizeof saved);
  state += sizeof saved;
  instance->nic->client.link_down = saved.link_down != 0;
  instance->nic->client.receive_disabled = saved.receive_disabled != 0;
  for (size_t i = 0; i < instance->timer_count; i++) {
    instance->timers[i].pending = saved.timer_pending[i] != 0;
  }
  size_t from = 0;
  for (size_t i = 0; i < instance->pointer_word_count; i++) {
    size_t pointer = instance->pointer_words[i] - sizeof(PCIDevice);
    memcpy(private_state(instance) + from, state + from, pointer - from);
    from = pointer + sizeof(uintptr_t);
  }
  memcpy(private_state(instance) + from, state + from, private_size(instance) - from);
}
