// SPDX-License-Identifier: MIT
// Interrupt causes, mask, line and the moderation window (8254x manual, 13.4.17 to 13.4.21).
#pragma once

#include <cstdint>

#include "models/device.h"
#include "models/e1000/register_file.h"
#include "models/e1000/settings.h"
#include "models/pci_config.h"

namespace nicreplay::e1000 {

class Interrupts {
 public:
  Interrupts(Feature mitigation, RegisterFile& registers, PciConfig& pci, Host& host,
             InterruptLine& line)
      : mitigation_(mitigation), registers_(registers), pci_(pci), host_(host), line_(line) {}

  void Raise(std::uint32_t causes) { SetCauses(registers_[kICR] | causes); }

  // Replaces all causes and brings the line up to date, as far as the moderation window lets it.
  void SetCauses(std::uint32_t causes);

  // A transmit descriptor asked for a delayed interrupt (IDE), which enables TADV.
  void NoteTransmitDelay() { transmit_delay_asked_ = true; }

  // The moderation window is over.
  void OnTimer();

  // The line itself falls with the reset of the PCI function.
  void Reset();

  template <typename Self, typename Archive>
  static void Archived(Self& self, Archive& archive) {
    archive.Flag(self.window_open_);
    archive.Flag(self.line_high_);
    archive.Flag(self.transmit_delay_asked_);
  }

 private:
  void OpenWindow(std::uint32_t pending);

  const Feature mitigation_;
  RegisterFile& registers_;
  PciConfig& pci_;
  Host& host_;
  InterruptLine& line_;
  bool window_open_ = false;
  bool line_high_ = false;
  bool transmit_delay_asked_ = false;
};

}  // namespace nicreplay::e1000
