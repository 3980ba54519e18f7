// SPDX-License-Identifier: MIT
#include "fuzz/seeds.h"

#include <map>

#include "fuzz/e1000_generator.h"
#include "fuzz/e1000_input.h"
#include "fuzz/lockstep.h"
#include "models/pci_config.h"
#include "replay/load.h"

namespace nicreplay {

namespace {

constexpr std::size_t kWindow = 48;         // operations
constexpr std::size_t kWindows = 24;        // of a trace
constexpr std::size_t kLongestPatch = 256;  // bytes of memory at once that are kept
constexpr std::size_t kGenerated = 120;     // operations

// Writes whose effect is an event, not a state.
bool IsEvent(std::uint32_t offset) {
  switch (offset) {
    case e1000::kICR:
    case e1000::kICS:
    case e1000::kIMC:
    case e1000::kEERD:
    case e1000::kEECD:
    case e1000::kMDIC:
      return true;
    default:
      return false;
  }
}

// What a driver wrote up to a point: the latest value of each register and configuration field.
class Setup {
 public:
  void Learn(const Stimulus& stimulus) {
    if (stimulus.kind == StimulusKind::kReset) {
      registers_.clear();
      config_.clear();
    } else if (stimulus.kind == StimulusKind::kConfigWrite) {
      config_[stimulus.offset] = stimulus;
    } else if (stimulus.kind == StimulusKind::kWrite && stimulus.bar == 0 && stimulus.size == 4 &&
               !IsEvent(stimulus.offset)) {
      if (stimulus.value == 0) {
        registers_.erase(stimulus.offset);
      } else {
        registers_[stimulus.offset] = stimulus;
      }
    }
  }

  // Ring registers before what enables the rings, which is how offsets are ordered but for two.
  std::vector<Stimulus> Operations() const {
    std::vector<Stimulus> operations = {{.kind = StimulusKind::kReset}};
    const auto add = [&](Stimulus stimulus) {
      stimulus.time = 0;
      operations.push_back(stimulus);
    };
    for (const auto& [offset, stimulus] : config_) add(stimulus);
    for (const auto& [offset, stimulus] : registers_) {
      if (!IsLast(offset)) add(stimulus);
    }
    for (const auto& [offset, stimulus] : registers_) {
      if (IsLast(offset)) add(stimulus);
    }
    return operations;
  }

 private:
  static bool IsLast(std::uint32_t offset) {
    return offset == e1000::kRCTL || offset == e1000::kTCTL || offset == e1000::kIMS;
  }

  std::map<std::uint32_t, Stimulus> registers_;
  std::map<std::uint32_t, Stimulus> config_;
};

void AddStep(const Program& program, std::size_t index, Nanoseconds start,
             std::vector<Stimulus>* operations) {
  const Step& step = program.steps[index];
  const std::size_t first = index == 0 ? 0 : program.steps[index - 1].patch_end;
  Stimulus stimulus = step.stimulus;
  stimulus.time = stimulus.time > start ? stimulus.time - start : 0;
  for (std::size_t i = first; i < step.patch_end; ++i) {
    const MemoryPatch& patch = program.patches[i];
    operations->push_back({.time = stimulus.time,
                           .value = patch.address,
                           .data = patch.data,
                           .data_size = static_cast<std::uint32_t>(
                               std::min<std::uint64_t>(patch.size, kLongestPatch)),
                           .kind = StimulusKind::kMemory});
  }
  if (stimulus.kind != StimulusKind::kTimer) operations->push_back(stimulus);
}

struct Nothing : OperationSink {
  explicit Nothing(std::size_t most) : limit(most) {}
  std::uint64_t Do(const Stimulus&) override {
    ++count;
    return 0;
  }
  bool Done() const override { return count >= limit; }
  std::size_t count = 0;
  std::size_t limit;
};

}  // namespace

Result<std::vector<std::vector<std::uint8_t>>> SeedsFromTrace(const std::string& path) {
  auto loaded = LoadProgram(path, Salvage::kNo);
  if (!loaded) return tl::make_unexpected(loaded.error());
  const Program& program = loaded->program;
  const std::size_t steps = program.steps.size();
  const std::size_t stride = std::max(kWindow, steps / kWindows);
  std::vector<std::vector<std::uint8_t>> seeds;
  Setup setup;
  for (std::size_t at = 0; at < steps; at += stride) {
    const Nanoseconds start = program.steps[at].stimulus.time;
    std::vector<Stimulus> operations = setup.Operations();
    for (std::size_t i = at; i < std::min(steps, at + kWindow); ++i) {
      AddStep(program, i, start, &operations);
    }
    seeds.push_back(EncodeE1000Input(operations));
    for (std::size_t i = at; i < std::min(steps, at + stride); ++i) {
      setup.Learn(program.steps[i].stimulus);
    }
  }
  return seeds;
}

std::vector<std::uint8_t> SeedFromGenerator(std::uint64_t seed) {
  Nothing nothing(kGenerated);
  OperationRecorder recorder(nothing);
  E1000Generator(seed, recorder).Run();
  return EncodeE1000Input(recorder.operations());
}

}  // namespace nicreplay
