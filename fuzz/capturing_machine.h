// SPDX-License-Identifier: MIT
// A machine that keeps what its device did in one operation.
#pragma once

#include <xxhash.h>

#include <memory>
#include <optional>
#include <vector>

#include "fuzz/receive_checksums.h"
#include "models/net/segment.h"
#include "replay/event.h"
#include "replay/machine.h"

namespace nicreplay {

// How often a device did what only an optimized one does: shows that fast paths were taken.
struct FastPaths {
  std::uint64_t super_frames = 0;       // sent
  std::uint64_t partial_checksums = 0;  // frames sent without
  std::uint64_t scattered = 0;          // frames sent in several pieces
  std::uint64_t mapped = 0;             // reads of memory in place
  std::uint64_t whole_writes = 0;       // of 8 bytes, aligned
  std::uint64_t requests = 0;           // of work

  void Add(const FastPaths& more) {
    super_frames += more.super_frames;
    partial_checksums += more.partial_checksums;
    scattered += more.scattered;
    mapped += more.mapped;
    whole_writes += more.whole_writes;
    requests += more.requests;
  }
};

// Reads of memory that nobody wrote, where that is tracked.
struct UnknownReads {
  std::uint64_t count = 0;
  GuestAddress first_address = 0;
  std::size_t first_size = 0;
};

// Looks over the device's shoulder.
class DmaWatch {
 public:
  virtual ~DmaWatch() = default;
  virtual void OnRead(GuestAddress address, Bytes data) = 0;
  virtual void OnWrite(GuestAddress address, Bytes data) = 0;
};

// Bytes, one after the other.  Not a vector: it grows without clearing what is written over anyway.
class ByteLog {
 public:
  void Reserve(std::size_t capacity);
  void Append(Bytes bytes);
  void Clear() { size_ = 0; }
  MutableBytes bytes() const { return {data_.get(), size_}; }

 private:
  std::unique_ptr<std::uint8_t[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

// Keeps the effects of one operation.  Writes that continue each other are one: where a device
// splits its DMA is its own business.  Frames are kept as the wire frames that they stand for.
class CapturingMachine : public Machine {
 public:
  // Bytes of effects that are kept.  What comes after that only counts: frames by a hash, all
  // together, writes by what they leave in RAM.
  static constexpr std::size_t kMaxBytes = std::size_t{64} << 20;

  using Machine::Machine;
  void DmaRead(GuestAddress address, MutableBytes out) override;
  void DmaWrite(GuestAddress address, Bytes data) override;
  void Transmit(const Frame& frame) override;
  Bytes MapRead(GuestAddress address, std::size_t size) override;
  void RequestWork(Nanoseconds deadline) override;

  // Bounds what the device may ask of its host until Restart, in calls and kibibytes.  After
  // `budget` memory takes no writes and reads as descriptors with a buffer and no length, so that a
  // device that works through what a driver left there, mapped or not, soon finds nothing to do and
  // never lacks buffers; one that asks kHang more does not end, and `hang` is called, which must
  // not return.
  static constexpr std::uint64_t kHang = std::uint64_t{1} << 20;
  void SetBudget(std::uint64_t budget, void (*hang)());
  std::uint64_t spent() const { return spent_; }
  bool over_budget() const { return spent_ > budget_; }
  void Restart(const SparseRam::Page& contents);

  // Null: nobody watches.  What the driver writes (kMemory) is told, too.
  void set_watch(DmaWatch* watch) { watch_ = watch; }

  // A hash of the effects.
  std::uint64_t Hash() const;
  // Whether the effects are the same, byte for byte and in the same order.
  bool SameEffects(const CapturingMachine& other) const;
  // Whether all effects were kept.
  bool complete() const { return !overflowed_; }
  // Where they were not: whether the same frames were sent, and RAM, which is not sparse, is the
  // same.
  bool SameOutcome(const CapturingMachine& other) const;
  // Wire frames.
  std::size_t frames_sent() const { return frames_sent_; }
  // Those that were kept; pointing at what this machine holds until Forget.
  std::vector<Effect> Effects() const;
  void Forget();

  // The declared difference `rxcsum` in a device that does not make it: where it reports a received
  // frame that deserves it as unchecked, that is changed on its way to memory.
  void DeclareCheckedFrames(bool declare) {
    declares_checked_ = declare;
    port().set_one_by_one(declare);
  }
  // How often that was done.
  std::uint64_t checked_frames() const { return checked_frames_; }

  void TrackKnownMemory() { known_.resize(ram().size() / 8 + 1); }
  const UnknownReads& unknown_reads() const { return unknown_reads_; }

  const FastPaths& fast_paths() const { return fast_paths_; }

 private:
  struct Captured {
    std::uint64_t address = 0;
    std::uint64_t size = 0;
    EffectKind kind = EffectKind::kDmaWrite;
    Offload offload;
    bool operator==(const Captured&) const = default;
  };

  struct FreeHash {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };
  // A hash of frames, whatever pieces they are in.
  class FramesHash {
   public:
    FramesHash();
    void Add(const Frame& frame);
    std::uint64_t value() const { return XXH3_64bits_digest(state_.get()); }

   private:
    std::unique_ptr<XXH3_state_t, FreeHash> state_;
  };

  void KeepFrame(const Frame& frame);
  void KeepWrite(GuestAddress address, Bytes data);
  // Whether there is room; from the first time that there is not, nothing more is kept.
  bool MakesRoomFor(std::size_t size);
  FramesHash HashOfKept() const;
  bool Known(GuestAddress address, std::size_t size);
  void Spend(std::size_t bytes);
  void EmptyMemory();

  std::vector<Captured> entries_;
  ByteLog bytes_;  // of all entries
  std::size_t frames_sent_ = 0;
  bool overflowed_ = false;
  std::uint64_t excess_ = 0;              // hash of what was not kept, in its order
  std::optional<FramesHash> all_frames_;  // if overflowed_: kept or not
  std::vector<std::uint8_t> known_;       // a bit for each byte of RAM; empty: not tracked
  UnknownReads unknown_reads_;
  std::uint64_t spent_ = 0;
  std::uint64_t budget_ = ~std::uint64_t{0};
  void (*hang_)() = nullptr;
  DmaWatch* watch_ = nullptr;
  bool declares_checked_ = false;
  CheckedStatus checked_status_;
  std::uint64_t checked_frames_ = 0;
  Segmenter segmenter_;
  FastPaths fast_paths_;
};

}  // namespace nicreplay
