// SPDX-License-Identifier: MIT
// sidecore: the pages with the ring registers are memory to the guest, watched by a polling core,
// so that doorbells and looks at RDH and TDH need no exit.  The pages with registers that are
// cleared by reading, or start something at once, keep trapping.
//
// What a driver sees (the polled contract): of a register on these pages, what was published by the
// latest poll, or what it wrote there itself since.  A write counts when it is taken up, which is
// by the next poll, or before the next trapped access but those of ICR, IMS and IMC; a write of the
// value that is published already does not count at all.  Writes of less than 4 bytes change just
// these bytes: it is memory.  A saved state has what was taken up, so who saves one polls first.
//
// Ordering between the driver's core and the polling one (shadow_pages.h): a word that is taken up
// is loaded with acquire, so what the driver stored before it is seen; words are published with
// release, after the poll's DMA.  A word is published only over the value that was taken up from it
// (compare and exchange): a write that comes in between stays, and is taken up by the next poll.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "models/e1000/control_plane.h"
#include "models/shadow_pages.h"

namespace nicreplay::e1000 {

class ShadowRegisters {
 public:
  explicit ShadowRegisters(ControlPlane& control);

  ShadowPages& pages() { return pages_; }
  bool active() const { return pages_.active(); }

  // While the device is enabled (bus mastering, and TCTL.EN or RCTL.EN) the pages are worth it.
  bool Wanted() const;
  void Deactivate() { pages_.set_active(false); }

  // Calls write(offset, value) for every word that the driver changed: those without a register,
  // then registers in ascending order, but RDT and TDT last: what it set up before it rang a
  // doorbell counts for that doorbell.
  template <typename F>
  void TakeUp(F write) {
    for (const Range& gap : gaps_) {
      if (!Written(gap)) continue;
      for (std::size_t word = gap.first; word < gap.end; ++word) TakeUpWord(word, write);
    }
    TakeUpRegisters(write);
  }

  // The same for words that have a register.
  template <typename F>
  void TakeUpRegisters(F write) {
    for (const std::uint16_t word : register_words_) {
      if (word != kRdtWord && word != kTdtWord) TakeUpWord(word, write);
    }
    TakeUpWord(kRdtWord, write);
    TakeUpWord(kTdtWord, write);
  }

  // Makes the pages show the registers, and active.
  void Publish();

 private:
  static constexpr std::uint32_t kFirst = 0x2000;  // receive registers, then transmit registers
  static constexpr std::size_t kPages = 2;
  static constexpr std::size_t kWords = kPages * ShadowPages::kWords;
  static constexpr std::size_t kRdtWord = (kRDT - kFirst) / 4;
  static constexpr std::size_t kTdtWord = (kTDT - kFirst) / 4;

  // Words between registers: what is published there is 0.
  struct Range {
    std::size_t first;
    std::size_t end;
  };

  // Whether a word of the range is not 0.  Two words at a time, as there are many; relaxed, because
  // who takes one up loads it again.
  bool Written(const Range& range) const {
    using Pair [[gnu::may_alias]] = std::uint64_t;
    const auto pair = [this](std::size_t at) {
      return __atomic_load_n(reinterpret_cast<const Pair*>(&words_[at]), __ATOMIC_RELAXED);
    };
    std::uint64_t any = 0;
    std::size_t word = range.first;
    if (word % 2 != 0) any |= words_[word++].load(std::memory_order_relaxed);
    for (; word + 16 <= range.end; word += 16) {
      any |= pair(word) | pair(word + 2) | pair(word + 4) | pair(word + 6);
      any |= pair(word + 8) | pair(word + 10) | pair(word + 12) | pair(word + 14);
    }
    for (; word < range.end; ++word) any |= words_[word].load(std::memory_order_relaxed);
    return any != 0;
  }

  static std::uint32_t OffsetOf(std::size_t word) {
    return kFirst + 4 * static_cast<std::uint32_t>(word);
  }

  template <typename F>
  void TakeUpWord(std::size_t word, F write) {
    const std::uint32_t value = words_[word].load(std::memory_order_acquire);
    if (value == known_[word]) return;
    known_[word] = value;
    if (FindRegister(OffsetOf(word)) == nullptr) stale_ = true;
    write(OffsetOf(word), value);
  }
  void PublishWord(std::size_t word);

  ControlPlane& control_;
  alignas(ShadowPages::kPageSize) std::array<std::atomic<std::uint32_t>, kWords> words_{};
  std::array<std::uint32_t, kWords> known_{};  // published, or taken up since
  std::array<ShadowPages::Page, kPages> page_table_;
  ShadowPages pages_;
  std::vector<std::uint16_t> register_words_;
  std::vector<Range> gaps_;
  bool stale_ = true;  // words without a register are not all 0
};

}  // namespace nicreplay::e1000
