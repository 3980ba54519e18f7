/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device type: properties and life. */
/* clang-format off: QEMU wants osdep.h before everything else */
#include "qemu/osdep.h"
/* clang-format on */

#include "migration/vmstate.h"
#include "nicreplay.h"
#include "qemu/module.h"

static void realize(PCIDevice *pci, Error **errp) {
  NicReplayState *s = NICREPLAY(pci);

  qemu_macaddr_default_if_unset(&s->conf.macaddr);
  nicreplay_start_timers(s);
  nicreplay_dma_init(s);
  if (!nicreplay_open_model(s, errp)) {
    goto no_model;
  }
  nicreplay_present(s);
  if (!nicreplay_shadow_init(s, errp)) {
    goto no_model;
  }
  nicreplay_net_init(s);
  if (!s->use_worker || nicreplay_worker_start(s, errp)) {
    return;
  }
  nicreplay_net_finalize(s);
  nicreplay_shadow_finalize(s);
no_model:
  nicreplay_close_model(s);
  nicreplay_dma_finalize(s);
  nicreplay_stop_timers(s);
}

static void unrealize(PCIDevice *pci) {
  NicReplayState *s = NICREPLAY(pci);

  if (s->worker) {
    nicreplay_worker_stop(s);
  }
  nicreplay_shadow_finalize(s);
  nicreplay_close_model(s);
  nicreplay_dma_finalize(s);
  nicreplay_stop_timers(s);
  nicreplay_net_finalize(s);
}

static ClassProperty properties[] = {
    DEFINE_NIC_PROPERTIES(NicReplayState, conf),
    DEFINE_PROP_STRING("model", NicReplayState, model_name),
    DEFINE_PROP_STRING("library", NicReplayState, library_path),
    DEFINE_PROP_STRING("options", NicReplayState, options),
    DEFINE_PROP_STRING("opt", NicReplayState, opt),
    DEFINE_PROP_STRING("record", NicReplayState, record_path),
    DEFINE_PROP_BOOL("worker", NicReplayState, use_worker, false),
    DEFINE_PROP_UINT32("poll-us", NicReplayState, poll_us, 50),
#ifdef DEFINE_PROP_END_OF_LIST
    DEFINE_PROP_END_OF_LIST(),
#endif
};

static void class_init(ObjectClass *class, ClassData *data) {
  DeviceClass *dc = DEVICE_CLASS(class);
  PCIDeviceClass *pc = PCI_DEVICE_CLASS(class);

  pc->realize = realize;
  pc->exit = unrealize;
  dc->desc = "NIC model of a nicreplay library";
  dc->vmsd = &nicreplay_vmstate;
#if NICREPLAY_QEMU_AT_LEAST(9, 2)
  device_class_set_legacy_reset(dc, nicreplay_reset);
#else
  dc->reset = nicreplay_reset;
#endif
  device_class_set_props(dc, properties);
  set_bit(DEVICE_CATEGORY_NETWORK, dc->categories);
}

static void add_counters(NicReplayState *s) {
  const struct {
    const char *name;
    uint64_t *value;
  } counters[] = {
      {"register-reads", &s->counters.register_reads},
      {"register-writes", &s->counters.register_writes},
      {"interrupts", &s->counters.interrupts},
      {"frames-out", &s->counters.frames_out},
      {"bytes-out", &s->counters.bytes_out},
      {"frames-in", &s->counters.frames_in},
      {"bytes-in", &s->counters.bytes_in},
      {"works", &s->counters.works},
      {"works-late", &s->counters.works_late},
      {"polls", &s->counters.polls},
      {"bursts", &s->counters.bursts},
      {"send-failures", &s->counters.send_failures},
  };

  for (size_t i = 0; i < ARRAY_SIZE(counters); i++) {
    object_property_add_uint64_ptr(OBJECT(s), counters[i].name, counters[i].value,
                                   OBJ_PROP_FLAG_READ);
  }
}

static void instance_init(Object *object) {
  NicReplayState *s = NICREPLAY(object);

  nicreplay_model_init(s);
  add_counters(s);
  device_add_bootindex_property(object, &s->conf.bootindex, "bootindex", "/ethernet-phy@0",
                                DEVICE(object));
}

static void instance_finalize(Object *object) { nicreplay_model_finalize(NICREPLAY(object)); }

static const TypeInfo nicreplay_info = {
    .name = TYPE_NICREPLAY,
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(NicReplayState),
    .instance_init = instance_init,
    .instance_finalize = instance_finalize,
    .class_init = class_init,
    .interfaces = (InterfaceInfo[]){{INTERFACE_CONVENTIONAL_PCI_DEVICE}, {}},
};

static void register_types(void) { type_register_static(&nicreplay_info); }

type_init(register_types)
