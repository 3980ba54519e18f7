// SPDX-License-Identifier: MIT
#include "fuzz/session_operations.h"

#include <algorithm>

namespace nicreplay {

namespace {

constexpr std::uint64_t kMaxRam = std::uint64_t{4} << 30;
constexpr std::uint64_t kPage = 4096;

class Converter {
 public:
  Result<SessionOperations> Convert(const Program& program) {
    result_.operations.reserve(program.steps.size() + program.patches.size());
    std::size_t patch = 0;
    for (const Step& step : program.steps) {
      for (; patch < step.patch_end; ++patch) AddPatch(program.patches[patch], step.stimulus.time);
      for (const Effect& effect : program.EffectsOf(step)) {
        if (effect.kind == EffectKind::kDelivery) AddDelivery(effect, step.stimulus.time);
        if (effect.kind == EffectKind::kDmaWrite) Touch(effect.address, effect.data_size);
      }
      AddStep(step.stimulus);
    }
    const std::uint64_t size = (last_ / kPage + 2) * kPage;
    if (size > kMaxRam) {
      return Fail(ErrorCode::kTooLarge, "the session touches memory beyond 4 GiB");
    }
    result_.ram_size = size;
    return std::move(result_);
  }

 private:
  void Touch(std::uint64_t address, std::uint64_t size) {
    // What wraps past the end of the address space is no memory of a machine.
    if (size != 0 && address + size > address) last_ = std::max(last_, address + size - 1);
  }

  void AddPatch(const MemoryPatch& patch, Nanoseconds time) {
    Touch(patch.address, patch.size);
    Stimulus stimulus;
    stimulus.kind = StimulusKind::kMemory;
    stimulus.time = time;
    stimulus.value = patch.address;
    stimulus.data = patch.data;
    stimulus.data_size = static_cast<std::uint32_t>(patch.size);
    result_.operations.push_back(stimulus);
  }

  // A frame that was kept comes again: the network has it already.
  bool IsNew(ReceiveResult result) {
    const bool known = kept_;
    kept_ = result == ReceiveResult::kKeep;
    return !known;
  }

  void AddDelivery(const Effect& delivery, Nanoseconds time) {
    if (!IsNew(delivery.result)) return;
    Stimulus stimulus;
    stimulus.kind = StimulusKind::kFrame;
    stimulus.time = time;
    stimulus.data = delivery.data;
    stimulus.data_size = delivery.data_size;
    stimulus.offload = delivery.offload;
    result_.operations.push_back(stimulus);
  }

  void AddStep(const Stimulus& stimulus) {
    if (stimulus.kind == StimulusKind::kTimer) return;
    if (stimulus.kind == StimulusKind::kFrame && !IsNew(stimulus.result)) return;
    if (stimulus.kind == StimulusKind::kMemory) Touch(stimulus.value, stimulus.data_size);
    result_.operations.push_back(stimulus);
  }

  SessionOperations result_;
  std::uint64_t last_ = 0;  // address that is touched
  bool kept_ = false;
};

}  // namespace

Result<SessionOperations> OperationsOfSession(const Program& hoisted) {
  return Converter().Convert(hoisted);
}

}  // namespace nicreplay
