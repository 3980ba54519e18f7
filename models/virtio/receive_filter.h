// SPDX-License-Identifier: MIT
// Which frames the driver wants (virtio 1.2, 5.1.6.5.1 to 5.1.6.5.3).
#pragma once

#include <array>
#include <cstdint>

#include "models/device.h"
#include "models/options.h"
#include "models/virtio/net_spec.h"

namespace nicreplay::virtio {

enum class VlanFilter : std::uint8_t { kPassAll, kPassNone };  // what a table starts with

class ReceiveFilter {
 public:
  // As after a reset: promiscuous, until a driver says otherwise.
  void Reset(const MacAddress& mac);
  void ClearVlans(VlanFilter start);

  // Whether a frame gets through.  Bytes that a short frame does not have count as 0.
  bool Passes(Bytes frame) const;

  const MacAddress& mac() const { return mac_; }
  void set_mac(const MacAddress& mac) { mac_ = mac; }
  // A command of class VIRTIO_NET_CTRL_RX; false: there is no such command.
  bool SetMode(std::uint8_t command, bool on);
  void SetVlan(std::uint16_t id, bool on);

  // The table of addresses, unicast ones first; more than fit let everything of their kind pass.
  struct MacTable {
    std::array<std::uint8_t, kMaxMacEntries * 6> addresses{};
    std::uint32_t unicast = 0;
    std::uint32_t all = 0;
    bool unicast_overflow = false;
    bool multicast_overflow = false;
  };
  void SetTable(const MacTable& table) { table_ = table; }

  template <typename Self, typename Archive>
  static void Archived(Self& self, Archive& archive) {
    archive.Buffer(self.mac_);
    for (auto& mode : self.modes_) archive.Flag(mode);
    archive.Buffer(self.vlans_);
    archive.Buffer(self.table_.addresses);
    archive.Bounded(self.table_.unicast, std::uint32_t{kMaxMacEntries});
    archive.Bounded(self.table_.all, std::uint32_t{kMaxMacEntries});
    archive.Flag(self.table_.unicast_overflow);
    archive.Flag(self.table_.multicast_overflow);
  }

 private:
  static constexpr std::size_t kModes = 6;  // by command
  static constexpr std::size_t kVlans = 4096;

  bool TableHas(const std::uint8_t* address, std::uint32_t from, std::uint32_t to) const;
  bool PassesMulticast(const std::uint8_t* address) const;
  bool PassesUnicast(const std::uint8_t* address) const;

  MacAddress mac_{};
  std::array<bool, kModes> modes_{};
  std::array<std::uint8_t, kVlans / 8> vlans_{};  // bit: the VLAN passes
  MacTable table_;
};

}  // namespace nicreplay::virtio
