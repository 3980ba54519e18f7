// SPDX-License-Identifier: MIT
// The copper PHY, reached through MDIC, and what the link's state does to STATUS (8254x manual,
// 13.4.7 and chapter 8; PHY registers as IEEE 802.3, clause 22, names them).
#pragma once

#include <array>
#include <cstdint>

#include "models/device.h"
#include "models/e1000/interrupts.h"
#include "models/e1000/register_file.h"
#include "models/e1000/settings.h"

namespace nicreplay::e1000 {

class Link {
 public:
  Link(const Settings& settings, RegisterFile& registers, Interrupts& interrupts, Host& host)
      : autonegotiation_(settings.autonegotiation),
        phy_id2_(settings.phy_id2()),
        registers_(registers),
        interrupts_(interrupts),
        host_(host) {}

  LinkState state() const { return state_; }
  bool loopback() const { return (phy_[phy::kPCTRL] & phy::kCtrlLoopback) != 0; }

  // The cable, as the network says.
  void SetState(LinkState state);

  void WriteMdic(std::uint32_t value);

  // Autonegotiation is over.
  void OnTimer();

  // After the registers were reset; the cable's state survives.
  void Reset();

  template <typename Self, typename Archive>
  static void Archived(Self& self, Archive& archive) {
    archive.Bounded(self.state_, LinkState::kUp);
    for (auto& value : self.phy_) archive.Number(value);
  }

 private:
  bool NegotiationPossible() const;
  void LinkDown();
  void LinkUp();
  void RestartNegotiation();
  std::uint32_t WritePhy(std::uint8_t address, std::uint32_t mdic);
  void WriteControl(std::uint16_t value);

  const Feature autonegotiation_;
  const std::uint16_t phy_id2_;
  RegisterFile& registers_;
  Interrupts& interrupts_;
  Host& host_;
  LinkState state_ = LinkState::kUp;
  std::array<std::uint16_t, phy::kRegisters> phy_{};
};

}  // namespace nicreplay::e1000
