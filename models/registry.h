// SPDX-License-Identifier: MIT
// Models by name.  A new model is one ModelEntry; it then has recording, replay, fuzzing and
// benchmarks.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "models/device.h"
#include "models/options.h"
#include "models/result.h"

namespace nicreplay {

// Turns addresses and bytes into the manual's names, for `show` and for divergence reports.  It
// follows the stimuli of a session (ring bases, lengths) on its own, so it works on any trace of
// the device, whatever model ran it.
class Describer {
 public:
  virtual ~Describer() = default;

  // Every stimulus that the device saw, in order.
  virtual void OnWrite(const Access& access, std::uint64_t value) = 0;
  virtual void OnReset() = 0;

  // "TDT", "MTA[17]", "0x00abc" where the device has no register.
  virtual std::string RegisterName(const Access& access) const = 0;
  // Fields that differ or are set, by name: "RXT0 TXDW"; empty where the register has no fields
  // worth naming.
  virtual std::string RegisterFields(const Access& access, std::uint64_t value) const = 0;
  // What lies at a guest address: "RX descriptor 5 status", "TX descriptor 12 upper"; empty: plain
  // memory.
  virtual std::string MemoryName(GuestAddress address) const = 0;
  // "flush timer"
  virtual std::string TimerName(TimerId id) const { return "timer " + std::to_string(id); }
  // Whether the byte tells the driver that what was written before it is complete (DD, used index).
  virtual bool IsCompletionMarker(GuestAddress address) const = 0;
  // Whether one of these addresses may be one: false saves looking at each.
  virtual bool MayHoldMarkers(GuestAddress /*first*/, GuestAddress /*last*/) const { return true; }
  // One line for the bytes of a DMA that starts at `address`; empty: nothing better than a hex
  // dump.
  virtual std::string DescribeMemory(GuestAddress address, Bytes bytes) const = 0;
};

struct ModelEntry {
  std::string name;     // "e1000-stock"
  std::string summary;  // one line for `nicreplay models`
  std::string
      options;  // one line a key: "mac=52:54:00:12:34:56  station address", newline separated

  // A device in its state after power-on, before Reset.  `host` must outlive it.
  Result<std::unique_ptr<Device>> (*create)(const ModelEntry& self, const Options& options,
                                            Host& host);
  std::unique_ptr<Describer> (*describer)();  // never null; one of models/families.h
  const void* context = nullptr;              // the entry's own, for create
};

// All models of this build and of loaded plugins, in the order of their registration.  Valid until
// the next registration.
std::span<const ModelEntry* const> Models();

// Adds a model that not every build has.  `entry` must live for ever; a name that is taken stays as
// it is, so that registering twice is harmless.  Like everything here, not for several threads.
void RegisterModel(const ModelEntry* entry);

// Error kUsage that lists the known names.
Result<const ModelEntry*> FindModel(std::string_view name);
Result<std::unique_ptr<Device>> CreateModel(std::string_view name, std::string_view options,
                                            Host& host);

// Adds the models of a shared object that exports nicreplay_library (c_api.h).  It is never
// unloaded.
Result<std::monostate> LoadPlugin(const std::string& path);

}  // namespace nicreplay
