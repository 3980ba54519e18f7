// SPDX-License-Identifier: MIT
// Shadow pages of a device under recording.  The bus gets copies of the device's pages.  What the
// driver writes there is told to the device, and so recorded, as a trapped write of a register
// before the device's next call: a recording has every write that counted, in the order in which
// the device took them up, and no reads.  Ordering between the cores as in models/shadow_pages.h.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "models/shadow_pages.h"

namespace nicreplay {

class ShadowCopy {
 public:
  // `original` must outlive the copy.
  explicit ShadowCopy(const ShadowPages& original);

  ShadowPages& pages() { return pages_; }

  // Calls write(offset, value) for every word that the driver changed, by ascending offsets: on an
  // e1000's pages the tail of a ring comes after its base, length and head.
  template <typename F>
  void TakeUp(F write) {
    if (!pages_.active()) return;
    for (std::size_t page = 0; page < table_.size(); ++page) {
      for (std::size_t word = 0; word < ShadowPages::kWords; ++word) {
        const std::uint32_t value = table_[page].words[word].load(std::memory_order_acquire);
        if (value == known_[page][word]) continue;
        known_[page][word] = value;
        write(table_[page].offset + 4 * static_cast<std::uint32_t>(word), value);
      }
    }
  }

  // After a poll of the device: shows what it has published.
  void Publish();
  // After any other call: the bus leaves the pages where the device has.
  void FollowActivity() { pages_.set_active(pages_.active() && original_.active()); }

 private:
  struct alignas(ShadowPages::kPageSize) Words {
    std::array<std::atomic<std::uint32_t>, ShadowPages::kWords> words{};
  };

  const ShadowPages& original_;
  std::vector<Words> words_;
  std::vector<std::array<std::uint32_t, ShadowPages::kWords>> known_;  // shown, or taken up since
  std::vector<ShadowPages::Page> table_;
  ShadowPages pages_;
};

}  // namespace nicreplay
