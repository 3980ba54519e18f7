// SPDX-License-Identifier: MIT
// Two models under the same operations: do they ever differ in what a driver sees?
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/capturing_machine.h"
#include "fuzz/operation_sink.h"
#include "models/e1000/deferred.h"
#include "models/registry.h"
#include "models/result.h"
#include "replay/arena.h"
#include "replay/contract.h"
#include "replay/divergence.h"
#include "replay/session.h"

namespace nicreplay {

// What the network takes: everything, or something else every few
// milliseconds, so that the device's ways to do without run, too.
enum class Network : std::uint8_t { kTakesAll, kVaries };

// Both sides of a comparison: registry names and options.  The left one is taken as right.
struct Pairing {
  Candidate left;
  Candidate right;
  std::size_t ram_size = 0;
  MemoryKind memory = MemoryKind::kFlat;
  Contract contract = {};  // of the right side
  Network network = Network::kTakesAll;
};

// The pairing of a model with the reference that its contract names.
Result<Pairing> PairWithReference(const Candidate& right, std::size_t ram_size);

// Runs operations on both sides as fast as it can, up to a number of them or to the first
// difference in what a driver sees.  Equal effects cost a comparison of bytes; others are held to
// the contract:
//  - exact: final memory, completion markers after what they announce, frames on the wire, values,
//    interrupt line, readiness and timers are the same after every operation;
//  - deferred: the same, with the reference's work done where the right side did its own.  Time
//    passes from deadline to deadline on both sides.  Where the right side still holds what the
//    reference had to finish by now, or holds it without a request, it is late;
//  - polled: the same, and after every poll both published the same.
class Lockstep : public OperationSink {
 public:
  // A machine for each side, which several of these may share: Restart makes them theirs.
  struct Machines {
    explicit Machines(const Pairing& pairing)
        : left(pairing.ram_size, pairing.memory), right(pairing.ram_size, pairing.memory) {}
    CapturingMachine left;
    CapturingMachine right;
  };

  static Result<std::unique_ptr<Lockstep>> Create(const Pairing& pairing, std::uint64_t limit) {
    return Create(pairing, limit, std::make_shared<Machines>(pairing));
  }
  static Result<std::unique_ptr<Lockstep>> Create(const Pairing& pairing, std::uint64_t limit,
                                                  std::shared_ptr<Machines> machines);

  std::uint64_t Do(const Stimulus& operation) override;
  bool Done() const override { return divergence_.has_value() || count_ >= limit_ || abandoned_; }

  // Begins anew, with devices after power-on.
  void Restart(const SparseRam::Page& contents);
  // The same, if its devices did nothing since Create or Restart.
  void RestartMachines(const SparseRam::Page& contents);
  // Bounds each session (CapturingMachine): one that goes over it ends without a verdict, unless
  // the right side alone spends many times what the left does.
  void SetBudget(std::uint64_t budget, void (*hang)());
  // Replaces the right device by a new one that loads its state.  PrepareReload, which is optional,
  // does the part that has nothing to do with what the device did.
  Status PrepareReload() { return right_.MakeSpare(); }
  Status ReloadRight();
  // Numbers of the pages of sparse memory that either side touched, in order.
  std::vector<std::uint64_t> TouchedPages() const;

  std::uint64_t count() const { return count_; }
  // Of everything that was observed of the left side so far.
  std::uint64_t digest() const { return digest_; }
  void EnableDigest() { digesting_ = true; }
  const CapturingMachine& left() const { return left_.machine; }
  CapturingMachine& right() { return right_.machine; }
  const Contract& contract() const { return contract_; }

  // In the operation before count(), which is its event; left is "expected".
  const std::optional<Divergence>& divergence() const { return divergence_; }
  // Whether one of the sides has put work off.
  bool WorkPending() const {
    return left_.machine.work_deadline() != Machine::kNotArmed ||
           right_.machine.work_deadline() != Machine::kNotArmed;
  }
  // From now on, memory that nobody wrote is unknown, and reads of it are counted.
  void TrackKnownMemory();
  // Of the right side, if there are more than the reference made: working at other times, both may
  // read what the session does not know.
  UnknownReads unknown_reads() const;
  // How often the left side was made to show the declared difference `rxcsum`.
  std::uint64_t checked_frames() const { return left_.machine.checked_frames(); }
  // Of the right side.
  const FastPaths& fast_paths() const { return right_.machine.fast_paths(); }

 private:
  // A device on its machine.
  struct Side {
    explicit Side(CapturingMachine& on) : machine(on) {}
    Status Create(const Candidate& of);
    void PowerCycle();
    Status MakeSpare();
    // The spare, which loads the state of the device, takes its place.
    Status Reload();

    CapturingMachine& machine;
    Candidate candidate;
    std::vector<std::uint8_t> power_on;  // state of a device that cannot be power-cycled
    std::unique_ptr<Device> device;
    std::unique_ptr<Device> spare;  // as after creation
    std::vector<std::uint8_t> reload_state;
  };

  Lockstep(const Pairing& pairing, std::uint64_t limit, std::shared_ptr<Machines> machines);
  void SetNetwork(OffloadSet offers);
  void OfferNetwork(Nanoseconds now);
  void AdvanceTo(Nanoseconds time);
  bool CatchUpOnce();
  void CatchUp();
  std::optional<Divergence> CompareEffects();
  std::optional<Divergence> Compare(const Stimulus& operation, std::uint64_t left,
                                    std::uint64_t right);
  std::optional<Divergence> CompareState();
  std::optional<Divergence> CompareShadow(bool published);
  void JudgeLate(Divergence* divergence) const;
  std::optional<Divergence> CompareSpending() const;
  void Digest(std::uint64_t value);

  const Contract contract_;
  const Network network_;
  const std::shared_ptr<Machines> machines_;  // outlive the devices
  Side left_;
  Side right_;
  e1000::DeferredDevice* reference_ = nullptr;  // the left device, where work may be put off
  bool finished_ = false;  // the reference had to finish in this operation, by itself or made to
  bool late_ = false;      // the right side had work left when the reference had to be done with it
  std::unique_ptr<Describer> describer_;
  std::uint64_t limit_;
  std::uint64_t count_ = 0;
  std::uint64_t digest_ = 0;
  std::uint64_t compared_changes_ = ~std::uint64_t{0};  // of timers, when last compared
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
