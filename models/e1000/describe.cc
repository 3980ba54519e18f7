// SPDX-License-Identifier: MIT
#include "models/e1000/describe.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "models/e1000/describe_descriptors.h"
#include "models/e1000/describe_registers.h"
#include "models/e1000/descriptors.h"
#include "models/e1000/registers.h"
#include "models/e1000/timers.h"

namespace nicreplay {
namespace e1000 {
namespace {

constexpr std::size_t kMaxDescribed = 4;  // descriptors of one DMA
constexpr std::size_t kStatusByte = 12;   // DD is in it, in both rings
static_assert(kStatusByte == offsetof(RxDescriptor, status));
static_assert(kStatusByte == offsetof(TxDescriptor, upper));

// A place in a descriptor.
struct Place {
  std::uint64_t index;
  std::size_t byte;
};

// What the driver wrote to the registers of one ring.
struct Ring {
  RingKind kind;
  std::uint32_t base_low_at;  // offsets of xDBAL, xDBAH, xDLEN, xDH
  std::uint32_t base_high_at;
  std::uint32_t length_at;
  std::uint32_t head_at;
  std::uint32_t base_low = 0;
  std::uint32_t base_high = 0;
  std::uint32_t length = 0;
  std::uint32_t head = 0;

  void OnWrite(std::uint32_t offset, std::uint32_t value) {
    if (offset == base_low_at) base_low = value & ~0xfu;
    if (offset == base_high_at) base_high = value;
    if (offset == length_at) length = value & 0xfff80;
    if (offset == head_at) head = value & 0xffff;
  }

  void Clear() { base_low = base_high = length = head = 0; }

  // Also the descriptor that the driver put the head on, outside of the ring: devices work on it.
  std::optional<Place> Find(GuestAddress address) const {
    const std::uint64_t distance = address - (std::uint64_t{base_high} << 32 | base_low);
    const std::uint64_t index = distance / kDescriptorSize;
    if (distance >= length && (index != head || head == 0)) return std::nullopt;
    return Place{index, distance % kDescriptorSize};
  }

  // Whether Find may find something of these addresses.
  bool MayTouch(GuestAddress first, GuestAddress last) const {
    const std::uint64_t size = std::max<std::uint64_t>(length, kDescriptorSize * (head + 1ull));
    const GuestAddress base = std::uint64_t{base_high} << 32 | base_low;
    return first - base < size || base - first <= last - first;
  }

  std::string Name(std::uint64_t index) const {
    return fmt::format("{} descriptor {}", kind == RingKind::kTransmit ? "TX" : "RX", index);
  }
};

class E1000Describer : public Describer {
 public:
  void OnWrite(const Access& access, std::uint64_t value) override {
    if (access.bar != 0) return;
    const std::uint32_t offset = access.offset & (kBar0Size - 1) & ~3u;
    // A partial write is a write of the whole register, eight bytes are two.
    OnRegister(offset, static_cast<std::uint32_t>(
                           access.size >= 4 ? value : value & ((1u << 8 * access.size) - 1)));
    if (access.size == 8) OnRegister(offset + 4, static_cast<std::uint32_t>(value >> 32));
  }

  void OnReset() override {
    for (Ring& ring : rings_) ring.Clear();
  }

  std::string RegisterName(const Access& access) const override {
    if (access.bar != 0) return fmt::format("BAR{}:0x{:02x}", access.bar, access.offset);
    const std::string name = NameAt(access.offset);
    return access.size == 8 ? name + "+" + NameAt(access.offset + 4) : name;
  }

  std::string RegisterFields(const Access& access, std::uint64_t value) const override {
    if (access.bar != 0) return {};
    std::string text = DescribeRegister(access.offset, static_cast<std::uint32_t>(value));
    if (access.size != 8) return text;
    const std::string high =
        DescribeRegister(access.offset + 4, static_cast<std::uint32_t>(value >> 32));
    return text.empty() && high.empty() ? text : text + " + " + high;
  }

  std::string MemoryName(GuestAddress address) const override {
    for (const Ring& ring : rings_) {
      if (const auto place = ring.Find(address)) {
        return fmt::format("{}, {}", ring.Name(place->index),
                           DescriptorField(ring.kind, place->byte));
      }
    }
    return {};
  }

  std::string TimerName(TimerId id) const override {
    if (id >= kTimerNames.size()) return Describer::TimerName(id);
    return fmt::format("{} timer", kTimerNames[id]);
  }

  bool IsCompletionMarker(GuestAddress address) const override {
    return std::any_of(rings_.begin(), rings_.end(), [&](const Ring& ring) {
      const auto place = ring.Find(address);
      return place && place->byte == kStatusByte;
    });
  }

  bool MayHoldMarkers(GuestAddress first, GuestAddress last) const override {
    return std::any_of(rings_.begin(), rings_.end(),
                       [&](const Ring& ring) { return ring.MayTouch(first, last); });
  }

  std::string DescribeMemory(GuestAddress address, Bytes bytes) const override {
    std::string text;
    for (std::size_t count = 0; !bytes.empty(); ++count) {
      const Ring* ring = RingAt(address);
      if (ring == nullptr) break;
      const Place place = *ring->Find(address);
      if (!text.empty()) text += "; ";
      if (count == kMaxDescribed) return text + fmt::format("{} more bytes", bytes.size());
      const std::size_t size = std::min(kDescriptorSize - place.byte, bytes.size());
      text += ring->Name(place.index) + ": ";
      text += DescribeDescriptor(ring->kind, place.byte, bytes.first(size));
      address += size;
      bytes = bytes.subspan(size);
    }
    return text;
  }

 private:
  static std::string NameAt(std::uint32_t offset) {
    std::string name = NameOfRegister(offset);
    return name.empty() ? fmt::format("0x{:05x}", offset) : name;
  }

  void OnRegister(std::uint32_t offset, std::uint32_t value) {
    for (Ring& ring : rings_) ring.OnWrite(offset, value);
  }

  const Ring* RingAt(GuestAddress address) const {
    const auto found = std::find_if(rings_.begin(), rings_.end(), [&](const Ring& ring) {
      return ring.Find(address).has_value();
    });
    return found == rings_.end() ? nullptr : &*found;
  }

  std::array<Ring, 2> rings_ = {Ring{RingKind::kTransmit, kTDBAL, kTDBAH, kTDLEN, kTDH},
                                Ring{RingKind::kReceive, kRDBAL, kRDBAH, kRDLEN, kRDH}};
};

}  // namespace
}  // namespace e1000

std::unique_ptr<Describer> CreateE1000Describer() {
  return std::make_unique<e1000::E1000Describer>();
}

}  // namespace nicreplay
