// SPDX-License-Identifier: MIT
// A model in this process and a live QEMU under the same operations.
//
// After every operation: the value read, the interrupt line, the frames sent, and all memory that
// the model wrote.  Now and then, and at the end, the whole window: memory that QEMU alone wrote.
// Not compared, because qtest does not show it: readiness to receive and armed timers (both show up
// in what happens later), and frames without any byte (QEMU's network layer loses them).
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fuzz/lockstep.h"
#include "fuzz/operation_sink.h"
#include "models/result.h"
#include "qtest/pc_machine.h"
#include "qtest/target.h"
#include "replay/divergence.h"

namespace nicreplay {

// Whether QEMU's device puts work off to bottom halves, as virtio-net's transmission is.
enum class LiveWork : std::uint8_t { kAtOnce, kInBottomHalves };

// Both sides of a live comparison.
struct LivePairing {
  Candidate model{"e1000-stock", ""};
  QtestOptions qemu;
  LiveWork work = LiveWork::kAtOnce;
};

class LiveLockstep final : public OperationSink {
 public:
  // Operations between two comparisons of the whole window.
  static constexpr std::uint64_t kWindowInterval = 5000;

  // RAM that is compared as a whole.
  struct Window {
    GuestAddress base = 0;
    std::uint64_t size = 0;
  };

  static Result<std::unique_ptr<LiveLockstep>> Create(const LivePairing& pairing, Window window,
                                                      std::uint64_t limit);

  // The answer is the model's; QEMU's comes later.
  std::uint64_t Do(const Stimulus& operation) override;
  bool Done() const override {
    return divergence_ || error_ || left_comparable_ || count_ >= limit_;
  }

  // Waits for what QEMU still has to do, and compares memory once more: the window, every page that
  // the guest or the device wrote, or all RAM.  To be called once nothing more is done.
  enum class Extent : std::uint8_t { kWindow, kWrittenPages, kAllMemory };
  Status Finish(Extent extent);

  // Operations done on both sides, up to the diverging one.
  std::uint64_t count() const { return count_; }
  // Frames that the model sent.
  std::uint64_t sent() const { return sent_; }
  // The event is the number of the operation; expected is the model's side.
  const std::optional<Divergence>& divergence() const { return divergence_; }
  // A DMA met an interrupt controller of QEMU's machine, which the model's machine has not: the
  // session ends before that operation's effects are compared.
  bool left_comparable() const { return left_comparable_; }
  const PcMachine& machine() const { return *machine_; }
  QtestTarget& target() { return *target_; }

 private:
  // What a reply of the exchange to come must say.
  struct Expectation {
    enum class Kind : std::uint8_t { kDone, kValue, kMemory };
    Kind kind = Kind::kDone;
    std::uint8_t size = 0;  // of a value
    std::uint64_t operation = 0;
    std::size_t reply = 0;
    std::uint64_t value = 0;
    LineLevel line = LineLevel::kLow;
    GuestAddress address = 0;
    std::vector<std::uint8_t> bytes;
  };
  struct ExpectedFrame {
    std::uint64_t operation = 0;
    std::vector<std::uint8_t> bytes;
  };

  LiveLockstep(std::unique_ptr<PcMachine> machine, std::unique_ptr<QtestTarget> target,
               LiveWork work, Window window, std::uint64_t limit)
      : machine_(std::move(machine)),
        target_(std::move(target)),
        work_(work),
        window_(window),
        limit_(limit) {}

  void DoNow(const Stimulus& operation);
  void DoLater(const Stimulus& operation, std::uint64_t value);
  // With all that QEMU puts off because of it.
  void DoSettled(const Stimulus& operation);
  void NotePages(GuestAddress address, std::uint64_t size);
  void ExpectAtEnd(Extent extent);
  void ExpectMemory(std::uint64_t operation, GuestAddress address, std::uint64_t size);
  // Exchanges and compares what is expected.
  void Flush();
  void ExchangeExpected();
  void CompareLine();
  void Compare(const Expectation& expectation);
  void CompareFrames();
  void Differ(Divergence divergence, std::uint64_t operation);

  std::unique_ptr<PcMachine> machine_;
  std::unique_ptr<QtestTarget> target_;
  LiveWork work_;
  Window window_;
  std::uint64_t limit_;
  std::uint64_t count_ = 0;
  std::uint64_t sent_ = 0;
  std::vector<Expectation> expected_;
  std::size_t expected_bytes_ = 0;
  std::vector<ExpectedFrame> frames_;
  std::set<std::uint64_t> pages_;  // written by guest or device; addresses
  std::optional<Divergence> divergence_;
  std::optional<Error> error_;
  bool left_comparable_ = false;
};

// A list of operations on both sides; the divergence as Shrink wants it.
Result<std::optional<Divergence>> CompareLive(const LivePairing& pairing,
                                              LiveLockstep::Window window,
                                              std::span<const Stimulus> operations);

}  // namespace nicreplay
