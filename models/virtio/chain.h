// SPDX-License-Identifier: MIT
// Collects the pieces of an element from its descriptors, under the rules that both formats share
// (virtio 1.2, 2.7.4.2 and 2.8.6).
#pragma once

#include "models/virtio/element.h"

namespace nicreplay::virtio {

// Where the descriptors of a chain lie: in the ring, or in an indirect table.
struct Table {
  GuestAddress address = 0;
  std::uint32_t size = 0;  // descriptors
};

class ChainBuilder {
 public:
  explicit ChainBuilder(Element* element) : element_(element) {
    element->out_count = 0;
    element->in_count = 0;
  }

  // Adds a descriptor's piece.  False: no element may contain it.
  bool Add(GuestAddress address, std::uint32_t size, std::uint16_t flags) {
    const bool write = (flags & descriptor::kWrite) != 0;
    if (!write && element_->in_count != 0) return false;  // all that is written comes last
    const std::uint32_t count = element_->out_count + element_->in_count;
    if (size == 0 || count == kMaxQueueSize) return false;
    element_->pieces[count] = {address, size};
    ++(write ? element_->in_count : element_->out_count);
    return true;
  }

 private:
  Element* element_;
};

}  // namespace nicreplay::virtio
