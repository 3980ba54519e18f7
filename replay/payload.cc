// SPDX-License-Identifier: MIT
#include "replay/payload.h"

#include <algorithm>
#include <cstring>

namespace nicreplay {

PayloadWriter::PayloadWriter() : table_(std::size_t{1} << kTableBits) {}

std::size_t PayloadWriter::Slot(const std::uint8_t* at) {
  // Odd constants without pattern (the golden ratio and a prime); the product's high bits are mixed
  // best.
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  std::memcpy(&low, at, sizeof low);
  std::memcpy(&high, at + sizeof low, sizeof high);
  const std::uint64_t hash = (low * 0x9e3779b97f4a7c15u + high) * 0xd6e8feb86659fd93u;
  return hash >> (64 - kTableBits);
}

// The repetition in the payload of bytes[from...]; too short: size 0.
PayloadWriter::Piece PayloadWriter::Find(Bytes bytes, std::size_t from) const {
  const std::uint32_t entry = table_[Slot(&bytes[from])];
  if (entry == 0) return {};
  const std::size_t start = entry - 1;
  const std::size_t room = std::min(bytes.size() - from, bytes_.size() - start);
  if (room < kShortest || std::memcmp(&bytes_[start], &bytes[from], kShortest) != 0) return {};
  std::size_t size = kShortest;
  while (size < room && bytes_[start + size] == bytes[from + size]) ++size;
  return {static_cast<std::uint32_t>(start), static_cast<std::uint32_t>(size)};
}

void PayloadWriter::AddPiece(std::uint32_t start, std::size_t size) {
  if (!pieces_.empty() && pieces_.back().start + pieces_.back().size == start) {
    pieces_.back().size += static_cast<std::uint32_t>(size);
  } else {
    pieces_.push_back({start, static_cast<std::uint32_t>(size)});
  }
}

void PayloadWriter::AddNew(Bytes bytes) {
  if (bytes.empty()) return;
  AddPiece(static_cast<std::uint32_t>(bytes_.size()), bytes.size());
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

void PayloadWriter::Remember() {
  for (; remembered_ + kHashed <= bytes_.size(); remembered_ += kStride) {
    table_[Slot(&bytes_[remembered_])] = static_cast<std::uint32_t>(remembered_ + 1);
  }
}

const std::vector<PayloadWriter::Piece>& PayloadWriter::Add(Bytes bytes) {
  pieces_.clear();
  std::size_t fresh = 0;  // the first byte that has no piece yet
  for (std::size_t at = 0; at + kShortest <= bytes.size();) {
    Piece found = Find(bytes, at);
    if (found.size == 0) {
      ++at;
      continue;
    }
    // Only some positions are remembered: the repetition may have begun before.
    while (at > fresh && found.start > 0 && bytes_[found.start - 1] == bytes[at - 1]) {
      --at;
      --found.start;
      ++found.size;
    }
    AddNew(bytes.subspan(fresh, at - fresh));
    AddPiece(found.start, found.size);
    at += found.size;
    fresh = at;
  }
  AddNew(bytes.subspan(fresh));
  Remember();
  return pieces_;
}

}  // namespace nicreplay
