// SPDX-License-Identifier: MIT
//
// Sections are those of virtio 1.2.
#include "replay/bench/virtio_driver.h"

#include <algorithm>

#include "replay/bench/bench_machine.h"
#include "replay/bench/wire.h"

namespace nicreplay::bench {

namespace feature = virtio::feature;
namespace descriptor = virtio::descriptor;

namespace {

constexpr virtio::Features kWanted =
    virtio::Features::Of(feature::kVersion1, feature::kMac, feature::kStatus, feature::kCsum,
                         feature::kHostTso4, feature::kGuestCsum, feature::kGuestTso4,
                         feature::kMrgRxbuf, feature::kIndirectDesc, feature::kEventIdx);

// Vector 0 is for changes of the configuration.
constexpr std::uint16_t kVectors = 3;

std::size_t SizeOf(std::span<const Bytes> pieces) { return Frame{pieces, {}}.size(); }

}  // namespace

VirtioDriver::VirtioDriver(Bus& bus, MutableBytes ram)
    : bus_(bus),
      ram_(ram),
      device_(*this, virtio::Driver::Mode::kModern),
      rx_(kRxRing, ram),
      tx_(kTxRing, ram) {}

// 3.1.1: device initialization.
void VirtioDriver::Start() {
  device_.MapBars();
  device_.EnableMsix(true);
  features_ = device_.Negotiate(kWanted);
  for (std::uint16_t vector = 0; vector < kVectors; ++vector) {
    device_.SetVector(vector, BenchMachine::kMessages, vector, false);
  }
  device_.SetConfigVector(0);
  rx_.ring().Clear(*this);
  tx_.ring().Clear(*this);
  device_.SetUpQueue(kReceiveQueue, rx_.ring(), 1 + kReceiveQueue);
  device_.SetUpQueue(kTransmitQueue, tx_.ring(), 1 + kTransmitQueue);
  device_.Start();
  Refill();
}

Posted VirtioDriver::Send(const TransmitPacket& packet) {
  const bool cut = packet.shape.checksum == TransportChecksum::kPartial &&
                   !features_.Has(packet.shape.mss != 0 ? feature::kHostTso4 : feature::kCsum);
  Reclaim();
  // What Linux asks for: most of what is under way.
  tx_.InterruptAfter(static_cast<std::uint16_t>(tx_.outstanding() * 3 / 4));
  if (tx_.free_slots() < (cut ? packet.shape.wire_frames() : 1)) return Posted::kRingFull;
  if (cut) {
    PutSegments(packet);
  } else {
    PutPacket(packet);
  }
  if (tx_.Publish() == VirtioQueue::Notification::kWanted) device_.Notify(kTransmitQueue);
  return Posted::kYes;
}

// 5.1.6.2; num_buffers is not used when packets are sent.
void VirtioDriver::PutHeader(GuestAddress at, const Offload& offload) {
  std::memcpy(&ram_[at], &offload, sizeof offload);
  std::memset(&ram_[at + virtio::kNumBuffersAt], 0, virtio::kHeader - virtio::kNumBuffersAt);
}

// The header goes right before the packet's own: there is room.
void VirtioDriver::PutPacket(const TransmitPacket& packet) {
  const PacketShape& shape = packet.shape;
  const GuestAddress header = packet.headers - virtio::kHeader;
  PutHeader(header, OffloadOf(shape));
  const std::uint32_t start = virtio::kHeader + shape.header_size();
  if (packet.payload == packet.headers + shape.header_size()) {
    tx_.Add({header, start + shape.payload, 0, 0});
    return;
  }
  const GuestAddress table = kTables + tx_.next_slot() * kTableSize;
  std::uint16_t pieces = 0;
  const auto add = [&](GuestAddress address, std::uint32_t size, bool last) {
    const std::uint16_t flags = last ? std::uint16_t{0} : descriptor::kNext;
    const virtio::SplitDescriptor piece{address, size, flags,
                                        static_cast<std::uint16_t>(last ? 0 : pieces + 1)};
    std::memcpy(&ram_[table + pieces++ * virtio::kDescriptorSize], &piece, sizeof piece);
  };
  add(header, start, false);
  for (std::uint32_t done = 0; done < shape.payload; done += kFragmentSize) {
    const std::uint32_t size = std::min(kFragmentSize, shape.payload - done);
    add(packet.payload + done, size, done + size == shape.payload);
  }
  tx_.Add({table, static_cast<std::uint32_t>(pieces * virtio::kDescriptorSize),
           descriptor::kIndirect, 0});
}

void VirtioDriver::PutSegments(const TransmitPacket& packet) {
  const Bytes pieces[] = {ram_.subspan(packet.headers, packet.shape.header_size()),
                          ram_.subspan(packet.payload, packet.shape.payload)};
  if (segmenter_.Parse({pieces, OffloadOf(packet.shape)}) != OffloadFault::kNone) return;
  for (std::size_t i = 0; i < segmenter_.count(); ++i) PutSegment(segmenter_.Get(i));
}

// Without checksum offload Linux has no scattered packets, either.
void VirtioDriver::PutSegment(std::span<const Bytes> pieces) {
  const GuestAddress start = kSegments + tx_.next_slot() * kSegmentSize;
  PutHeader(start, {});
  GuestAddress at = start + virtio::kHeader;
  for (const Bytes& piece : pieces) {
    std::memcpy(&ram_[at], piece.data(), piece.size());
    at += piece.size();
  }
  tx_.Add({start, static_cast<std::uint32_t>(at - start), 0, 0});
}

void VirtioDriver::Reclaim() {
  while (tx_.TakeUsed()) {
  }
}

std::size_t VirtioDriver::transmits_pending() {
  Reclaim();
  return tx_.outstanding();
}

// 5.1.6.3: every descriptor has a buffer of its own.
void VirtioDriver::Refill() {
  while (rx_.free_slots() != 0) {
    const GuestAddress buffer = kRxBuffers + rx_.next_slot() * kBufferSize;
    rx_.Add({buffer, kBufferSize, descriptor::kWrite, 0});
  }
  if (rx_.Publish() == VirtioQueue::Notification::kWanted) device_.Notify(kReceiveQueue);
}

bool VirtioDriver::TakeReceived() {
  std::uint16_t packets = 0;
  while (packets < kBudget && TakePacket()) ++packets;
  if (rx_.free_slots() > kRefill) Refill();
  return packets < kBudget;
}

// 5.1.6.4: the first of num_buffers begins with the header.
bool VirtioDriver::TakePacket() {
  auto used = rx_.TakeUsed();
  if (!used) return false;
  const auto contents = [&] {
    return ram_.subspan(kRxBuffers + used->id * kBufferSize, std::min(used->len, kBufferSize));
  };
  const Bytes first = contents();
  if (first.size() < virtio::kHeader) return true;
  Offload offload;
  std::uint16_t buffers = 0;
  std::memcpy(&offload, first.data(), sizeof offload);
  std::memcpy(&buffers, &first[virtio::kNumBuffersAt], sizeof buffers);
  pieces_.assign(1, first.subspan(virtio::kHeader));
  while (--buffers != 0 && (used = rx_.TakeUsed())) pieces_.emplace_back(contents());
  CountPacket(offload);
  return true;
}

// A super-frame counts as the wire frames that it stands for.  Its header_length is a hint alone
// (5.1.6.2): the TCP header says where it ends.
void VirtioDriver::CountPacket(const Offload& offload) {
  if (inspector_) {
    for (const auto& frame : WireFramesOf({pieces_, offload})) {
      CountReceived(frame.size());
      inspector_(frame);
    }
    return;
  }
  const std::size_t size = SizeOf(pieces_);
  const std::size_t data_offset = offload.checksum_start + std::size_t{12};
  if (offload.gso_type == Offload::kGsoNone || data_offset >= pieces_.front().size()) {
    CountReceived(size);
    return;
  }
  const std::size_t headers =
      offload.checksum_start + std::size_t{pieces_.front()[data_offset]} / 16 * 4;
  const std::size_t mss = std::max<std::size_t>(1, offload.gso_size);
  const std::size_t frames = (size - headers + mss - 1) / mss;
  CountReceived(size + (frames - 1) * headers, frames);
}

// The device works when it is notified and at no other time; so nothing can become used between the
// last look at a ring and the wish for an interrupt but what Refill sets off.
void VirtioDriver::Service() {
  Reclaim();
  tx_.InterruptAfter(0);
  do {
    while (!TakeReceived()) {
    }
    rx_.InterruptAfter(0);
  } while (rx_.HasUsed());
}

}  // namespace nicreplay::bench
