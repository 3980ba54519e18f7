// SPDX-License-Identifier: MIT
#include "replay/exact.h"

#include <algorithm>
#include <map>

#include "replay/canonical.h"

namespace nicreplay {

namespace {

using Kind = Divergence::Kind;

std::vector<const Effect*> OfKind(std::span<const Effect> effects, EffectKind kind) {
  std::vector<const Effect*> found;
  for (const Effect& effect : effects) {
    if (effect.kind == kind) found.push_back(&effect);
  }
  return found;
}

std::vector<std::uint8_t> Copy(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

Offload OffloadOf(const Effect& effect) {
  return effect.offload == nullptr ? Offload{} : *effect.offload;
}

std::optional<Divergence> CompareFrames(std::span<const Effect> expected,
                                        std::span<const Effect> actual) {
  const auto want = OfKind(expected, EffectKind::kTransmit);
  const auto got = OfKind(actual, EffectKind::kTransmit);
  for (std::size_t i = 0; i < std::max(want.size(), got.size()); ++i) {
    Divergence divergence;
    divergence.kind = Kind::kFrame;
    divergence.item = i;
    divergence.expected = i < want.size() ? 1 : 0;
    divergence.found = i < got.size() ? 1 : 0;
    if (i < want.size()) divergence.expected_bytes = Copy(want[i]->bytes());
    if (i < got.size()) divergence.found_bytes = Copy(got[i]->bytes());
    if (i >= want.size() || i >= got.size()) return divergence;
    if (divergence.expected_bytes != divergence.found_bytes) {
      const auto at =
          std::mismatch(divergence.expected_bytes.begin(), divergence.expected_bytes.end(),
                        divergence.found_bytes.begin(), divergence.found_bytes.end());
      divergence.offset = static_cast<std::uint64_t>(at.first - divergence.expected_bytes.begin());
      return divergence;
    }
    if (OffloadOf(*want[i]) != OffloadOf(*got[i])) {
      divergence.kind = Kind::kOffload;
      return divergence;
    }
  }
  return std::nullopt;
}

std::optional<Divergence> CompareDeliveries(std::span<const Effect> expected,
                                            std::span<const Effect> actual) {
  const auto want = OfKind(expected, EffectKind::kDelivery);
  const auto got = OfKind(actual, EffectKind::kDelivery);
  for (std::size_t i = 0; i < want.size(); ++i) {
    Divergence divergence;
    divergence.item = i;
    divergence.expected = static_cast<std::uint64_t>(want[i]->result);
    if (i >= got.size()) {
      divergence.kind = Kind::kNotFlushed;
      return divergence;
    }
    if (want[i]->result != got[i]->result) {
      divergence.kind = Kind::kResult;
      divergence.found = static_cast<std::uint64_t>(got[i]->result);
      return divergence;
    }
  }
  return std::nullopt;
}

// The bytes of an image as a map from run start to run, for looking up single bytes.
const WriteImage::Run* RunAt(const WriteImage& image, GuestAddress address) {
  const auto runs = image.runs();
  const auto after = std::upper_bound(
      runs.begin(), runs.end(), address,
      [](GuestAddress at, const WriteImage::Run& run) { return at < run.address; });
  if (after == runs.begin()) return nullptr;
  const WriteImage::Run& run = *(after - 1);
  return address - run.address < run.bytes.size() ? &run : nullptr;
}

// The first byte in address order that one image has and the other has not, or has with another
// value; up to 16 bytes of both sides from there.
std::optional<Divergence> FirstDifference(const WriteImage& in, const WriteImage& other,
                                          bool in_is_expected) {
  for (const WriteImage::Run& run : in.runs()) {
    for (std::size_t i = 0; i < run.bytes.size(); ++i) {
      const GuestAddress at = run.address + i;
      const WriteImage::Run* twin = RunAt(other, at);
      if (twin != nullptr && twin->bytes[at - twin->address] == run.bytes[i]) continue;
      Divergence divergence;
      divergence.kind = Kind::kMemory;
      divergence.address = at;
      const std::size_t count = std::min<std::size_t>(16, run.bytes.size() - i);
      auto& mine = in_is_expected ? divergence.expected_bytes : divergence.found_bytes;
      auto& theirs = in_is_expected ? divergence.found_bytes : divergence.expected_bytes;
      mine = Copy(Bytes(run.bytes).subspan(i, count));
      if (twin != nullptr) {
        const std::size_t from = at - twin->address;
        theirs = Copy(Bytes(twin->bytes).subspan(from, std::min(count, twin->bytes.size() - from)));
      }
      return divergence;
    }
  }
  return std::nullopt;
}

std::optional<Divergence> CompareMemory(std::span<const Effect> expected,
                                        std::span<const Effect> actual) {
  WriteImage want;
  WriteImage got;
  want.Build(expected);
  got.Build(actual);
  if (std::equal(want.runs().begin(), want.runs().end(), got.runs().begin(), got.runs().end())) {
    return std::nullopt;
  }
  auto missing = FirstDifference(want, got, true);
  auto extra = FirstDifference(got, want, false);
  if (missing && extra) return missing->address <= extra->address ? missing : extra;
  return missing ? missing : extra;
}

// Which write, by its number, touched a byte last.
class LastWriter {
 public:
  explicit LastWriter(std::span<const Effect* const> writes) {
    for (std::size_t i = 0; i < writes.size(); ++i) {
      if (writes[i]->data_size != 0) Paint(writes[i]->address, writes[i]->data_size, i);
    }
  }

  // The latest among the last writers of [address, address + size).
  std::size_t LatestOf(GuestAddress address, std::uint64_t size) const {
    std::size_t latest = 0;
    auto at = spans_.upper_bound(address);
    if (at != spans_.begin()) --at;
    for (; at != spans_.end() && at->first < address + size; ++at) {
      if (at->second.end > address) latest = std::max(latest, at->second.writer);
    }
    return latest;
  }

 private:
  struct Span {
    GuestAddress end;
    std::size_t writer;
  };

  void Paint(GuestAddress address, std::uint64_t size, std::size_t writer) {
    const GuestAddress end = address + size < address ? ~GuestAddress{0} : address + size;
    auto at = spans_.upper_bound(address);
    if (at != spans_.begin() && std::prev(at)->second.end > address) {
      auto before = std::prev(at);
      const Span old = before->second;
      before->second.end = address;
      if (before->first == address) spans_.erase(before);
      if (old.end > end) spans_.emplace(end, old);
      at = spans_.lower_bound(address);
    }
    while (at != spans_.end() && at->first < end) {
      const Span old = at->second;
      at = spans_.erase(at);
      if (old.end > end) {
        spans_.emplace(end, old);
        break;
      }
    }
    spans_[address] = {end, writer};
  }

  std::map<GuestAddress, Span> spans_;
};

// What the recording wrote before it wrote a marker must be there when the device writes that
// marker.
std::optional<Divergence> CompareOrder(std::span<const Effect> expected,
                                       std::span<const Effect> actual, const Describer& describer) {
  const auto want = OfKind(expected, EffectKind::kDmaWrite);
  const auto got = OfKind(actual, EffectKind::kDmaWrite);
  const LastWriter want_writer(want);
  const LastWriter got_writer(got);
  struct Range {
    GuestAddress address;
    std::uint64_t size;
  };
  std::vector<Range> announced;  // since the last marker
  for (std::size_t i = 0; i < want.size(); ++i) {
    GuestAddress from = want[i]->address;
    for (std::uint64_t k = 0; k < want[i]->data_size; ++k) {
      const GuestAddress at = want[i]->address + k;
      if (!describer.IsCompletionMarker(at)) continue;
      if (at != from) announced.push_back({from, at - from});
      from = at + 1;
      if (want_writer.LatestOf(at, 1) != i) continue;
      for (const Range& range : announced) {
        // Bytes that a later write of the recording replaces are announced by that write's marker.
        if (want_writer.LatestOf(range.address, range.size) > i) continue;
        if (got_writer.LatestOf(range.address, range.size) <= got_writer.LatestOf(at, 1)) continue;
        Divergence divergence;
        divergence.kind = Kind::kMemoryOrder;
        divergence.address = range.address;
        divergence.marker = at;
        return divergence;
      }
      announced.clear();
    }
    const GuestAddress end = want[i]->address + want[i]->data_size;
    if (end != from) announced.push_back({from, end - from});
  }
  return std::nullopt;
}

std::optional<Divergence> CompareLevels(std::span<const Effect> expected,
                                        std::span<const Effect> actual, EffectKind kind,
                                        Divergence::Kind as) {
  const auto want = OfKind(expected, kind);
  const auto got = OfKind(actual, kind);
  if (want.empty() && got.empty()) return std::nullopt;
  // A level that is not mentioned did not change; two levels exist, so its value is known from the
  // other side.
  const std::uint8_t want_level = want.empty() ? !got.front()->detail : want.front()->detail;
  const std::uint8_t got_level = got.empty() ? !want.front()->detail : got.front()->detail;
  if (want_level == got_level) return std::nullopt;
  Divergence divergence;
  divergence.kind = as;
  divergence.expected = want_level;
  divergence.found = got_level;
  return divergence;
}

std::map<TimerId, std::uint64_t> Timers(std::span<const Effect> effects) {
  std::map<TimerId, std::uint64_t> timers;
  for (const Effect& effect : effects) {
    if (effect.kind == EffectKind::kTimerArmed) timers[effect.detail] = effect.address;
    if (effect.kind == EffectKind::kTimerCancelled) timers[effect.detail] = Divergence::kNotArmed;
  }
  return timers;
}

std::optional<Divergence> CompareTimers(std::span<const Effect> expected,
                                        std::span<const Effect> actual) {
  const auto want = Timers(expected);
  const auto got = Timers(actual);
  if (want == got) return std::nullopt;
  for (unsigned id = 0; id < 256; ++id) {
    const auto a = want.find(static_cast<TimerId>(id));
    const auto b = got.find(static_cast<TimerId>(id));
    const bool in_want = a != want.end();
    const bool in_got = b != got.end();
    if (in_want == in_got && (!in_want || a->second == b->second)) continue;
    Divergence divergence;
    divergence.kind = Kind::kTimer;
    divergence.item = id;
    divergence.expected = in_want ? a->second : Divergence::kUnchanged;
    divergence.found = in_got ? b->second : Divergence::kUnchanged;
    return divergence;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Divergence> CompareExact(std::span<const Effect> expected,
                                       std::span<const Effect> actual, const Describer& describer) {
  if (auto found = CompareFrames(expected, actual)) return found;
  if (auto found = CompareMemory(expected, actual)) return found;
  if (auto found = CompareOrder(expected, actual, describer)) return found;
  if (auto found = CompareDeliveries(expected, actual)) return found;
  if (auto found = CompareLevels(expected, actual, EffectKind::kInterrupt, Kind::kInterrupt)) {
    return found;
  }
  if (auto found = CompareLevels(expected, actual, EffectKind::kReady, Kind::kReady)) return found;
  return CompareTimers(expected, actual);
}

}  // namespace nicreplay
