// SPDX-License-Identifier: MIT
// A live QEMU as a Target: its NIC is driven over qtest, in virtual time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/result.h"
#include "qtest/live_qemu.h"
#include "qtest/pci.h"
#include "replay/target.h"

namespace nicreplay {

// How the stimuli of a Target map to QEMU:
//  - kRead, kWrite: a memory or port access of that size where the BAR is.  What the device does
//  not
//    decode (command register, BAR 0) does not reach it: reads 0.
//  - kConfigRead, kConfigWrite: ports 0xcf8 and 0xcfc.
//  - kMemory and ReadMemory: the machine's RAM; other addresses read 0 and take no writes.
//  - kFrame: into the NIC's queue, as NetPort does; an empty frame is not delivered.
//  - kLink: set_link.  kReset: system_reset, which is the only reset that QEMU gives a device on
//  its
//    root bus; time and RAM stay.
//  - time: clock_set; timers fire at their deadlines.
// The interrupt line is an input of the I/O APIC to which the interrupt router leads the NIC's
// INTA# alone.
class QtestTarget final : public Target {
 public:
  static Result<std::unique_ptr<QtestTarget>> Create(const QtestOptions& options);

  std::uint64_t Apply(const Stimulus& operation) override;
  void ReadMemory(GuestAddress address, MutableBytes out) override;
  LineLevel line() override { return live_->qtest().line(); }
  std::vector<std::vector<std::uint8_t>> TakeFrames() override;
  const std::optional<Error>& error() const override { return error_; }
  std::string name() const override { return name_; }
  QmpClient& monitor() { return live_->monitor(); }

  // The same without waiting: operations are posted, and Exchange() does them all.

  // Whether the operation must be Applied, after an exchange, because it is not a qtest command or
  // moves the BARs.
  static bool NeedsApply(const Stimulus& operation);
  // Number of the reply that ends the operation; nothing: it does not reach QEMU.
  std::optional<std::size_t> Post(const Stimulus& operation);
  // Of RAM, at most kMaxRead bytes.
  static constexpr std::size_t kMaxRead = std::size_t{512} << 10;
  std::size_t PostReadMemory(GuestAddress address, std::size_t size);
  Status Exchange();
  // Lets QEMU do what it put off (bottom halves), which it does between commands that it has to
  // wait for.  Number of rounds: one more than what is put off may put off again.
  Status Settle(std::uint64_t rounds);
  // Of the last exchange.  The value of a read of `size` bytes.
  std::uint64_t ValueOf(std::size_t reply, std::uint8_t size);
  Status MemoryOf(std::size_t reply, MutableBytes out);
  LineLevel LineAt(std::size_t reply) const { return live_->qtest().line(reply); }

 private:
  QtestTarget(std::unique_ptr<LiveQemu> live, const QtestOptions& options);

  Status Prepare();
  Status RouteInterrupt();
  Status LocateBars();
  void PostTime(Nanoseconds time);
  std::optional<std::size_t> PostAccess(const Stimulus& operation);
  void PostWriteMemory(GuestAddress address, Bytes bytes);
  Result<std::uint64_t> Do(const Stimulus& operation);
  Status Reset();
  // Keeps the first error.
  void Note(const Status& status);

  std::unique_ptr<LiveQemu> live_;
  std::uint64_t ram_size_;
  std::string name_;
  std::optional<Error> error_;
  PciAddress nic_;
  PciBars bars_;
  Nanoseconds now_ = 0;
};

}  // namespace nicreplay
