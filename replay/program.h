// SPDX-License-Identifier: MIT
// A trace prepared for replay: all stimuli in one array, and what the guest wrote to memory at the
// earliest point that is consistent with what the recorded device read, so that a model that reads
// earlier or in bigger pieces finds the same bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "models/result.h"
#include "replay/event.h"

namespace nicreplay {

// Bytes that the guest wrote before a step.
struct MemoryPatch {
  GuestAddress address = 0;
  const std::uint8_t* data = nullptr;
  std::uint64_t size = 0;
};

struct Step {
  Stimulus stimulus;  // first_effect and effect_count index Program::effects
  std::uint32_t patch_end =
      0;  // patches from the step before's patch_end up to here precede the stimulus
  std::uint32_t deliveries = 0;  // kDelivery effects among the stimulus' effects
};

struct Program {
  TraceHeader header;
  std::vector<Step> steps;
  std::vector<Effect> effects;  // without kDmaRead: the patches stand for those
  std::vector<MemoryPatch> patches;
  TraceTotals totals;
  std::vector<std::shared_ptr<const void>> owners;  // of the bytes that everything above points at

  std::span<const Effect> EffectsOf(const Step& step) const {
    return {effects.data() + step.stimulus.first_effect, step.stimulus.effect_count};
  }
};

// Builds a Program from batches of a trace, in order.
class ProgramBuilder {
 public:
  // Guest pages that the recorded device may touch: 4 GiB.
  static constexpr std::size_t kMaxPages = std::size_t{1} << 20;

  explicit ProgramBuilder(TraceHeader header);
  ~ProgramBuilder();

  // `owner` keeps the bytes of the batch alive.  kRacy: the guest changed bytes while a stimulus
  // that reads them twice was being worked on, so no order of writes explains the recording.
  Status Add(const EventBatch& batch, std::shared_ptr<const void> owner);
  Program Finish();

 private:
  struct Page;
  struct Hoisted {
    std::uint32_t step;  // apply before this step
    MemoryPatch patch;
  };

  Status AddEffects(const EventBatch& batch, const Stimulus& stimulus, Step* step);
  Page* PageAt(GuestAddress address);
  Status OnDeviceRead(const Effect& effect);
  Status OnWrite(GuestAddress address, Bytes bytes);
  bool ReadBeside(const Page& page, GuestAddress at, Bytes bytes);
  bool ReadPart(Page& page, GuestAddress at, Bytes bytes);
  void Hoist(std::uint32_t step, GuestAddress address, Bytes bytes);

  Program program_;
  std::vector<Hoisted> hoisted_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Page>> pages_;
  Page* last_page_ = nullptr;
  std::uint64_t last_page_number_ = 0;
};

}  // namespace nicreplay
