// SPDX-License-Identifier: MIT
// Rings that make no sense: the device must notice, say that it needs a reset, and keep quiet.
#include "fuzz/virtio_generator.h"
#include "models/virtio/net_spec.h"

namespace nicreplay {

using virtio::DriverPiece;
using virtio::DriverRing;
namespace descriptor = virtio::descriptor;
namespace feature = virtio::feature;

void VirtioGenerator::Raw(std::uint16_t queue, std::uint16_t slot, const DriverPiece& piece,
                          std::uint16_t flags, std::uint16_t next) {
  const DriverRing& ring = rings_[queue];
  const GuestAddress at = ring.descriptors() + slot * virtio::kDescriptorSize;
  if (piece.device_writes) flags |= descriptor::kWrite;
  if (ring.format() == DriverRing::Format::kSplit) {
    Store(at, virtio::SplitDescriptor{piece.address, piece.size, flags, next});
    return;
  }
  flags |= ring.wrap() ? descriptor::kAvail : descriptor::kUsed;
  Store(at, virtio::PackedDescriptor{piece.address, piece.size, slot, flags});
}

// A chain that ends nowhere: a circle, past the ring, or a piece without bytes.
void VirtioGenerator::HostileChain(std::uint16_t queue) {
  DriverRing& ring = rings_[queue];
  const std::uint16_t head = ring.next();
  const auto after = static_cast<std::uint16_t>((head + 1) % ring.size());
  const bool in = queue == kReceive;
  const DriverPiece piece{Buffer(4096), 64, in};
  switch (random_.Below(3)) {
    case 0:  // in a packed ring a chain goes round only if all descriptors say so
      for (std::uint32_t i = 0; i < ring.size(); ++i) {
        Raw(queue, static_cast<std::uint16_t>(i), piece, descriptor::kNext,
            static_cast<std::uint16_t>((i + 1) % ring.size()));
      }
      break;
    case 1:
      Raw(queue, after, piece, descriptor::kNext, static_cast<std::uint16_t>(ring.size()));
      Raw(queue, head, piece, descriptor::kNext,
          random_.OneIn(2) ? after : static_cast<std::uint16_t>(random_.Next()) | 0x400);
      break;
    default:
      Raw(queue, head, {piece.address, 0, in}, 0, 0);
  }
  if (ring.format() == DriverRing::Format::kPacked) return;
  Store(ring.driver_area() + virtio::kRingEntries + ring.added() % ring.size() * 2, head);
  Store(ring.driver_area() + virtio::kRingIndex, static_cast<std::uint16_t>(ring.added() + 1));
}

// A table of an odd size, one that goes in circles, one whose chain leads out of it.
void VirtioGenerator::HostileIndirect(std::uint16_t queue) {
  DriverRing& ring = rings_[queue];
  const GuestAddress table = Table(queue);
  const bool in = queue == kReceive;
  const bool packed = ring.format() == DriverRing::Format::kPacked;
  const std::uint16_t write = in ? descriptor::kWrite : 0;
  constexpr std::uint16_t kNexts[] = {0, 1, 2, 9};
  for (std::uint32_t i = 0; i < 2; ++i) {
    const GuestAddress at = table + i * virtio::kDescriptorSize;
    if (packed) {  // the second piece has no bytes
      Store(at, virtio::PackedDescriptor{Buffer(4096), i == 0 ? 64u : 0u, 0, write});
    } else {
      const std::uint16_t next = random_.OneIn(3) ? 0 : descriptor::kNext;
      Store(at, virtio::SplitDescriptor{Buffer(4096), 64, static_cast<std::uint16_t>(write | next),
                                        random_.Pick(kNexts)});
    }
  }
  constexpr std::uint32_t kSplitLengths[] = {0, 1, 17, 31, 32};
  constexpr std::uint32_t kPackedLengths[] = {1, 17, 31, 32};
  const std::uint32_t length = packed ? random_.Pick(kPackedLengths) : random_.Pick(kSplitLengths);
  const std::uint16_t head = ring.next();
  Raw(queue, head, {table, length, false}, descriptor::kIndirect, 0);
  if (packed) return;
  Store(ring.driver_area() + virtio::kRingEntries + ring.added() % ring.size() * 2, head);
  Store(ring.driver_area() + virtio::kRingIndex, static_cast<std::uint16_t>(ring.added() + 1));
}

// A head or an index that cannot be.
void VirtioGenerator::HostileIndex(std::uint16_t queue) {
  DriverRing& ring = rings_[queue];
  if (ring.format() == DriverRing::Format::kPacked) {
    HostileChain(queue);
    return;
  }
  if (random_.OneIn(2)) {
    Store(ring.driver_area() + virtio::kRingEntries + ring.added() % ring.size() * 2,
          static_cast<std::uint16_t>(ring.size() + (random_.OneIn(2) ? 0 : random_.Below(1000))));
    Store(ring.driver_area() + virtio::kRingIndex, static_cast<std::uint16_t>(ring.added() + 1));
    return;
  }
  // More than there are: every slot holds something that breaks, or is taken again.
  HostileChain(queue);
  const auto jump = static_cast<std::uint16_t>(
      random_.OneIn(2) ? ring.size() + 1 + random_.Below(100) : 1 + random_.Below(5));
  Store(ring.driver_area() + virtio::kRingIndex, static_cast<std::uint16_t>(ring.added() + jump));
}

// Pieces to read behind pieces to write; nothing to read; nothing to write; a header alone.
void VirtioGenerator::HostileDirection(std::uint16_t queue) {
  const GuestAddress at = Buffer(4096);
  const Pieces wrong_order = {{at, 64, true}, {at + 64, 64, false}};
  const Pieces wrong_way = {{at, 64, queue != kReceive}};
  const Pieces header = {{at, HeaderSize(), queue == kReceive}};
  const Pieces* const kinds[] = {&wrong_order, &wrong_way, &header};
  rings_[queue].Add(*this, *random_.Pick(kinds));
  rings_[queue].Publish(*this);
}

void VirtioGenerator::Hostile() {
  if (!random_.OneIn(3) || broken_ || !link_up_) return;
  const auto queue = static_cast<std::uint16_t>(random_.Below(kQueues));
  switch (random_.Below(4)) {
    case 0:
      HostileChain(queue);
      break;
    case 1:
      if (Has(feature::kIndirectDesc)) HostileIndirect(queue);
      break;
    case 2:
      HostileIndex(queue);
      break;
    default:
      HostileDirection(queue);
  }
  driver_.Notify(queue);
  if (queue == kReceive) {
    const std::vector<std::uint8_t> frame(random_.Between(20, 2000), 0x66);
    Offer(frame);
  }
  driver_.ReadStatus();
  driver_.ReadIsr();
  if (driver_.mode() == virtio::Driver::Mode::kModern) {
    Read({virtio::kModernBar, 1, virtio::common::kConfigGeneration});
  }
  broken_ = true;
  // A broken device stays quiet.
  driver_.Notify(static_cast<std::uint16_t>(random_.Below(kQueues)));
  // A device that took the chain is elsewhere in a packed ring than its driver: what it finds there
  // a lap later may be shorter than a header, and QEMU 7.2 aborts on that.
  episodes_ = Has(feature::kRingPacked) ? 0 : std::min(episodes_, 6u);
}

}  // namespace nicreplay
