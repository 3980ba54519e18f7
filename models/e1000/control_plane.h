// SPDX-License-Identifier: MIT
// Everything of the device but the work on its rings: registers and their rules, EEPROM, link,
// interrupts, receive control, PCI configuration, timers.  A datapath sits on top and uses it.
#pragma once

#include <cstdint>

#include "models/device.h"
#include "models/e1000/eeprom.h"
#include "models/e1000/interrupts.h"
#include "models/e1000/link.h"
#include "models/e1000/receive_control.h"
#include "models/e1000/register_file.h"
#include "models/e1000/settings.h"
#include "models/pci_config.h"

namespace nicreplay::e1000 {

// What a register write asks of the datapath.
enum class Doorbell : std::uint8_t { kNone, kTransmit };

class ControlPlane {
 public:
  // `line`: where the interrupt pin leads, mostly the host itself.
  ControlPlane(const Settings& settings, Host& host, InterruptLine& line);
  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;

  const DeviceInfo& info() const { return info_; }
  const Settings& settings() const { return settings_; }
  Host& host() { return host_; }
  PciConfig& pci() { return pci_; }
  const PciConfig& pci() const { return pci_; }
  RegisterFile& registers() { return registers_; }
  const RegisterFile& registers() const { return registers_; }
  Interrupts& interrupts() { return interrupts_; }
  Link& link() { return link_; }
  ReceiveControl& receive_control() { return receive_control_; }
  const ReceiveControl& receive_control() const { return receive_control_; }

  // One dword of BAR 0; `offset` is a multiple of 4 below kBar0Size.
  std::uint32_t ReadRegister(std::uint32_t offset);
  [[nodiscard]] Doorbell WriteRegister(std::uint32_t offset, std::uint32_t value);

  void ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint32_t value);
  bool CanReceive() const;
  void OnTimer(TimerId id);
  void Reset();

  // Bus mastering (PCI 3.0, 6.2.2): while it is off, reads give zeros and writes go nowhere.
  void DmaRead(GuestAddress address, MutableBytes out);
  void DmaWrite(GuestAddress address, Bytes data);
  Bytes MapRead(GuestAddress address, std::size_t size);

  // Everything but the PCI configuration space, which has a format of its own.
  template <typename Self, typename Archive>
  static void Archived(Self& self, Archive& archive) {
    RegisterFile::Archived(self.registers_, archive);
    Eeprom::Archived(self.eeprom_, archive);
    Interrupts::Archived(self.interrupts_, archive);
    Link::Archived(self.link_, archive);
    ReceiveControl::Archived(self.receive_control_, archive);
  }

 private:
  bool Accessible(const RegisterRow& row, std::uint32_t offset) const;
  std::uint32_t ReadAndClear(std::uint32_t offset);
  std::uint32_t ReadAndClearPair(std::uint32_t high);

  const Settings settings_;
  const DeviceInfo info_;
  Host& host_;
  InterruptLine& line_;
  PciConfig pci_;
  RegisterFile registers_;
  Eeprom eeprom_;
  Interrupts interrupts_;
  Link link_;
  ReceiveControl receive_control_;
};

}  // namespace nicreplay::e1000
