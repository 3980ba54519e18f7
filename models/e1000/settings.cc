// SPDX-License-Identifier: MIT
#include "models/e1000/settings.h"

#include <array>
#include <bit>
#include <string>
#include <string_view>

#include "models/e1000/registers.h"
#include "models/e1000/timers.h"

namespace nicreplay::e1000 {
namespace {

constexpr std::uint16_t kVendorIntel = 0x8086;
constexpr std::uint8_t kRevision = 3;
constexpr std::uint32_t kClassEthernet = 0x020000;
constexpr std::uint64_t kMinRomSize = 2048;
constexpr std::uint64_t kMaxRomSize = 16 << 20;

struct VariantRow {
  std::string_view name;
  std::uint16_t device_id;
  std::uint16_t phy_id2;
};
// Indexed by Variant.  PHY identifiers: 8254x manual, 13.4.7.1.
constexpr std::array<VariantRow, 3> kVariants = {
    {{"82540em", 0x100e, 0x0c20}, {"82544gc", 0x100c, 0x0c30}, {"82545em", 0x100f, 0x0c20}}};

Result<std::monostate> TakeFeature(Options& options, const std::string& key, Feature& feature) {
  const Result<bool> value = options.TakeSwitch(key, feature == Feature::kOn);
  if (!value) return tl::make_unexpected(value.error());
  feature = *value ? Feature::kOn : Feature::kOff;
  return {};
}

Result<Variant> TakeVariant(Options& options) {
  const std::string name = options.TakeText("device", std::string(kVariants[0].name));
  for (std::size_t i = 0; i < kVariants.size(); ++i) {
    if (kVariants[i].name == name) return static_cast<Variant>(i);
  }
  return Fail(ErrorCode::kUsage,
              "device=" + name + " is not known; there are 82540em, 82544gc and 82545em");
}

Result<std::uint32_t> TakeRomSize(Options& options) {
  const Result<std::uint64_t> size = options.TakeNumber("rom_size", 0, kMaxRomSize);
  if (!size) return tl::make_unexpected(size.error());
  if (*size != 0 && (*size < kMinRomSize || !std::has_single_bit(*size))) {
    return Fail(ErrorCode::kUsage, "rom_size must be 0 or a power of two of at least 2048");
  }
  return static_cast<std::uint32_t>(*size);
}

}  // namespace

Result<Settings> Settings::Take(Options& options) {
  Settings settings;
  const Result<Variant> variant = TakeVariant(options);
  if (!variant) return tl::make_unexpected(variant.error());
  settings.variant = *variant;
  const Result<MacAddress> mac = options.TakeMac("mac", settings.mac);
  if (!mac) return tl::make_unexpected(mac.error());
  settings.mac = *mac;
  const Result<std::uint32_t> rom_size = TakeRomSize(options);
  if (!rom_size) return tl::make_unexpected(rom_size.error());
  settings.rom_size = *rom_size;
  const std::array<std::pair<const char*, Feature*>, 4> features = {
      {{"autonegotiation", &settings.autonegotiation},
       {"mitigation", &settings.mitigation},
       {"extra_mac_registers", &settings.extra_mac_registers},
       {"init_vet", &settings.init_vet}}};
  for (const auto& [key, feature] : features) {
    if (const auto taken = TakeFeature(options, key, *feature); !taken) {
      return tl::make_unexpected(taken.error());
    }
  }
  return settings;
}

std::uint16_t Settings::device_id() const {
  return kVariants[static_cast<std::size_t>(variant)].device_id;
}

std::uint16_t Settings::phy_id2() const {
  return kVariants[static_cast<std::size_t>(variant)].phy_id2;
}

const char* SettingsHelp() {
  return "device=82540em|82544gc|82545em  the chip (default 82540em)\n"
         "mac=XX:XX:XX:XX:XX:XX  station address in EEPROM and RA[0] (default 52:54:00:12:34:56)\n"
         "autonegotiation=on|off  emulate link autonegotiation (default on)\n"
         "mitigation=on|off  ITR, RADV and TADV work (default on)\n"
         "extra_mac_registers=on|off  registers that QEMU 2.5 added (default on)\n"
         "init_vet=on|off  VET is 0x8100 after a reset (default on)\n"
         "rom_size=N  bytes of the expansion ROM BAR (default 0: none)";
}

DeviceInfo InfoOf(const Settings& settings) {
  DeviceInfo info;
  info.vendor_id = kVendorIntel;
  info.device_id = settings.device_id();
  info.revision = kRevision;
  info.class_code = kClassEthernet;
  info.bars[0] = {BarInfo::Kind::kMemory32, kBar0Size};
  info.bars[1] = {BarInfo::Kind::kIo, kBar1Size};
  info.timers = kTimerNames;
  return info;
}

}  // namespace nicreplay::e1000
