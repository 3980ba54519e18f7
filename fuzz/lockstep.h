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
};

// Folds effects into one number, so that comparing costs little where nothing differs.  Writes that
// continue each other count as one: where a device splits its DMA is its own business.
class HashingMachine : public Machine {
 public:
  using Machine::Machine;
  void DmaWrite(GuestAddress address, Bytes data) override;
  void Transmit(const Frame& frame) override;
  // Of all effects so far.
  std::uint64_t TakeHash() {
    if (!run_.empty()) EndRun();
    return hash_;
  }

 private:
  void EndRun();

  std::uint64_t hash_ = 0;
  GuestAddress run_address_ = 0;
  std::vector<std::uint8_t> run_;
};

// Keeps the effects of one operation for a comparison in detail.
class CapturingMachine : public Machine {
 public:
  using Machine::Machine;
  void DmaWrite(GuestAddress address, Bytes data) override;
  void Transmit(const Frame& frame) override;

  std::span<const Effect> effects() const { return effects_; }
  void Forget();

 private:
  std::uint8_t* Add(EffectKind kind, std::uint64_t address, std::size_t size);

  std::vector<Effect> effects_;
  Arena bytes_;
};

// Runs operations on both sides as fast as it can, up to a number of them or to the first
// difference.
class Lockstep : public OperationSink {
 public:
  static Result<std::unique_ptr<Lockstep>> Create(const Pairing& pairing, std::uint64_t limit);

  std::uint64_t Do(const Stimulus& operation) override;
  bool Done() const override { return diverged_ || count_ >= limit_; }

  std::uint64_t count() const { return count_; }
  bool diverged() const { return diverged_; }  // in the operation before count()

 private:
  struct Side {
    explicit Side(std::size_t ram_size) : machine(ram_size) {}
    HashingMachine machine;
    std::unique_ptr<Device> device;
  };

  Lockstep(std::size_t ram_size, std::uint64_t limit)
      : left_(ram_size), right_(ram_size), limit_(limit) {}
  bool Same();

  Side left_;
  Side right_;
  std::uint64_t limit_;
  std::uint64_t count_ = 0;
  bool diverged_ = false;
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

// Runs a list of operations on both sides and compares in detail after each.  The event of the
// divergence is the index of the operation; left is "expected".
Result<std::optional<Divergence>> CompareOperations(const Pairing& pairing,
                                                    std::span<const Stimulus> operations);

// What `divergence` is about, in the manual's words.
DivergenceText DescribeOperations(const Divergence& divergence, const Pairing& pairing,
                                  std::span<const Stimulus> operations);

}  // namespace nicreplay
