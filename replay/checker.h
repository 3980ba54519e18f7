// SPDX-License-Identifier: MIT
// Holds a model to the `exact` contract: after every stimulus the values read, guest memory, the
// interrupt line, readiness, timers and the frames sent equal the recording's.  DMA may be split or
// merged, but nothing else is written, and a completion marker comes after the data that it
// announces.  Where the network takes more than wire frames, those that a super-frame stands for
// are compared.  Work that the device put off runs where the recording has it; nothing else may
// come after its deadline.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "models/net/segment.h"
#include "replay/arena.h"
#include "replay/divergence.h"
#include "replay/replay_host.h"

namespace nicreplay {

// A read of bytes that the trace does not know: no divergence by itself, reported apart.
struct UnknownRead {
  std::uint64_t event = 0;
  GuestAddress address = 0;
  std::uint64_t size = 0;
};

class Checker : public ReplayHost {
 public:
  static constexpr std::size_t kMaxUnknownReads = 64;  // kept; further ones are counted
  static constexpr std::size_t kMaxEffectBytes = std::size_t{256} << 20;  // of one stimulus

  Checker(StepSource& source, GuestMemory& memory, std::unique_ptr<Describer> describer);

  // Runs steps up to `end` or the first divergence; after one the device's state is of no more use.
  std::optional<Divergence> RunTo(std::size_t end);
  std::size_t position() const { return index_; }

  const std::vector<UnknownRead>& unknown_reads() const { return unknown_reads_; }
  std::uint64_t unknown_read_count() const { return unknown_read_count_; }

  void DmaRead(GuestAddress address, MutableBytes out) override;
  void DmaWrite(GuestAddress address, Bytes data) override;
  void Transmit(const Frame& frame) override;
  void SetInterrupt(LineLevel level) override {
    line_ = level;
    levels_touched_ = true;
  }
  void ArmTimer(TimerId id, Nanoseconds deadline) override;
  void CancelTimer(TimerId id) override;
  void RequestWork(Nanoseconds deadline) override {
    work_deadline_ = std::min(work_deadline_, deadline);
  }
  void CancelWork() override { work_deadline_ = Divergence::kNotArmed; }

 private:
  static constexpr std::size_t kTimers = 256;

  ReceiveResult Deliver(const Effect& delivery) override;

  void Begin(const Step& step);
  bool NothingToCompare(const Step& step, std::uint64_t value);
  std::optional<Divergence> End(const Step& step, std::uint64_t value);
  void SkipReads() {
    while (cursor_ != end_ && cursor_->kind == EffectKind::kDmaRead) ++cursor_;
  }
  bool Expect(const Effect& effect);
  bool IsNext(const Frame& frame) const;
  void UseWireFrames();
  void AddWireEffects(const Effect& effect);
  void TransmitWire(std::span<const Bytes> pieces, const Offload& offload);
  bool ExpectWrite(const Effect& effect);
  void Deviate(const Effect& effect);
  void SeedActual();
  void EndLevels();
  void EndTimer(std::size_t id);
  std::optional<Divergence> Compare(const Step& step, std::uint64_t value);
  std::optional<Divergence> JudgeWork(const Stimulus& stimulus);
  void SyncDescriber();

  StepSource& source_;
  StepWindow window_;
  std::unique_ptr<Describer> describer_;
  std::size_t described_ = 0;  // steps that the describer has seen
  std::size_t index_ = 0;

  // The effects of the current step: as long as they equal the recording's one by one (`cursor_`
  // points at the next one expected) nothing is stored; from the first that does not, all are.
  const Effect* first_ = nullptr;
  const Effect* cursor_ = nullptr;
  const Effect* end_ = nullptr;
  std::uint32_t partial_ = 0;  // bytes of the write at cursor_ that the device has written already
  bool deviated_ = false;
  bool runaway_ = false;
  std::vector<Effect> actual_;
  Segmenter segmenter_;
  // Of the current step: what its recorded frames need of a network, and whether first_ to end_ are
  // wire frames only.  Those that the recording does not hold are made when they are needed.
  OffloadSet recorded_offloads_ = 0;
  bool wired_ = true;
  std::vector<Effect> wire_effects_;
  std::vector<std::size_t> wire_places_;  // in wire_effects_, by place in the recording
  Arena wire_bytes_;
  Arena kept_;
  std::size_t kept_bytes_ = 0;

  LineLevel line_ = LineLevel::kLow;
  LineLevel line_before_ = LineLevel::kLow;
  bool ready_before_ = false;
  bool levels_touched_ = false;  // line or timers, in the current step
  std::array<std::uint64_t, kTimers> deadline_;
  std::array<std::uint64_t, kTimers> deadline_before_;
  Nanoseconds work_deadline_ = Divergence::kNotArmed;
  std::array<bool, kTimers> touched_{};
  std::vector<TimerId> touched_list_;

  std::vector<UnknownRead> unknown_reads_;
  std::uint64_t unknown_read_count_ = 0;
};

}  // namespace nicreplay
