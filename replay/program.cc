// SPDX-License-Identifier: MIT
#include "replay/program.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "replay/bitmap.h"

namespace nicreplay {

namespace {

constexpr std::uint64_t kPageSize = 4096;
// Touches are remembered for a descriptor's worth of bytes at a time: fine enough for rings, cheap
// for payload.
constexpr std::uint64_t kGranule = 16;

// Like reserve, but keeps growth geometric over many batches.
template <typename T>
void MakeRoom(std::vector<T>& items, std::size_t more) {
  const std::size_t need = items.size() + more;
  if (items.capacity() < need) items.reserve(std::max(need, 2 * items.capacity()));
}

}  // namespace

// What is known of a page while the trace is read.
struct ProgramBuilder::Page {
  std::array<std::uint8_t, kPageSize> data{};
  std::array<std::uint8_t, kPageSize / 8> known{};
  // By granule: the earliest step before which bytes may change, the device having touched them
  // just before.
  std::array<std::uint32_t, kPageSize / kGranule> free_from{};
  // Bytes that the device touched in step `current_step`, to tell a race from neighbours in one
  // granule.
  std::uint32_t current_step = std::numeric_limits<std::uint32_t>::max();
  std::array<std::uint8_t, kPageSize / 8> current{};
  std::array<std::uint8_t, kPageSize / 8> written{};  // of those
  bool hole = false;

  void Touch(std::uint32_t step, std::uint64_t offset, std::uint64_t size) {
    if (current_step != step) {
      current_step = step;
      current.fill(0);
      written.fill(0);
    }
    SetBits(current.data(), offset, size);
    for (std::uint64_t g = offset / kGranule; g <= (offset + size - 1) / kGranule; ++g) {
      free_from[g] = step + 1;
    }
  }

