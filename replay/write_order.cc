// SPDX-License-Identifier: MIT
#include "replay/write_order.h"

#include <algorithm>
#include <limits>
#include <vector>

namespace nicreplay {

namespace {

constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();
constexpr std::uint64_t kWhole = 8;  // aligned bytes of one write that appear together

struct Range {
  GuestAddress first;
  GuestAddress last;
};

// Which write, by its number, touched a byte last.
class LastWriter {
 public:
  explicit LastWriter(std::span<const WritePiece> writes) {
    std::vector<Span> waiting;
    waiting.reserve(writes.size());
    for (const WritePiece& write : writes) {
      waiting.push_back({write.address, write.last(), write.order + 1});
    }
    std::ranges::sort(waiting, {}, &Span::first);
    Sweep(waiting);
  }

  // The latest among the last writers of the range, by their order from 1 on; 0: nobody wrote it.
  std::size_t LatestOf(const Range& range) const {
    std::size_t latest = 0;
    auto at = std::ranges::lower_bound(spans_, range.first, {}, &Span::last);
    for (; at != spans_.end() && at->first <= range.last; ++at) {
      latest = std::max(latest, at->writer);
    }
    return latest;
  }

 private:
  struct Span {
    GuestAddress first;
    GuestAddress last;
    std::size_t writer;
  };

  // Goes through the addresses with the writes that began and may reach further, the latest on top.
  void Sweep(std::span<const Span> waiting) {
    std::vector<Span> begun;
    const auto by_writer = [](const Span& a, const Span& b) { return a.writer < b.writer; };
    GuestAddress at = 0;
    while (!waiting.empty() || !begun.empty()) {
      if (begun.empty()) at = waiting.front().first;
      for (; !waiting.empty() && waiting.front().first == at; waiting = waiting.subspan(1)) {
        begun.push_back(waiting.front());
        std::ranges::push_heap(begun, by_writer);
      }
      const Span latest = begun.front();
      GuestAddress last = latest.last;
      if (!waiting.empty()) last = std::min(last, waiting.front().first - 1);
      spans_.push_back({at, last, latest.writer});
      if (last == std::numeric_limits<GuestAddress>::max()) return;
      at = last + 1;
      while (!begun.empty() && begun.front().last < at) {
        std::ranges::pop_heap(begun, by_writer);
        begun.pop_back();
      }
    }
  }

  std::vector<Span> spans_;  // that do not overlap, in the order of their addresses
};

// What one marker announces.
struct Announcement {
  GuestAddress marker;
  std::uint8_t value;        // final
  std::vector<Range> data;   // that nothing later replaces
  std::size_t in_force = 0;  // from this write on, by its order from 1 on
  bool whole = false;        // that write lies in one aligned 8 bytes
};

std::vector<Announcement> Announcements(std::span<const WritePiece> writes,
                                        const LastWriter& last_writer, const Describer& describer) {
  std::vector<Announcement> all;
  std::vector<Range> data;  // since the last marker
  for (const WritePiece& write : writes) {
    std::vector<Range> beside;  // the write's bytes that are no markers
    bool announces = false;
    std::uint64_t from = 0;
    const bool marks = describer.MayHoldMarkers(write.address, write.last());
    for (std::uint64_t k = 0; marks && k < write.bytes.size(); ++k) {
      const GuestAddress at = write.address + k;
      if (!describer.IsCompletionMarker(at)) continue;
      if (k != from) beside.push_back({write.address + from, at - 1});
      from = k + 1;
      if (last_writer.LatestOf({at, at}) != write.order + 1) continue;
      announces = true;
      // What a later write replaces is announced by that write's marker.
      std::erase_if(
          data, [&](const Range& range) { return last_writer.LatestOf(range) > write.order + 1; });
      all.push_back({at, write.bytes[k], std::move(data), kNever, false});
      data.clear();
    }
    // What comes in one write with a marker in force has no order to it.
    if (announces) continue;
    data.insert(data.end(), beside.begin(), beside.end());
    if (from != write.bytes.size()) data.push_back({write.address + from, write.last()});
  }
  return all;
}

// Finds when each marker first has its final value; `markers` are in address order.
void FindInForce(std::span<const WritePiece> writes, std::vector<Announcement>* markers) {
  for (Announcement& marker : *markers) marker.in_force = kNever;
  for (const WritePiece& write : writes) {
    auto at = std::lower_bound(
        markers->begin(), markers->end(), write.address,
        [](const Announcement& marker, GuestAddress address) { return marker.marker < address; });
    for (; at != markers->end() && at->marker <= write.last(); ++at) {
      const bool has_value = write.bytes[at->marker - write.address] == at->value;
      if (!has_value || at->in_force != kNever) continue;
      at->in_force = write.order + 1;
      at->whole = write.address / kWhole == write.last() / kWhole;
    }
  }
}

}  // namespace

std::optional<EarlyMarker> FindEarlyMarker(std::span<const WritePiece> expected,
                                           std::span<const WritePiece> actual,
                                           const Describer& describer) {
  const LastWriter expected_writer(expected);
  std::vector<Announcement> wanted = Announcements(expected, expected_writer, describer);
  if (wanted.empty()) return std::nullopt;
  std::sort(wanted.begin(), wanted.end(),
            [](const Announcement& a, const Announcement& b) { return a.marker < b.marker; });
  FindInForce(expected, &wanted);
  std::vector<Announcement> got = wanted;
  FindInForce(actual, &got);
  const LastWriter actual_writer(actual);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    for (const Range& range : wanted[i].data) {
      const bool was_before = expected_writer.LatestOf(range) < wanted[i].in_force;
      const std::size_t written = actual_writer.LatestOf(range);
      const bool is_before =
          written < got[i].in_force || (got[i].whole && written == got[i].in_force);
      if (was_before && !is_before) return EarlyMarker{wanted[i].marker, range.first};
    }
  }
  return std::nullopt;
}

}  // namespace nicreplay
