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
      0;                // the step's patches are those from the last step's patch_end up to here
  bool memory = false;  // whether memory changes before the stimulus
};

// When a replay writes what the guest wrote.
enum class Patching : std::uint8_t {
  // Just before the step whose reads tell of it: costs nothing to prepare, and is right for a model
  // that reads what
  // the recorded one read, when it did.
  kAsRead,
  // At the earliest point that explains the recording: right for a model that reads earlier or
  // more, too.
  kHoisted,
};

// From a step on, a page of 4096 bytes does not keep what the device writes: ROM, registers, or
// nothing at all.
struct Hole {
  std::uint32_t step = 0;
  std::uint64_t page = 0;  // address / 4096
};

struct Program {
  Patching patching = Patching::kHoisted;
  TraceHeader header;
  std::vector<Step> steps;
  std::vector<Effect> effects;  // kHoisted: without kDmaRead, the patches stand for those
  std::vector<MemoryPatch> patches;
  std::vector<Hole> holes;  // by step
  TraceTotals totals;
  std::vector<std::shared_ptr<const void>> owners;  // of the bytes that everything above points at

  std::span<const Effect> EffectsOf(const Step& step) const {
    return {effects.data() + step.stimulus.first_effect, step.stimulus.effect_count};
  }
};

// The program with its memory patched as early as can be.  kRacy, kTooLarge: see ProgramBuilder.
Result<Program> Hoist(const Program& as_read);

// Builds a Program from batches of a trace, in order.
class ProgramBuilder {
 public:
  // Guest pages that the recorded device may touch: 4 GiB.
  static constexpr std::size_t kMaxPages = std::size_t{1} << 20;

  explicit ProgramBuilder(TraceHeader header, Patching patching = Patching::kHoisted);
  ~ProgramBuilder();

  // `owner` keeps the bytes of the batch alive.  kRacy: the guest changed bytes while a stimulus
  // that reads them twice was being worked on, so no order of writes explains the recording.
  Status Add(const EventBatch& batch, std::shared_ptr<const void> owner);
  Program Finish();

 private:
  struct Page;
  enum class Writer : std::uint8_t { kGuest, kDevice };
  struct Hoisted {
    std::uint32_t step;  // apply before this step
    MemoryPatch patch;
  };

  friend Result<Program> Hoist(const Program& as_read);

  Status AddStep(const Stimulus& stimulus, std::span<const Effect> effects);
  Status AddEffects(std::span<const Effect> effects, Step* step);
  Page* PageAt(GuestAddress address);
  Status OnDeviceRead(const Effect& effect);
  Status OnWrite(Writer writer, GuestAddress address, Bytes bytes);
  void Learn(Page& page, std::uint32_t step, GuestAddress at, Bytes bytes);
  bool LearnTouched(Page& page, GuestAddress at, Bytes bytes);
  bool ReadPart(Page& page, GuestAddress at, Bytes bytes);
  void Hoist(std::uint32_t step, GuestAddress address, Bytes bytes);

  Program program_;
  std::vector<Hoisted> hoisted_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Page>> pages_;
  Page* last_page_ = nullptr;
  std::uint64_t last_page_number_ = 0;
};

}  // namespace nicreplay
