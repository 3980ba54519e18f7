// SPDX-License-Identifier: MIT
// What is fixed when an e1000 is created.
#pragma once

#include <cstdint>

#include "models/device.h"
#include "models/options.h"
#include "models/result.h"

namespace nicreplay::e1000 {

enum class Variant : std::uint8_t { k82540EM, k82544GC, k82545EM };
enum class Feature : std::uint8_t { kOff, kOn };

struct Settings {
  Variant variant = Variant::k82540EM;
  MacAddress mac = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
  Feature autonegotiation = Feature::kOn;
  Feature mitigation = Feature::kOn;
  Feature extra_mac_registers = Feature::kOn;
  Feature init_vet = Feature::kOn;
  std::uint32_t rom_size = 0;

  // Takes the keys of SettingsHelp() and leaves the others.
  static Result<Settings> Take(Options& options);

  std::uint16_t device_id() const;
  std::uint16_t phy_id2() const;
};

// One line a key, for ModelEntry::options.
const char* SettingsHelp();

DeviceInfo InfoOf(const Settings& settings);

}  // namespace nicreplay::e1000
