// SPDX-License-Identifier: MIT
#include "models/e1000/datapath_device.h"

#include "models/net/byte_order.h"

namespace nicreplay::e1000 {
namespace {

constexpr std::uint32_t kStateVersion = 1;

}  // namespace

Fingerprint FingerprintOf(const Settings& settings) {
  const auto bit = [](Feature feature, int place) {
    return feature == Feature::kOn ? 1u << place : 0u;
  };
  Fingerprint bytes{};
  StoreBe32(&bytes[0], kStateVersion);
  StoreBe32(&bytes[4], settings.rom_size);
  bytes[8] = static_cast<std::uint8_t>(settings.variant);
  bytes[9] =
      static_cast<std::uint8_t>(bit(settings.autonegotiation, 0) | bit(settings.mitigation, 1) |
                                bit(settings.extra_mac_registers, 2) | bit(settings.init_vet, 3));
  std::copy(settings.mac.begin(), settings.mac.end(), bytes.begin() + 10);
  return bytes;
}

}  // namespace nicreplay::e1000
