// SPDX-License-Identifier: MIT
#include "replay/exact.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "replay/canonical.h"
#include "replay/write_order.h"

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

std::optional<Divergence> CompareFrame(const Effect& want, const Effect& got) {
  Divergence divergence;
  divergence.kind = Kind::kFrame;
  const Bytes want_bytes = want.bytes();
  const Bytes got_bytes = got.bytes();
  if (!std::ranges::equal(want_bytes, got_bytes)) {
    const auto at = std::ranges::mismatch(want_bytes, got_bytes).in1;
    divergence.offset = static_cast<std::uint64_t>(at - want_bytes.begin());
    return divergence;
  }
  divergence.kind = Kind::kOffload;
  if (OffloadOf(want) != OffloadOf(got)) return divergence;
  return std::nullopt;
}

std::optional<Divergence> CompareFrames(std::span<const Effect> expected,
                                        std::span<const Effect> actual) {
  const auto want = OfKind(expected, EffectKind::kTransmit);
  const auto got = OfKind(actual, EffectKind::kTransmit);
  for (std::size_t i = 0; i < std::max(want.size(), got.size()); ++i) {
    std::optional<Divergence> divergence(std::in_place);
    divergence->kind = Kind::kFrame;
    if (i < want.size() && i < got.size()) divergence = CompareFrame(*want[i], *got[i]);
    if (!divergence) continue;
    divergence->item = i;
    divergence->expected = i < want.size() ? 1 : 0;
    divergence->found = i < got.size() ? 1 : 0;
    if (i < want.size()) divergence->expected_bytes = Copy(want[i]->bytes());
    if (i < got.size()) divergence->found_bytes = Copy(got[i]->bytes());
    return divergence;
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

// The run of an image that has the byte, or null.
const WriteImage::Run* RunAt(const WriteImage& image, GuestAddress address) {
  const auto runs = image.runs();
  const auto after = std::upper_bound(
      runs.begin(), runs.end(), address,
      [](GuestAddress at, const WriteImage::Run& run) { return at < run.address; });
  if (after == runs.begin()) return nullptr;
  const WriteImage::Run& run = *(after - 1);
  return address - run.address < run.bytes.size() ? &run : nullptr;
}

// Up to 16 bytes of an image from an address on; none where it does not have that byte.
std::vector<std::uint8_t> BytesAt(const WriteImage& image, GuestAddress address) {
  constexpr std::uint64_t kShown = 16;
  const WriteImage::Run* run = RunAt(image, address);
  if (run == nullptr) return {};
  const std::uint64_t from = address - run->address;
  return Copy(Bytes(run->bytes).subspan(from, std::min(kShown, run->bytes.size() - from)));
}

// How much a differing byte tells a reader.
enum class Telling : std::uint8_t {
  kPlain,   // memory without a name
  kName,    // part of a descriptor that only one side wrote
  kMarker,  // a completion marker that only one side wrote
  kField,   // a field with two values
};

Telling TellingOf(GuestAddress at, const WriteImage& other, const Describer& describer) {
  if (describer.MemoryName(at).empty()) return Telling::kPlain;
  if (RunAt(other, at) != nullptr) return Telling::kField;
  return describer.IsCompletionMarker(at) ? Telling::kMarker : Telling::kName;
}

struct Difference {
  Telling telling = Telling::kPlain;
  GuestAddress address = 0;
};

bool Better(const Difference& a, const std::optional<Difference>& b) {
  return !b || a.telling > b->telling || (a.telling == b->telling && a.address < b->address);
}

// The first byte from `from` on that `other` has not, or differently; or where it knows no more.
std::size_t SameFrom(const WriteImage::Run& run, std::size_t from, const WriteImage& other) {
  if (from >= run.bytes.size()) return from;
  const GuestAddress at = run.address + from;
  const WriteImage::Run* twin = RunAt(other, at);
  if (twin == nullptr) return from;
  const std::uint64_t in_twin = at - twin->address;
  const std::size_t size = std::min(run.bytes.size() - from, twin->bytes.size() - in_twin);
  // memcmp is what sanitizers do not slow down.
  if (std::memcmp(&run.bytes[from], &twin->bytes[in_twin], size) == 0) return from + size;
  const Bytes mine = Bytes(run.bytes).subspan(from, size);
  const auto differing = std::ranges::mismatch(mine, Bytes(twin->bytes).subspan(in_twin, size));
  return from + static_cast<std::size_t>(differing.in1 - mine.begin());
}

// Among the first bytes of `image` that `other` has not, or has with another value, the one that
// tells most; of equals the first in address order.
std::optional<Difference> FindDifference(const WriteImage& image, const WriteImage& other,
                                         const Describer& describer, const HasByte& has) {
  constexpr std::size_t kMaxLookedAt = 4096;
  std::optional<Difference> best;
  std::size_t looked_at = 0;
  for (const WriteImage::Run& run : image.runs()) {
    for (std::size_t i = SameFrom(run, 0, other); i < run.bytes.size() && looked_at < kMaxLookedAt;
         i = SameFrom(run, i + 1, other)) {
      const GuestAddress at = run.address + i;
      const WriteImage::Run* twin = RunAt(other, at);
      if (twin != nullptr && twin->bytes[at - twin->address] == run.bytes[i]) continue;
      if (twin == nullptr && has && has(at, run.bytes[i])) continue;
      ++looked_at;
      const Difference difference{TellingOf(at, other, describer), at};
      if (Better(difference, best)) best = difference;
    }
  }
  return best;
}

std::optional<Divergence> CompareImages(const WriteImage& want, const WriteImage& got,
                                        const Describer& describer, const HasByte& has) {
  if (std::ranges::equal(want.runs(), got.runs())) return std::nullopt;
  std::optional<Difference> best = FindDifference(want, got, describer, has);
  const std::optional<Difference> extra = FindDifference(got, want, describer, {});
  if (extra && Better(*extra, best)) best = extra;
  if (!best) return std::nullopt;
  Divergence divergence;
  divergence.kind = Kind::kMemory;
  divergence.address = best->address;
  divergence.expected_bytes = BytesAt(want, divergence.address);
  divergence.found_bytes = BytesAt(got, divergence.address);
  return divergence;
}

bool SameWrites(std::span<const WritePiece> a, std::span<const WritePiece> b) {
  return std::ranges::equal(a, b, [](const WritePiece& x, const WritePiece& y) {
    return x.address == y.address && std::ranges::equal(x.bytes, y.bytes);
  });
}

std::optional<Divergence> CompareMemory(std::span<const Effect> expected,
                                        std::span<const Effect> actual, const Describer& describer,
                                        const HasByte& has) {
  const std::vector<WritePiece> want = WritePieces(expected);
  const std::vector<WritePiece> got = WritePieces(actual);
  if (SameWrites(want, got)) return std::nullopt;
  WriteImage want_image;
  WriteImage got_image;
  want_image.Build(want);
  got_image.Build(got);
  if (auto found = CompareImages(want_image, got_image, describer, has)) return found;
  const auto early = FindEarlyMarker(want, got, describer);
  if (!early) return std::nullopt;
  Divergence divergence;
  divergence.kind = Kind::kMemoryOrder;
  divergence.address = early->data;
  divergence.marker = early->marker;
  return divergence;
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
                                       std::span<const Effect> actual, const Describer& describer,
                                       const HasByte& has) {
  // What became of queued frames explains most of what comes after.
  if (auto found = CompareDeliveries(expected, actual)) return found;
  if (auto found = CompareFrames(expected, actual)) return found;
  if (auto found = CompareMemory(expected, actual, describer, has)) return found;
  if (auto found = CompareLevels(expected, actual, EffectKind::kInterrupt, Kind::kInterrupt)) {
    return found;
  }
  if (auto found = CompareLevels(expected, actual, EffectKind::kReady, Kind::kReady)) return found;
  return CompareTimers(expected, actual);
}

}  // namespace nicreplay
