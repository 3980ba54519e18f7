// SPDX-License-Identifier: MIT
#include "models/e1000/opt/irqmod.h"

#include "models/e1000/deferral.h"

namespace nicreplay::e1000 {
namespace {

constexpr Nanoseconds kPause = 4 * kLineDeferral;

}  // namespace

Nanoseconds ModeratedLine::DueTime(Nanoseconds now) const {
  if (moderation_ == Moderation::kOff || !rose_ || paused_) return now;
  return std::max(now, last_rise_ + kLineDeferral);
}

void ModeratedLine::SetInterrupt(LineLevel level) {
  if (level == LineLevel::kHigh) {
    const Nanoseconds now = pending_.host().Now();
    const Nanoseconds due = DueTime(now);
    if (due <= now) {
      Rise();
    } else {
      withheld_ = true;
      pending_.Add(PutOff::kLine, due);
    }
  } else if (withheld_) {
    withheld_ = false;
    pending_.Remove(PutOff::kLine);
  } else {
    pending_.host().SetInterrupt(LineLevel::kLow);
  }
}

void ModeratedLine::Rise() {
  const Nanoseconds now = pending_.host().Now();
  paused_ = !rose_ || now - last_rise_ >= kPause;
  last_rise_ = now;
  rose_ = true;
  pending_.host().SetInterrupt(LineLevel::kHigh);
}

void ModeratedLine::Release() {
  if (!withheld_) return;
  withheld_ = false;
  pending_.Remove(PutOff::kLine);
  Rise();
}

void ModeratedLine::Resume() {
  if (withheld_) pending_.Add(PutOff::kLine, pending_.host().Now());
}

}  // namespace nicreplay::e1000