  bool Has(std::uint64_t offset, Bytes bytes) const {
    return std::memcmp(&data[offset], bytes.data(), bytes.size()) == 0 &&
           AllBitsSet(known.data(), offset, bytes.size());
  }
};

ProgramBuilder::ProgramBuilder(TraceHeader header, Patching patching) {
  program_.header = std::move(header);
  program_.patching = patching;
}
ProgramBuilder::~ProgramBuilder() = default;

ProgramBuilder::Page* ProgramBuilder::PageAt(GuestAddress address) {
  const std::uint64_t number = address / kPageSize;
  if (last_page_ != nullptr && last_page_number_ == number) return last_page_;
  auto found = pages_.find(number);
  if (found == pages_.end()) {
    if (pages_.size() >= kMaxPages) return nullptr;
    found = pages_.emplace(number, std::make_unique<Page>()).first;
  }
  last_page_ = found->second.get();
  last_page_number_ = number;
  return last_page_;
}

void ProgramBuilder::Hoist(std::uint32_t step, GuestAddress address, Bytes bytes) {
  if (!hoisted_.empty()) {
    Hoisted& last = hoisted_.back();
    if (last.step == step && last.patch.address + last.patch.size == address &&
        last.patch.data + last.patch.size == bytes.data()) {
      last.patch.size += bytes.size();
      return;
    }
  }
  hoisted_.push_back({step, {address, bytes.data(), bytes.size()}});
}

// What the guest must have written before `step` for the device to read these bytes.
void ProgramBuilder::Learn(Page& page, std::uint32_t step, GuestAddress at, Bytes bytes) {
  Hoist(step, at, bytes);
  std::memcpy(&page.data[at % kPageSize], bytes.data(), bytes.size());
  SetBits(page.known.data(), at % kPageSize, bytes.size());
}

// Bytes of a granule that the device has touched in this very step: byte by byte, because
// neighbours may be new. False: a race.
bool ProgramBuilder::LearnTouched(Page& page, GuestAddress at, Bytes bytes) {
  const auto now = static_cast<std::uint32_t>(program_.steps.size());
  for (std::uint64_t i = 0; i < bytes.size(); ++i) {
    const std::uint64_t offset = at % kPageSize + i;
    if (page.Has(offset, bytes.subspan(i, 1))) continue;
    if (page.current_step == now && BitSet(page.written.data(), offset)) {
      // The device reads something else than it just wrote: what it writes there does not stay.
      if (!page.hole) program_.holes.push_back({now, at / kPageSize});
      page.hole = true;
    } else if (page.current_step == now && BitSet(page.current.data(), offset)) {
      return false;
    }
    Learn(page, now, at + i, bytes.subspan(i, 1));
  }
  return true;
}

// The part of a read that lies in one page.  False: a race.
bool ProgramBuilder::ReadPart(Page& page, GuestAddress at, Bytes bytes) {
  const auto now = static_cast<std::uint32_t>(program_.steps.size());
  const std::uint64_t offset = at % kPageSize;
  const bool same = page.Has(offset, bytes);
  for (std::uint64_t done = 0; !same && done < bytes.size();) {
    const std::uint64_t from = offset + done;
    const std::uint64_t size =
        std::min<std::uint64_t>(bytes.size() - done, kGranule - from % kGranule);
    const Bytes part = bytes.subspan(done, size);
    const std::uint32_t step = page.free_from[from / kGranule];
    if (step > now) {
      if (!LearnTouched(page, at + done, part)) return false;
    } else if (!page.Has(from, part)) {
      Learn(page, step, at + done, part);
    }
    done += size;
  }
  page.Touch(now, offset, bytes.size());
  return true;
}

Status ProgramBuilder::OnDeviceRead(const Effect& effect) {
  for (std::uint64_t done = 0; done < effect.data_size;) {
    const GuestAddress at = effect.address + done;
    const std::uint64_t size = std::min(effect.data_size - done, kPageSize - at % kPageSize);
    Page* page = PageAt(at);
    if (page == nullptr)
      return Fail(ErrorCode::kTooLarge, "the trace touches over 4 GiB of guest memory");
    if (!ReadPart(*page, at, effect.bytes().subspan(done, size))) {
      Error error{ErrorCode::kRacy, "the guest changed memory while the device worked on it",
                  std::nullopt, program_.steps.size()};
      return tl::make_unexpected(std::move(error));
    }
    done += size;
  }
  return Ok();
}

Status ProgramBuilder::OnWrite(Writer writer, GuestAddress address, Bytes bytes) {
  for (std::uint64_t done = 0; done < bytes.size();) {
    const GuestAddress at = address + done;
    const std::uint64_t size = std::min(bytes.size() - done, kPageSize - at % kPageSize);
    Page* page = PageAt(at);
    if (page == nullptr)
      return Fail(ErrorCode::kTooLarge, "the trace touches over 4 GiB of guest memory");
    done += size;
    if (page->hole && writer == Writer::kDevice) continue;
    const std::uint64_t offset = at % kPageSize;
    std::memcpy(&page->data[offset], bytes.data() + done - size, size);
    SetBits(page->known.data(), offset, size);
    page->Touch(static_cast<std::uint32_t>(program_.steps.size()), offset, size);
    if (writer == Writer::kDevice) SetBits(page->written.data(), offset, size);
  }
  return Ok();
}

Status ProgramBuilder::AddEffects(std::span<const Effect> effects, Step* step) {
  for (const Effect& effect : effects) {
    if (effect.kind == EffectKind::kDmaRead) {
      if (program_.patching == Patching::kHoisted) {
        if (auto done = OnDeviceRead(effect); !done) return done;
        continue;
      }
      step->memory = true;
    } else if (effect.kind == EffectKind::kDmaWrite && program_.patching == Patching::kHoisted) {
      if (auto done = OnWrite(Writer::kDevice, effect.address, effect.bytes()); !done) return done;
    }
    program_.effects.push_back(effect);
  }
  return Ok();
}

Status ProgramBuilder::AddStep(const Stimulus& stimulus, std::span<const Effect> effects) {
  Step step;
  step.stimulus = stimulus;
  step.stimulus.first_effect = static_cast<std::uint32_t>(program_.effects.size());
  if (stimulus.kind == StimulusKind::kMemory && program_.patching == Patching::kHoisted) {
    if (auto done = OnWrite(Writer::kGuest, stimulus.value, stimulus.bytes()); !done) return done;
  }
  program_.totals.Add(stimulus, effects);
  if (auto done = AddEffects(effects, &step); !done) return done;
  step.stimulus.effect_count =
      static_cast<std::uint32_t>(program_.effects.size()) - step.stimulus.first_effect;
  program_.steps.push_back(step);
  return Ok();
}

Status ProgramBuilder::Add(const EventBatch& batch, std::shared_ptr<const void> owner) {
  constexpr std::size_t kLimit = std::numeric_limits<std::uint32_t>::max() - 2;
  if (program_.steps.size() + batch.stimuli.size() > kLimit ||
      program_.effects.size() + batch.effects.size() > kLimit) {
    return Fail(ErrorCode::kTooLarge, "the trace has over four billion events");
  }
  program_.owners.push_back(std::move(owner));
  MakeRoom(program_.steps, batch.stimuli.size());
  MakeRoom(program_.effects, batch.effects.size());
  for (const Stimulus& stimulus : batch.stimuli) {
    if (auto added = AddStep(stimulus, batch.EffectsOf(stimulus)); !added) return added;
  }
  return Ok();
}

Result<Program> Hoist(const Program& as_read) {
  ProgramBuilder builder(as_read.header, Patching::kHoisted);
  builder.program_.owners = as_read.owners;
  builder.program_.steps.reserve(as_read.steps.size());
  for (const Step& step : as_read.steps) {
    if (auto added = builder.AddStep(step.stimulus, as_read.EffectsOf(step)); !added) {
      return tl::make_unexpected(added.error());
    }
  }
  return builder.Finish();
}

Program ProgramBuilder::Finish() {
  std::stable_sort(hoisted_.begin(), hoisted_.end(),
                   [](const Hoisted& a, const Hoisted& b) { return a.step < b.step; });
  program_.patches.reserve(hoisted_.size());
  std::size_t next = 0;
  for (std::size_t i = 0; i < program_.steps.size(); ++i) {
    for (; next < hoisted_.size() && hoisted_[next].step <= i; ++next) {
      program_.patches.push_back(hoisted_[next].patch);
    }
    Step& step = program_.steps[i];
    const std::size_t before = i == 0 ? 0 : program_.steps[i - 1].patch_end;
    step.patch_end = static_cast<std::uint32_t>(program_.patches.size());
    if (step.patch_end != before) step.memory = true;
  }
  for (const Hole& hole : program_.holes) {
    if (hole.step < program_.steps.size()) program_.steps[hole.step].memory = true;
  }
  pages_.clear();
  last_page_ = nullptr;
  hoisted_.clear();
  return std::move(program_);
}

}  // namespace nicreplay
