// SPDX-License-Identifier: MIT
// What a fuzz target of two models does with an input: the models under the input's operations,
// from power-on, in microseconds.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "fuzz/input.h"
#include "fuzz/lockstep.h"
#include "models/result.h"

namespace nicreplay {

// Two models that no input may tell apart; of virtio-net the right one is also held to what such a
// device must never do (virtio_invariants.h).
struct FuzzTarget {
  enum class Family : std::uint8_t { kE1000, kVirtioNet };  // of devices, and so of inputs
  // Whether the right device saves and loads its state, once.
  enum class Reload : std::uint8_t { kNo, kIfAsked, kAlways };

  std::string_view name;
  Family family;
  std::string_view left;  // empty: the reference of what the input's switches promise
  std::string_view right;
  Reload reload = Reload::kNo;

  bool Reloads(const InputHeader& header) const {
    return reload == Reload::kAlways || (reload == Reload::kIfAsked && header.reloads());
  }
  // The models as the input wants them made.
  Result<Pairing> PairingOf(const InputHeader& header) const;
};
std::span<const FuzzTarget> FuzzTargets();
Result<const FuzzTarget*> FindFuzzTarget(std::string_view name);

class FuzzRunner {
 public:
  // `target` has to live as long.
  explicit FuzzRunner(const FuzzTarget& target) : target_(target) {}

  struct Outcome {
    std::optional<Divergence> divergence;
    std::optional<std::string> violation;  // of an invariant, in words
    std::uint64_t operations = 0;
    std::uint64_t digest = 0;  // if EnableDigest was called
    bool moved_data = false;   // the device processed a descriptor or a frame
  };
  Result<Outcome> Run(Bytes input);

  void EnableDigest() { digesting_ = true; }
  // The right device saves and loads its state before every operation of every input.
  void ReloadEverywhere() { reloads_everywhere_ = true; }

 private:
  static constexpr std::size_t kMaxPairs = 1024;

  Result<Lockstep*> PairFor(const InputHeader& header);

  const FuzzTarget& target_;
  bool digesting_ = false;
  bool reloads_everywhere_ = false;
  std::shared_ptr<Lockstep::Machines> machines_;
  // By what the header says about making the devices.
  std::map<std::uint32_t, std::unique_ptr<Lockstep>> pairs_;
};

// The operations of an input as a list that does the same without the input: memory that was there
// from the beginning is written first.
class FuzzOperations {
 public:
  static Result<FuzzOperations> Of(const FuzzTarget& target, Bytes input);

  const Pairing& pairing() const { return pairing_; }
  const std::vector<Stimulus>& operations() const { return operations_; }
  // As the target compares them.
  Result<std::optional<Divergence>> Compare(std::span<const Stimulus> operations) const;

 private:
  FuzzOperations() = default;

  bool reloads_ = false;  // before every operation, so that any of them can be left out
  Pairing pairing_;
  std::vector<Stimulus> operations_;
  std::shared_ptr<const OperationRecorder> recorder_;  // of the bytes that they point at
  std::shared_ptr<const SparseRam::Page> contents_;
};

// LLVMFuzzerTestOneInput of a target: a difference is described on standard error, then abort().
// With NICREPLAY_FUZZ_STATISTICS in the environment, exit() says how many inputs moved data; with
// NICREPLAY_FUZZ_PLUGIN=FILE:MODEL that model of a plugin takes the right one's place.
int FuzzOneInput(std::string_view target, const std::uint8_t* data, std::size_t size);

}  // namespace nicreplay
