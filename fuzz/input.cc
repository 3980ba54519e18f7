// SPDX-License-Identifier: MIT
#include "fuzz/input.h"

namespace nicreplay {

namespace {

// Without units, descriptors that are fit for any ring: a buffer of their own, some length, and as
// a transmit descriptor EOP and RS.
void FillWithDescriptors(SparseRam::Page* page) {
  for (std::size_t at = 0; at < page->size(); at += InputHeader::kUnitSize) {
    const std::uint64_t words[2] = {0x40000 + (at << 8), 0x0900'0000 | (60 + at)};
    std::memcpy(&(*page)[at], words, sizeof(words));
  }
}

}  // namespace

InputStart StartOf(Bytes input) {
  InputStart start;
  InputReader reader(input);
  start.header = reader.Take<InputHeader>();
  const Bytes units = reader.Some(start.header.unit_count() * InputHeader::kUnitSize);
  start.items_at = input.size() - reader.left();
  if (units.empty()) {
    FillWithDescriptors(&start.contents);
    return start;
  }
  // Doubling copies are much faster than one byte at a time; a last piece of a unit repeats, too.
  const std::size_t first = std::min(units.size(), start.contents.size());
  std::memcpy(start.contents.data(), units.data(), first);
  for (std::size_t filled = first; filled < start.contents.size();) {
    const std::size_t part = std::min(filled, start.contents.size() - filled);
    std::memcpy(&start.contents[filled], start.contents.data(), part);
    filled += part;
  }
  return start;
}

std::vector<InputItem> ItemGrammar::ItemsOf(Bytes input) const {
  std::vector<InputItem> items;
  for (std::size_t at = StartOf(input).items_at; at < input.size();) {
    const ItemKind& kind = kind_of(input[at]);
    std::size_t size = 1u + kind.operands;
    if (kind.data && at + size <= input.size()) {
      size += static_cast<std::size_t>(input[at + size - 2] | input[at + size - 1] << 8);
    }
    size = std::min(size, input.size() - at);
    items.push_back({at, size});
    at += size;
  }
  return items;
}

}  // namespace nicreplay
