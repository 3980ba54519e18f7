// SPDX-License-Identifier: MIT
// PCI configuration space through ports 0xcf8 and 0xcfc (PCI 3.0, 3.2.2.3.2), as qtest commands.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "models/result.h"
#include "qtest/client.h"
#include "qtest/protocol.h"

namespace nicreplay {

inline constexpr std::uint16_t kPciConfigAddress = 0xcf8;
inline constexpr std::uint16_t kPciConfigData = 0xcfc;

// A function on bus 0.
struct PciAddress {
  std::uint8_t device = 0;    // 0 to 31
  std::uint8_t function = 0;  // 0 to 7

  bool operator==(const PciAddress&) const = default;
};

// What selects the dword at `offset` of the function's configuration space.
constexpr std::uint32_t PciConfigSelector(PciAddress address, std::uint8_t offset) {
  return 0x80000000u | std::uint32_t{address.device} << 11 | std::uint32_t{address.function} << 8 |
         (offset & 0xfcu);
}
// The function and the dword that a selector names; nothing if it does not enable an access, or
// names another bus.
struct PciSelection {
  PciAddress address;
  std::uint8_t offset = 0;
};
std::optional<PciSelection> SelectedBy(std::uint32_t selector);

// Two commands each; the second one's reply carries what is read.
std::array<QtestCommand, 2> PciConfigRead(PciAddress address, std::uint8_t offset,
                                          std::uint8_t size);
std::array<QtestCommand, 2> PciConfigWrite(PciAddress address, std::uint8_t offset,
                                           std::uint8_t size, std::uint32_t value);
// Post both; the number of the second one's reply.
std::size_t PostConfigRead(QtestClient& client, PciAddress address, std::uint8_t offset,
                           std::uint8_t size);
std::size_t PostConfigWrite(QtestClient& client, PciAddress address, std::uint8_t offset,
                            std::uint8_t size, std::uint32_t value);

// Where the BARs of a function are, as far as it decodes them.
struct PciBars {
  static constexpr std::size_t kCount = 6;

  struct Bar {
    enum class Kind : std::uint8_t { kAbsent, kMemory, kIo };
    Kind kind = Kind::kAbsent;
    std::uint64_t base = 0;
  };
  std::array<Bar, kCount> bar;

  // From the command register and the BARs as they read.
  static PciBars Decode(std::uint16_t command, const std::array<std::uint32_t, kCount>& bars);
};

// What a network controller on the bus says of itself.
struct PciNic {
  PciAddress address;
  std::uint16_t vendor_id = 0;
  std::uint16_t device_id = 0;
};
// The first network controller of bus 0.
Result<PciNic> FindNic(QtestClient& client);

}  // namespace nicreplay
