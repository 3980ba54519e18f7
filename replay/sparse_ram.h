// SPDX-License-Identifier: MIT
// Guest memory that is everywhere: a page appears, with given contents, when it is first touched.
// So every address that a driver could choose is memory, and a machine can start anew at the cost
// of what was touched.
#pragma once

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <vector>

#include "models/device.h"

namespace nicreplay {

class SparseRam {
 public:
  static constexpr std::size_t kPageSize = 4096;
  using Page = std::array<std::uint8_t, kPageSize>;

  // At most `pages` of them; further ones are no memory.
  explicit SparseRam(std::size_t pages)
      : limit_(pages),
        slots_(pages * 4),
        ram_(static_cast<std::uint8_t*>(std::calloc(pages, kPageSize))) {
    if (ram_ == nullptr) throw std::bad_alloc();
    touched_.reserve(pages);
  }

  // No page is touched any more; those that will be begin as `contents`.
  void Restart(const Page& contents) {
    contents_ = contents;
    ++generation_;
    touched_.clear();
    exhausted_ = false;
  }

  // Where the byte lies, with the rest of its page behind it; null: there are too many pages.
  std::uint8_t* At(GuestAddress address) {
    const std::uint64_t page = address / kPageSize;
    Slot& slot = slots_[SlotOf(page)];
    if (slot.generation != generation_) {
      if (touched_.size() == limit_) {
        exhausted_ = true;
        return nullptr;
      }
      slot = {page, generation_, touched_.size()};
      touched_.push_back(page);
      std::memcpy(PageOf(slot), contents_.data(), kPageSize);
    }
    return PageOf(slot) + address % kPageSize;
  }

  // Makes every page that was touched begin anew as `contents`, where it is mapped, too.
  void Overwrite(const Page& contents) {
    for (std::size_t i = 0; i < touched_.size(); ++i) {
      std::memcpy(ram_.get() + i * kPageSize, contents.data(), kPageSize);
    }
  }

  // Numbers of the pages that were touched, in that order.
  std::span<const std::uint64_t> touched() const { return touched_; }
  const Page& contents() const { return contents_; }
  // Whether something was asked of a page that there was no room for.
  bool exhausted() const { return exhausted_; }

 private:
  struct Slot {
    std::uint64_t page = 0;
    std::uint64_t generation = 0;  // of Restart; free, if it is not the latest
    std::size_t index = 0;
  };
  struct Free {
    void operator()(std::uint8_t* memory) const { std::free(memory); }
  };

  std::uint8_t* PageOf(const Slot& slot) { return ram_.get() + slot.index * kPageSize; }

  // Where the page is, or would be: three quarters are always free.
  std::size_t SlotOf(std::uint64_t page) const {
    std::size_t at = static_cast<std::size_t>(page * 0x9e3779b97f4a7c15u >> 32) % slots_.size();
    while (slots_[at].generation == generation_ && slots_[at].page != page) {
      if (++at == slots_.size()) at = 0;
    }
    return at;
  }

  std::size_t limit_;
  std::vector<Slot> slots_;
  std::vector<std::uint64_t> touched_;
  std::unique_ptr<std::uint8_t[], Free> ram_;
  Page contents_{};
  std::uint64_t generation_ = 1;
  bool exhausted_ = false;
};

}  // namespace nicreplay
