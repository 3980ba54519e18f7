// SPDX-License-Identifier: MIT
// e1000-deferred: the reference of the deferred and polled contracts.  It is e1000-stock with its
// engines started later, by an explicit call, and nothing else: whatever a driver sees of an
// optimization that puts work off, this device must have been able to show it.  Slow and plain on
// purpose.
//
// What may be put off (option defer=tx+doorbell+line+shadow):
//  - tx: a TDT write is held, the latest one only, instead of working the ring;
//  - doorbell: TDT and RDT writes are queued, all of them;
//  - line: a rising edge of INTA# is withheld; a falling edge is immediate and forgets the rise;
//  - shadow: the pages at 0x2000 and 0x3000 are memory that a poll takes up and publishes.
// Work() completes all that is pending: doorbells in order, then transmit, then the line.  So does,
// before its own effect, every access other than a write of TDT or RDT and an access to ICR, IMS or
// IMC (BAR 0, 1, 2 or 4 bytes), and so do SetLink and Reset.  Receive and Timer do not.
//
// Shadowed registers: Poll() first completes doorbells and transmit; takes up, if the pages are
// active, the words that changed since they were published, straight into stock's registers and in
// ascending order, RDT and then TDT last; and publishes what a read of each register returns, if
// the device is enabled (bus mastering, and TCTL.EN or RCTL.EN).  With that the pages are active,
// until the device is found not enabled, by a poll or after an access that completes pending work,
// or is reset.  Such an access takes up changed words, too, after the doorbells.  A write of
// the value that is published is not seen.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "models/device.h"
#include "models/registry.h"
#include "models/shadow_pages.h"

namespace nicreplay {

namespace e1000 {

struct DeferredParts {
  bool transmit = false;
  bool doorbell = false;
  bool line = false;
  bool shadow = false;
};

// Save keeps no pending work: call Work() first.
class DeferredDevice final : public Device {
 public:
  static Result<std::unique_ptr<DeferredDevice>> Create(DeferredParts parts,
                                                        const Options& stock_options, Host& host);
  ~DeferredDevice() override;

  // For a checker that sees that the device under test finished early.
  bool RisePending() const { return withheld_rise_; }
  bool TransmitPending() const { return !doorbells_.empty() || tail_held_; }
  void CompleteLine();
  void CompleteTransmit();

  const DeviceInfo& info() const override { return stock_->info(); }
  std::uint64_t Read(const Access& access) override;
  void Write(const Access& access, std::uint64_t value) override;
  std::uint32_t ConfigRead(std::uint8_t offset, std::uint8_t size) override;
  void ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint32_t value) override;
  bool CanReceive() const override { return stock_->CanReceive(); }
  ReceiveResult Receive(const Frame& frame) override { return stock_->Receive(frame); }
  void Work() override;
  void Poll() override;
  ShadowPages* shadow() override { return parts_.shadow ? &shadow_ : nullptr; }
  void SetLink(LinkState state) override;
  void Timer(TimerId id) override { stock_->Timer(id); }
  void Reset() override;
  bool PowerCycle() override;
  std::size_t StateSize() const override { return stock_->StateSize(); }
  void Save(MutableBytes out) const override { stock_->Save(out); }
  bool Load(Bytes state) override;
  // The pages are no memory until the next Poll(), which publishes them anew.  Call Poll() first:
  // what was written there is lost.
  void StopShadowing() { shadow_.set_active(false); }

 private:
  class Gate;  // stands between stock and the host
  static constexpr Nanoseconds kNotArmed = ~Nanoseconds{0};
  static constexpr std::size_t kPages = 2;

  DeferredDevice(DeferredParts parts, Host& host);

  void OnLine(LineLevel level);
  void Settle();  // before a call that completes pending work
  void LeaveIfDisabled();
  bool Enabled();
  void TakeUp();
  void TakeUpWord(std::uint32_t offset);
  void Publish();
  void PublishWord(std::uint32_t offset, std::uint32_t value);
  void WriteTail(std::uint32_t value);
  void UpdateRequest();

  const DeferredParts parts_;
  Host& host_;
  std::unique_ptr<Gate> gate_;
  std::unique_ptr<Device> stock_;

  std::vector<std::pair<std::uint32_t, std::uint32_t>> doorbells_;  // offset, value
  Nanoseconds doorbell_deadline_ = kNotArmed;
  bool tail_held_ = false;
  std::uint32_t held_tail_ = 0;
  Nanoseconds transmit_deadline_ = kNotArmed;
  bool line_high_ = false;  // as the host sees it
  bool withheld_rise_ = false;
  Nanoseconds line_deadline_ = kNotArmed;
  bool requested_ = false;

  struct alignas(ShadowPages::kPageSize) Words {
    std::array<std::atomic<std::uint32_t>, ShadowPages::kWords> at{};
  };
  std::array<Words, kPages> words_;
  std::array<std::array<std::uint32_t, ShadowPages::kWords>, kPages> published_{};
  std::array<ShadowPages::Page, kPages> pages_;
  ShadowPages shadow_;
  bool strays_ = false;  // the driver wrote what is no register
};

}  // namespace e1000

const ModelEntry& E1000DeferredEntry();

}  // namespace nicreplay
