// SPDX-License-Identifier: MIT
// What is fixed when a virtio-net device is created.  Options are named as QEMU's properties where
// it has them.
#pragma once

#include <cstdint>
#include <optional>

#include "models/device.h"
#include "models/options.h"
#include "models/result.h"
#include "models/virtio/pci_transport.h"
#include "models/virtio/spec.h"

namespace nicreplay::virtio {

enum class Backend : std::uint8_t { kPlain, kOffloads };
// Whether headers without mergeable buffers carry num_buffers, as the specification demands.
enum class NumBuffers : std::uint8_t { kUnset, kSet };

struct Settings {
  static constexpr std::uint8_t kUnknownDuplex = 0xff;

  MacAddress mac = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
  Interface interface = Interface::kTransitional;
  std::uint32_t vectors = 0;
  std::uint32_t queue_pairs = 1;
  std::uint32_t rx_queue_size = 256;
  std::uint32_t tx_queue_size = 256;
  std::uint16_t mtu = 0;             // 0: not offered
  std::uint32_t speed = 0xffffffff;  // Mbit/s; unknown
  std::uint8_t duplex = kUnknownDuplex;
  std::uint32_t rom_size = 0;
  NumBuffers num_buffers = NumBuffers::kSet;
  Backend backend = Backend::kPlain;
  Features offered;               // with what the transport adds
  std::uint32_t config_size = 0;  // of the device's configuration space

  // Takes the keys of SettingsHelp() and leaves the others.
  static Result<Settings> Take(Options& options);

  std::uint32_t queue_slots() const { return 2 * queue_pairs + 1; }
};

// One line a key, for ModelEntry::options.
std::string SettingsHelp();

DeviceInfo InfoOf(const Settings& settings);

}  // namespace nicreplay::virtio
