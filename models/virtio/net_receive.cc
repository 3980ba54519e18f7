// SPDX-License-Identifier: MIT
// Receive queues (virtio 1.2, 5.1.6.3 and 5.1.6.4).
#include <algorithm>
#include <cstring>

#include "models/virtio/net_device.h"

namespace nicreplay::virtio {
namespace {

// The first bytes of a frame in one piece.
Bytes Gather(const Frame& frame, MutableBytes out) {
  std::size_t done = 0;
  for (const Bytes& piece : frame.pieces) {
    const std::size_t part = std::min(piece.size(), out.size() - done);
    std::copy_n(piece.begin(), part, out.begin() + static_cast<std::ptrdiff_t>(done));
    done += part;
  }
  return out.first(done);
}

}  // namespace

bool NetDevice::CanReceive(std::uint32_t pair) const {
  return pair < current_pairs_ && queue(2 * pair).IsReady() && IsRunning();
}

std::uint32_t NetDevice::Steer(const Flow& flow, const Hashed& hash) const {
  if (!multiqueue_) return 0;
  if (!rss_.enabled) return flows_.PairOf(flow) % current_pairs_;
  if (!Has(feature::kRss)) return 0;
  const std::uint16_t chosen =
      hash.report == 0 ? rss_.default_queue : rss_.table[hash.value & (rss_.table_length - 1)];
  return chosen % current_pairs_;
}

ReceiveResult NetDevice::Receive(const Frame& frame) {
  if (!CanReceive(0)) return ReceiveResult::kDropped;
  std::array<std::uint8_t, kFlowBytes> buffer;
  const Bytes start = Gather(frame, buffer);
  if (start.empty()) return ReceiveResult::kConsumed;
  Hashed hash;
  std::uint32_t pair = 0;
  if (multiqueue_ || rss_.enabled) {
    const Flow flow = ParseFlow(start);
    if (rss_.enabled) hash = HashFlow(flow, rss_);
    pair = Steer(flow, hash);
  }
  if (!CanReceive(pair)) return ReceiveResult::kDropped;
  Queue& ring = receive_queue(pair);
  if (!HasBuffers(ring, frame.size() + header_size_)) return ReceiveResult::kKeep;
  if (!filter_.Passes(start)) return ReceiveResult::kConsumed;
  return Deliver(ring, frame, hash);
}

// Whether the ring holds buffers for so many bytes; any buffer will do where they are not merged.
// Asks the driver to say when there are more, if not.
bool NetDevice::HasBuffers(Queue& ring, std::uint64_t size) {
  for (std::uint32_t tries = 0; tries < kMaxQueueSize; ++tries) {
    // QEMU looks into a packed ring even while it is stopped.
    const bool closed = IsStopped() && !Has(feature::kRingPacked);
    const bool empty = closed || ring.IsEmpty(memory());
    if (!empty && !mergeable_) break;
    const AvailableBytes look = ring.Look(memory(), size);
    if (look.broken) Break();
    if (look.in >= size) break;
    ring.SetNotification(memory(), Wanted::kYes);
    if (IsStopped() || !ring.MoreThan(memory(), look)) return false;
  }
  ring.SetNotification(memory(), Wanted::kNo);
  return true;
}

// Takes back what was done with the first `count` elements.
ReceiveResult NetDevice::GiveUp(Queue& ring, std::uint32_t count, ReceiveResult result) {
  for (std::uint32_t i = 0; i < count; ++i) {
    element_.descriptors = placed_[i].descriptors;
    ring.Forget(element_);
  }
  return result;
}

ReceiveResult NetDevice::Deliver(Queue& ring, const Frame& frame, const Hashed& hash) {
  const std::uint64_t size = frame.size();
  NumBuffersField num_buffers;
  std::uint32_t count = 0;
  for (std::uint64_t done = 0; done < size; ++count) {
    if (count == kMaxQueueSize) {
      Break();
      return GiveUp(ring, count, ReceiveResult::kConsumed);
    }
    if (!Take(ring, &element_)) {
      // A frame that was begun must find the buffers that were counted before.
      if (count != 0) Break();
      return GiveUp(ring, count, ReceiveResult::kDropped);
    }
    const std::uint64_t header = count == 0 ? header_size_ : 0;
    if (element_.in_count == 0 || element_.in().size() < header) {
      Break();
      ring.Forget(element_);
      return GiveUp(ring, count, ReceiveResult::kDropped);
    }
    if (count == 0) {
      num_buffers = FindNumBuffers();
      WriteHeader(frame, hash);
    }
    const std::uint64_t written = WriteFrame(frame, done, header);
    done += written;
    if (!mergeable_ && done < size) {
      ring.PutBack(element_);
      return ReceiveResult::kConsumed;
    }
    placed_[count] = {element_.id, element_.descriptors,
                      static_cast<std::uint32_t>(header + written)};
  }
  if (mergeable_) {
    const auto merged = static_cast<std::uint16_t>(count);
    const std::array<std::uint8_t, 2> bytes = {static_cast<std::uint8_t>(merged),
                                               static_cast<std::uint8_t>(merged >> 8)};
    PieceList({num_buffers.pieces.data(), num_buffers.count}).Write(memory(), 0, bytes);
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    element_.id = placed_[i].id;
    element_.descriptors = placed_[i].descriptors;
    ring.Fill(memory(), element_, placed_[i].length, i);
  }
  ring.Flush(memory(), count);
  Interrupt(ring);
  return ReceiveResult::kConsumed;
}

NetDevice::NumBuffersField NetDevice::FindNumBuffers() const {
  NumBuffersField field;
  std::uint64_t skip = kNumBuffersAt;
  std::uint32_t left = 2;
  for (std::uint32_t i = 0; i < element_.in_count && left != 0; ++i) {
    const Piece& piece = element_.pieces[element_.out_count + i];
    if (skip >= piece.size) {
      skip -= piece.size;
      continue;
    }
    const auto part = static_cast<std::uint32_t>(std::min<std::uint64_t>(left, piece.size - skip));
    field.pieces[field.count++] = {piece.address + skip, part};
    left -= part;
    skip = 0;
  }
  return field;
}

// num_buffers of merged frames is only known later.
void NetDevice::WriteHeader(const Frame& frame, const Hashed& hash) {
  const PieceList in = element_.in();
  std::array<std::uint8_t, kShortHeader> header{};
  if (settings_.backend == Backend::kOffloads) {
    std::memcpy(header.data(), &frame.offload, header.size());
  }
  in.Write(memory(), 0, header);
  if (header_size_ > kShortHeader && !mergeable_ && settings_.num_buffers == NumBuffers::kSet) {
    in.Write(memory(), kNumBuffersAt, std::array<std::uint8_t, 2>{1, 0});
  }
  if (header_size_ != kHashHeader) return;
  const HashReport report{hash.value, hash.report, 0};
  std::array<std::uint8_t, sizeof(report)> bytes;
  std::memcpy(bytes.data(), &report, sizeof(report));
  in.Write(memory(), kHashAt, bytes);
}

// The frame from byte `from` on, as much as fits behind `offset` of the element.
std::uint64_t NetDevice::WriteFrame(const Frame& frame, std::uint64_t from, std::uint64_t offset) {
  std::uint64_t written = 0;
  for (const Bytes& piece : frame.pieces) {
    if (from >= piece.size()) {
      from -= piece.size();
      continue;
    }
    const Bytes rest = piece.subspan(static_cast<std::size_t>(from));
    from = 0;
    const std::size_t part = element_.in().Write(memory(), offset + written, rest);
    written += part;
    if (part < rest.size()) break;
  }
  return written;
}

}  // namespace nicreplay::virtio
