// SPDX-License-Identifier: MIT
// Registers that a polling core watches, so that the guest's accesses need no exit: while they are
// shadowed, the bus answers reads of these pages from memory, and puts writes there.
//
// Ordering between the driver's core and the polling core: the driver's write of a register is a
// release (on x86 every store is, and the device sees what was stored before it), the poller's
// load of it an acquire; the poller's store of what it publishes is a release, and comes after its
// DMA.  Each word is atomic; between words there is no order but that.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace nicreplay {

class ShadowPages {
 public:
  static constexpr std::uint32_t kPageSize = 4096;
  static constexpr std::size_t kWords = kPageSize / sizeof(std::uint32_t);

  struct Page {
    std::uint32_t offset = 0;                     // in BAR 0, a multiple of kPageSize
    std::atomic<std::uint32_t>* words = nullptr;  // kWords of the device's, at a page boundary
  };

  // Which pages there are does not change while the device lives.
  explicit ShadowPages(std::span<const Page> pages) : pages_(pages) {}

  std::span<const Page> pages() const { return pages_; }

  // Whether the bus is to use the pages now.  Told after a call of the device, never during a poll.
  bool active() const { return active_; }
  void set_active(bool active) { active_ = active; }

  // The word at a register's offset; null: not on a shadowed page.
  std::atomic<std::uint32_t>* Find(std::uint32_t offset) const {
    for (const Page& page : pages_) {
      if (offset - page.offset < kPageSize) return &page.words[(offset - page.offset) / 4];
    }
    return nullptr;
  }

 private:
  std::span<const Page> pages_;
  bool active_ = false;
};

// For who polls: makes a word that was `known` (published, or taken up since) show `value`.  While
// the pages are active it goes only over what is known: a write that comes in between stays, and is
// taken up by the next poll.
inline void PublishShadow(std::atomic<std::uint32_t>& word, std::uint32_t& known,
                          std::uint32_t value, bool active) {
  std::uint32_t expected = std::exchange(known, value);
  if (!active) {
    word.store(value, std::memory_order_release);
  } else if (value != expected) {
    word.compare_exchange_strong(expected, value, std::memory_order_release,
                                 std::memory_order_relaxed);
  }
}

}  // namespace nicreplay
