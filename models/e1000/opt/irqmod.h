// SPDX-License-Identifier: MIT
// irqmod: rising edges of INTA# are spaced out when they are many.
//
// A rise comes at once after a pause, and so does the next one; in traffic, kLineDeferral after the
// one before.  Registers, ICR above all, show causes when they arise, and a falling edge is
// immediate: an interrupt that the driver has dealt with meanwhile never happens.  A driver cannot
// tell it from a slow interrupt controller.
#pragma once

#include "models/device.h"
#include "models/e1000/opt/pending_work.h"

namespace nicreplay::e1000 {

enum class Moderation : std::uint8_t { kOff, kOn };

class ModeratedLine final : public InterruptLine {
 public:
  ModeratedLine(Moderation moderation, PendingWork& pending)
      : moderation_(moderation), pending_(pending) {}

  void SetInterrupt(LineLevel level) override;

  // Lets the rise through that is withheld, if one is.
  void Release();

  template <typename Self, typename Archive>
  static void Archived(Self& self, Archive& archive) {
    archive.Number(self.last_rise_);
    archive.Flag(self.rose_);
    archive.Flag(self.paused_);
    archive.Flag(self.withheld_);
  }
  void Resume();

 private:
  Nanoseconds DueTime(Nanoseconds now) const;
  void Rise();

  const Moderation moderation_;
  PendingWork& pending_;
  Nanoseconds last_rise_ = 0;
  bool rose_ = false;    // ever
  bool paused_ = false;  // before the last rise
  bool withheld_ = false;
};

}  // namespace nicreplay::e1000
