// SPDX-License-Identifier: MIT
// Items that move data: buffers, commands, frames; and rings that make no sense.
#include "fuzz/input_frames.h"
#include "fuzz/virtio_input.h"
#include "models/virtio/net_spec.h"

namespace nicreplay {

using virtio::DriverPiece;
using virtio::DriverRing;
namespace control = virtio::control;
namespace descriptor = virtio::descriptor;
namespace feature = virtio::feature;

namespace {

constexpr GuestAddress kTables = 0x30000;
constexpr GuestAddress kTableStride = 0x1000;  // a queue
constexpr GuestAddress kCommands = 0x38000;
constexpr GuestAddress kAcknowledgements = 0x39000;
constexpr std::size_t kMostPieces = 8;

// Up to 8 pieces: the first of `cut` / 8 bytes, the others equally long.
std::vector<DriverPiece> Cut(GuestAddress address, std::uint32_t size, std::uint8_t cut,
                             bool device_writes) {
  std::vector<DriverPiece> pieces;
  const std::uint32_t first = cut / 8;
  std::uint32_t more = cut % kMostPieces;
  if (first != 0 && first < size) {
    pieces.push_back({address, first, device_writes});
    address += first;
    size -= first;
  }
  for (; more != 0 && size > more; --more) {
    const std::uint32_t part = size / (more + 1);
    pieces.push_back({address, part, device_writes});
    address += part;
    size -= part;
  }
  pieces.push_back({address, size, device_writes});
  return pieces;
}

}  // namespace

DriverRing& VirtioInput::RingOf(std::uint16_t queue) {
  DriverRing* ring = &layout_.rings[queue % layout_.rings.size()];
  if (ring->size() == 0) ring = &layout_.rings[0];
  if (ring->size() == 0) {
    LoseTrack();  // the device was told of none
    *ring = DriverRing(DriverRing::Format::kSplit, 0x10000, 16);
  }
  return *ring;
}

// The variant: a table, not shown yet, not said.
void VirtioInput::Give(std::uint16_t queue, const Pieces& pieces, unsigned variant) {
  DriverRing& ring = RingOf(queue);
  if ((variant & 1) != 0) {
    const GuestAddress table = kTables + queue * kTableStride +
                               ring.next() % 16 * (kMostPieces + 2) * virtio::kDescriptorSize;
    ring.AddIndirect(*this, pieces, table);
  } else {
    ring.Add(*this, pieces);
  }
  if ((variant & 2) != 0) return;
  ring.Publish(*this);
  if ((variant & 4) == 0) driver_.Notify(queue);
}

// header (flags, kind, header length, segment size, checksum's start, offset), page, cut, packet.
// The variant: as Give's.
void VirtioInput::PlayTransmit(InputReader operands, unsigned variant) {
  std::array<std::uint8_t, virtio::kHashHeader> header{};
  header[0] = operands.Byte();
  const std::uint8_t kind = operands.Byte();
  header[1] = kind & 0x87;
  header[2] = operands.Byte();
  header[4] = operands.Byte();
  header[5] = operands.Byte();
  header[6] = operands.Byte();
  header[8] = operands.Byte();
  const GuestAddress address = GuestAddress{operands.Byte()} << 12;
  const std::uint8_t cut = operands.Byte();
  const bool second = (operands.Byte() & 1) != 0;
  FrameBuffer frame;
  const std::size_t size = TakePacket(&operands, kind >> 3, &frame);
  WriteMemory(address, Bytes(header).first(HeaderSize()));
  WriteMemory(address + HeaderSize(), {frame.data(), size});
  const auto all = static_cast<std::uint32_t>(HeaderSize() + size);
  Give(second && ControlQueue() == 4 ? 3 : 1, Cut(address, all, cut, false), variant);
}

// page, size, cut, how many.  The variant: as Give's.
void VirtioInput::PlayBuffers(InputReader operands, unsigned variant) {
  const GuestAddress address = GuestAddress{operands.Byte()} << 12;
  const std::uint32_t size = 1 + TakeLength(&operands);
  const std::uint8_t cut = operands.Byte();
  const std::uint8_t more = operands.Byte();
  const std::uint16_t queue = (more & 0x80) != 0 && ControlQueue() == 4 ? 2 : 0;
  const unsigned count = more % 4;
  for (unsigned i = 0; i <= count; ++i) {
    const bool last = i == count;
    Give(queue, Cut(address + i * GuestAddress{size}, size, cut, true),
         last ? variant : (variant & 1) | 2);
  }
}

void VirtioInput::Offer(Bytes frame, unsigned variant, const Offload* offload) {
  Do({.data = frame.data(),
      .data_size = static_cast<std::uint32_t>(frame.size()),
      .offload = offload,
      .kind = StimulusKind::kFrame,
      .detail = static_cast<std::uint8_t>(variant & 1)});
}

// A frame, or (the variant) a packet.  Another follows at once.
void VirtioInput::PlayFrame(InputReader operands, unsigned variant) {
  FrameBuffer buffer;
  const std::size_t size =
      variant < 4 ? TakeFrame(&operands, &buffer) : TakePacket(&operands, variant >> 1, &buffer);
  Offer({buffer.data(), size}, variant);
}

void VirtioInput::PlaySuperFrame(InputReader operands, unsigned variant) {
  FrameBuffer buffer;
  Offload offload;
  const std::size_t size = TakeSuperFrame(&operands, variant >> 1, &buffer, &offload);
  Offer({buffer.data(), size}, variant, &offload);
}

void VirtioInput::PlayRawFrame(InputReader operands, unsigned variant) {
  Offer(items_.Some(operands.Take<std::uint16_t>()), variant);
}

void VirtioInput::SendCommand(std::uint8_t command_class, std::uint8_t command, Bytes data,
                              unsigned variant) {
  const std::uint8_t header[] = {command_class, command};
  const GuestAddress at = kCommands + RingOf(ControlQueue()).next() % 16 * GuestAddress{0x40};
  WriteMemory(at, header);
  WriteMemory(at + sizeof(header), data);
  const auto size = static_cast<std::uint32_t>(sizeof(header) + data.size());
  Pieces pieces = Cut(at, size, size > 64 ? 0 : static_cast<std::uint8_t>(variant >> 2), false);
  pieces.push_back({kAcknowledgements + command, 1, true});
  Give(ControlQueue(), pieces, variant & 3);
}

// class, command, bytes.  The variant: a table, not shown yet, cut.
void VirtioInput::PlayCommand(InputReader operands, unsigned variant) {
  const std::uint8_t command_class = operands.Byte();
  const std::uint8_t command = operands.Byte();
  const Bytes data = items_.Some(operands.Take<std::uint16_t>());
  SendCommand(command_class & 0x87, command & 0x8f, data, variant);
}

// unicast, multicast, which, cut short
void VirtioInput::PlayMacTable(InputReader operands, unsigned variant) {
  std::vector<std::uint8_t> table;
  const std::uint8_t counts[] = {operands.Byte(), operands.Byte()};
  const std::uint8_t which = operands.Byte();
  for (std::size_t kind = 0; kind < 2; ++kind) {
    const std::uint8_t count = counts[kind] < 0xf0 ? counts[kind] % 4 : 56 + counts[kind] % 16;
    table.insert(table.end(), {count, 0, 0, 0});
    for (unsigned i = 0; i < count; ++i) {
      const std::uint8_t first = kind == 0 ? 0x52 : 0x53;
      table.insert(table.end(), {first, 0x54, 0, 0x12, 0x34, static_cast<std::uint8_t>(which + i)});
    }
  }
  const std::uint8_t shorter = operands.Byte();
  if (shorter != 0 && shorter < table.size()) table.resize(table.size() - shorter);
  SendCommand(control::kMac, control::kMacTableSet, table, variant);
}

// hash types, mask, unclassified, pairs, key's length, queue numbers, cut short.  The variant: only
// the hash; as SendCommand's.
void VirtioInput::PlayRss(InputReader operands, unsigned variant) {
  std::vector<std::uint8_t> bytes;
  const auto append = [&](std::uint16_t value) {
    bytes.push_back(static_cast<std::uint8_t>(value));
    bytes.push_back(static_cast<std::uint8_t>(value >> 8));
  };
  const bool hash = (variant & 4) != 0;
  const auto types = static_cast<std::uint16_t>(operands.Take<std::uint16_t>() ^ 0x1ff);
  const std::uint8_t mask = operands.Byte();
  const std::uint8_t unclassified = operands.Byte();
  const std::uint8_t pairs = operands.Byte();
  const std::uint8_t key = operands.Byte();
  const std::uint8_t queues = operands.Byte();
  append(types);
  append(0);
  append(hash ? 0 : mask);
  append(unclassified % 5);
  for (unsigned i = 0; i <= (hash ? 0u : mask); ++i) append(queues >> (i % 4 * 2) & 3);
  append(pairs ^ 1u);
  const auto length = static_cast<std::uint8_t>(40 ^ key);
  bytes.push_back(length);
  for (unsigned i = 0; i < length; ++i) bytes.push_back(static_cast<std::uint8_t>(i * 7 + key));
  const std::uint8_t shorter = operands.Byte();
  if (shorter != 0 && shorter < bytes.size()) bytes.resize(bytes.size() - shorter);
  SendCommand(control::kMq, hash ? control::kMqHashConfig : control::kMqRssConfig, bytes,
              variant & 3);
}

// address, bytes
void VirtioInput::PlayMemory(InputReader operands, unsigned) {
  const auto address = operands.Take<std::uint64_t>();
  WriteMemory(address, items_.Some(operands.Take<std::uint16_t>()));
}

// slot, page, length, flags, next.  The variant: which ring; into a table of it.
void VirtioInput::PlayDescriptor(InputReader operands, unsigned variant) {
  const std::uint16_t queue = variant % 4;
  DriverRing& ring = RingOf(queue);
  const std::uint8_t slot = operands.Byte();
  GuestAddress address = GuestAddress{operands.Take<std::uint16_t>()} << 8;
  const auto length = operands.Take<std::uint16_t>();
  auto flags = operands.Take<std::uint16_t>();
  const auto next = operands.Take<std::uint16_t>();
  const bool table = variant >= 4;
  const GuestAddress at = (table ? kTables + queue * kTableStride : ring.descriptors()) +
                          (ring.next() + slot) % ring.size() * virtio::kDescriptorSize;
  if ((flags & descriptor::kIndirect) != 0 && !table) address = kTables + queue * kTableStride;
  if (ring.format() == DriverRing::Format::kSplit) {
    Store(at, virtio::SplitDescriptor{address, length, flags, next});
    return;
  }
  if ((flags & 0x100) == 0) {  // available now
    flags &= static_cast<std::uint16_t>(~(descriptor::kAvail | descriptor::kUsed));
    flags |= ring.wrap() ? descriptor::kAvail : descriptor::kUsed;
  }
  Store(at, virtio::PackedDescriptor{address, length, next, flags});
}

// head, index.  The variant: which split ring; how the index changes.
void VirtioInput::PlayAvailable(InputReader operands, unsigned variant) {
  DriverRing& ring = RingOf(variant % 4);
  const auto head = operands.Take<std::uint16_t>();
  const auto jump = operands.Take<std::uint16_t>();
  if (ring.format() == DriverRing::Format::kPacked) return;
  const auto first = static_cast<std::uint16_t>((ring.next() + head) % 0x10000);
  Store(ring.driver_area() + virtio::kRingEntries + ring.added() % ring.size() * sizeof(head),
        variant < 4 ? static_cast<std::uint16_t>(first % ring.size()) : first);
  Store(ring.driver_area() + virtio::kRingIndex,
        static_cast<std::uint16_t>(ring.added() + 1 + jump));
}

// value, which ring.  The variant: of interrupts.
void VirtioInput::PlayWanted(InputReader operands, unsigned variant) {
  const auto value = operands.Take<std::uint16_t>();
  DriverRing& ring = RingOf(operands.Byte() % 5);
  if (variant < 4) {
    ring.SetInterrupts(*this, (variant & 1) == 0);
  } else {
    ring.SetUsedEvent(*this, static_cast<std::uint16_t>(ring.format() == DriverRing::Format::kSplit
                                                            ? ring.added() + value
                                                            : value));
  }
}

// queue.  The variant: which instead, after what was added there is shown.
void VirtioInput::PlayNotify(InputReader operands, unsigned variant) {
  const std::uint8_t queue = operands.Byte();
  const auto ring = static_cast<std::uint16_t>(variant % 5);
  if (variant < 5) RingOf(ring).Publish(*this);
  driver_.Notify(variant < 5 ? ring : queue);
}

// queue, size: reset and set up once more.  The variant: not again, with a notification between.
void VirtioInput::PlayQueue(InputReader operands, unsigned variant) {
  constexpr std::uint32_t kSizes[] = {16, 64, 8, 5};
  const std::uint16_t queue = operands.Byte() % 5;
  DriverRing& ring = layout_.rings[queue];
  if (driver_.mode() == virtio::Driver::Mode::kLegacy || ring.size() == 0) return;
  Write({virtio::kModernBar, 2, virtio::common::kQueueSelect}, queue);
  Write({virtio::kModernBar, 2, virtio::common::kQueueReset}, (variant & 4) != 0 ? 2 : 1);
  Read({virtio::kModernBar, 2, virtio::common::kQueueReset});
  if ((variant & 2) != 0) driver_.Notify(queue);
  if ((variant & 5) != 0) {
    LoseTrack();
    return;
  }
  if (!Has(feature::kRingReset)) LoseTrack();
  ring = DriverRing(ring.format(), ring.descriptors(), kSizes[operands.Byte() % 4]);
  ++layout_.epochs[queue];
  ring.Clear(*this);
  driver_.SetUpQueue(queue, ring, 1);
}

}  // namespace nicreplay
