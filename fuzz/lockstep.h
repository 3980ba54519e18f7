// SPDX-License-Identifier: MIT
// Two models under the same operations: do they ever differ in what a driver sees?
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/operation_sink.h"
#include "models/registry.h"
#include "models/result.h"
#include "replay/arena.h"
#include "replay/divergence.h"
#include "replay/machine.h"
#include "replay/session.h"

namespace nicreplay {

// Both sides of a comparison: registry names and options.
struct Pairing {
  Candidate left;
  Candidate right;
  std::size_t ram_size = 0;
  MemoryKind memory = MemoryKind::kFlat;
};

// Keeps the effects of one operation.  Writes that continue each other are one: where a device
// splits its DMA is its own business.
class CapturingMachine : public Machine {
 public:
  // Bytes of effects that are kept; further ones only count by their hash.
  static constexpr std::size_t kMaxBytes = std::size_t{64} << 20;

  using Machine::Machine;

  void DmaRead(GuestAddress address, MutableBytes out) override;
  void DmaWrite(GuestAddress address, Bytes data) override;
  Bytes MapRead(GuestAddress address, std::size_t size) override;
  void Transmit(const Frame& frame) override;

  // Bounds what the device may ask of its host until Restart, in calls and kibibytes.  After
  // `budget` memory takes no writes and reads as descriptors with a buffer and no length, so that a
  // device that works through what a driver left there soon finds nothing to do and never lacks
  // buffers; one that asks kHang more does not end, and `hang` is called, which must not return.
  static constexpr std::uint64_t kHang = std::uint64_t{1} << 20;
  void SetBudget(std::uint64_t budget, void (*hang)());
  std::uint64_t spent() const { return spent_; }
  bool over_budget() const { return spent_ > budget_; }
  void Restart(const SparseRam::Page& contents);

  // A hash of the effects.
  std::uint64_t Hash() const;
  // Whether the effects are the same, byte for byte and in the same order.
  bool SameEffects(const CapturingMachine& other) const;
  // Whether all effects were kept.
  bool complete() const { return excess_ == 0; }
  // Those that were kept; pointing at what this machine holds until Forget.
  std::vector<Effect> Effects() const;
  void Forget();

 private:
  struct Captured {
    std::uint64_t address = 0;
    std::uint64_t size = 0;
    EffectKind kind = EffectKind::kDmaWrite;
    Offload offload;
    bool operator==(const Captured&) const = default;
  };

  void Keep(Captured* entry, Bytes bytes);
  void Spend(std::size_t bytes);

  std::vector<Captured> entries_;
  std::vector<std::uint8_t> bytes_;  // of all entries, one after the other
  std::uint64_t excess_ = 0;         // hash of what was not kept
  std::uint64_t spent_ = 0;
  std::uint64_t budget_ = ~std::uint64_t{0};
  void (*hang_)() = nullptr;
};

// Runs operations on both sides as fast as it can, up to a number of them or to the first
// difference in what a driver sees.  Equal effects cost a comparison of bytes; others are held to
// the `exact` contract.
class Lockstep : public OperationSink {
 public:
  static Result<std::unique_ptr<Lockstep>> Create(const Pairing& pairing, std::uint64_t limit);

  std::uint64_t Do(const Stimulus& operation) override;
  bool Done() const override { return divergence_.has_value() || count_ >= limit_ || abandoned_; }

  // Begins anew, with devices after power-on.
  void Restart(const SparseRam::Page& contents);
  // Bounds each session (CapturingMachine): one that goes over it ends without a verdict, unless
  // the right side alone spends many times what the left does.
  void SetBudget(std::uint64_t budget, void (*hang)());
  // Replaces the right device by a new one that loads its state.
  Status ReloadRight();
  // Numbers of the pages of sparse memory that either side touched, in order.
  std::vector<std::uint64_t> TouchedPages() const;

  std::uint64_t count() const { return count_; }
  // Of everything that was observed of the left side so far.
  std::uint64_t digest() const { return digest_; }
  void EnableDigest() { digesting_ = true; }
  const CapturingMachine& left() const { return left_.machine; }

  // In the operation before count(), which is its event; left is "expected".
  const std::optional<Divergence>& divergence() const { return divergence_; }

 private:
  // A machine with its device; the device goes first.
  struct Side {
    explicit Side(const Pairing& pairing) : machine(pairing.ram_size, pairing.memory) {}
    Status Create(const Candidate& candidate);
    void Restart(const SparseRam::Page& contents);

    CapturingMachine machine;
    Candidate candidate;
    std::vector<std::uint8_t> power_on;  // state of a device that cannot be power-cycled
    std::unique_ptr<Device> device;
  };

  Lockstep(const Pairing& pairing, std::uint64_t limit);
  std::optional<Divergence> Compare(std::uint64_t left, std::uint64_t right) const;
  std::optional<Divergence> CompareState() const;
  std::optional<Divergence> CompareSpending() const;
  void Digest(std::uint64_t value);

  Side left_;
  Side right_;
  std::unique_ptr<Describer> describer_;
  std::uint64_t limit_;
  std::uint64_t count_ = 0;
  std::uint64_t digest_ = 0;
  bool digesting_ = false;
  bool abandoned_ = false;  // over budget, or out of memory
  std::optional<Divergence> divergence_;
};

// Keeps what a generator does, bytes included.
class OperationRecorder : public OperationSink {
 public:
  // Answers come from `next`.
  explicit OperationRecorder(OperationSink& next) : next_(next) {}
  std::uint64_t Do(const Stimulus& operation) override;
  bool Done() const override { return next_.Done(); }
  const std::vector<Stimulus>& operations() const { return operations_; }

 private:
  OperationSink& next_;
  std::vector<Stimulus> operations_;
  Arena bytes_;
};

// Runs a list of operations in lockstep.
Result<std::optional<Divergence>> CompareOperations(const Pairing& pairing,
                                                    std::span<const Stimulus> operations);

// What `divergence` is about, in the manual's words.
DivergenceText DescribeOperations(const Divergence& divergence, const Pairing& pairing,
                                  std::span<const Stimulus> operations);

}  // namespace nicreplay
