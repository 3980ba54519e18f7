// SPDX-License-Identifier: MIT
// The device with the switches that put work off: asynctx, doorbell, irqmod and sidecore.
//
// Stock QEMU does everything at once, and drivers and tests may rely on more of that than they
// know.  So what was put off is completed before any access that could show it (Settle): all but
// writes of TDT and RDT and accesses of ICR, IMS and IMC, which are what a driver does at every
// interrupt and between packets.  Those have to be of 1, 2 or 4 bytes; 8 bytes reach the next
// register, too.  Work completes it as well, by the deadline that was asked of the host.
//
// Saved state holds what was put off, except for words of shadow pages: poll first.
#pragma once

#include <memory>

#include "models/e1000/opt/asynctx.h"
#include "models/e1000/opt/device.h"
#include "models/e1000/opt/doorbell.h"
#include "models/e1000/opt/irqmod.h"
#include "models/e1000/opt/sidecore.h"

namespace nicreplay::e1000 {

// What has to exist before the control plane does, which it leads its line to.
struct DeferredLine {
  DeferredLine(Host& host, SwitchSet switches)
      : pending(host),
        line(switches.has(Switch::kIrqmod) ? Moderation::kOn : Moderation::kOff, pending) {}

  PendingWork pending;
  ModeratedLine line;
};

class DeferringDevice final : private DeferredLine, public OptDevice {
 public:
  DeferringDevice(const Settings& settings, Host& host, SwitchSet switches);

  std::uint64_t Read(const Access& access) override;
  void Write(const Access& access, std::uint64_t value) override;
  std::uint32_t ConfigRead(std::uint8_t offset, std::uint8_t size) override;
  void ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint32_t value) override;
  void Work() override;
  void Poll() override;
  ShadowPages* shadow() override { return shadow_ ? &shadow_->pages() : nullptr; }
  void SetLink(LinkState state) override;
  void Reset() override;

  std::size_t StateSize() const override;
  void Save(MutableBytes out) const override;
  bool Load(Bytes state) override;
  bool PowerCycle() override;

 private:
  template <typename Self, typename Archive>
  static void PendingArchived(Self& self, Archive& archive) {
    HeldTail::Archived(self.tail_, archive);
    DoorbellQueue::Archived(self.doorbells_, archive);
    ModeratedLine::Archived(self.line, archive);
  }

  void Ring(std::uint32_t offset, std::uint32_t value);
  void WriteTail(std::uint32_t value);
  void Settle();
  void CompleteTransmit();
  void LeaveIfUnwanted();

  const SwitchSet switches_;
  HeldTail tail_;
  DoorbellQueue doorbells_;
  std::unique_ptr<ShadowRegisters> shadow_;  // with sidecore
};

}  // namespace nicreplay::e1000
