// SPDX-License-Identifier: MIT
#include "models/e1000/receive.h"

#include <algorithm>
#include <cstring>

#include "models/e1000/statistics.h"
#include "models/net/byte_order.h"

namespace nicreplay::e1000 {
namespace {

constexpr std::size_t kShortestFrame = 60;  // without FCS
constexpr std::size_t kAddressBytes = 12;
constexpr std::size_t kTagSize = 4;

using ShortFrame = std::array<std::uint8_t, kShortestFrame>;

// The first `out.size()` bytes of a frame, or all of a shorter one; returns how many.
std::size_t Gather(std::span<const Bytes> pieces, MutableBytes out) {
  std::size_t filled = 0;
  for (const Bytes& piece : pieces) {
    const std::size_t count = std::min(piece.size(), out.size() - filled);
    if (count != 0) std::memcpy(out.data() + filled, piece.data(), count);
    filled += count;
  }
  return filled;
}

}  // namespace

// The bytes of a frame, front to back, with its tag cut out where asked.
class StockReceiver::Source {
 public:
  explicit Source(std::span<const Bytes> pieces) : pieces_(pieces) {}

  void Skip(std::size_t count) {
    while (count != 0) count -= Next(count).size();
  }

  // `bytes` come before what is left.
  void Prepend(Bytes bytes) { prefix_ = bytes; }

  // At least one and at most `count` bytes, as many as lie together.  Not past the end.
  Bytes Next(std::size_t count) {
    if (!prefix_.empty()) return TakeFrom(prefix_, count);
    while (piece_.empty()) {
      piece_ = pieces_.front();
      pieces_ = pieces_.subspan(1);
    }
    return TakeFrom(piece_, count);
  }

 private:
  static Bytes TakeFrom(Bytes& bytes, std::size_t count) {
    const Bytes taken = bytes.first(std::min(count, bytes.size()));
    bytes = bytes.subspan(taken.size());
    return taken;
  }

  Bytes prefix_;
  Bytes piece_;
  std::span<const Bytes> pieces_;
};

ReceiveResult StockReceiver::Receive(const Frame& frame) {
  if (control_.link().state() == LinkState::kDown) return ReceiveResult::kConsumed;
  if (!control_.receive_control().Enabled()) return ReceiveResult::kDropped;
  if (control_.receive_control().flush_pending()) return ReceiveResult::kKeep;

  const std::size_t size = frame.size();
  if (size >= kShortestFrame) return Filter(frame.pieces, size, {});
  ShortFrame padded{};
  Gather(frame.pieces, padded);
  const Bytes whole = padded;
  return Filter({&whole, 1}, padded.size(), {});
}

void StockReceiver::Loopback(MutableBytes frame) {
  if (!control_.CanReceive()) return;
  if (frame.size() < kShortestFrame) {
    const Bytes whole = frame;
    Receive({{&whole, 1}, {}});
    return;
  }
  if (control_.link().state() == LinkState::kDown) return;
  const Bytes whole = frame;
  Filter({&whole, 1}, frame.size(), frame);
}

ReceiveResult StockReceiver::Filter(std::span<const Bytes> pieces, std::size_t size,
                                    MutableBytes shiftable) {
  RegisterFile& registers = control_.registers();
  if (!AcceptsSize(registers, size)) return ReceiveResult::kConsumed;
  FrameHeader header;
  Gather(pieces, header);
  if (!AcceptsAddress(registers, header)) return ReceiveResult::kConsumed;

  Source source(pieces);
  Tag tag;
  if ((registers[kCTRL] & ctrl::kVME) != 0 && IsTagged(registers, header)) {
    tag = {rxd::kVP, LoadBe16(&header[kAddressBytes + 2])};
    size -= kTagSize;
    if (shiftable.empty()) {
      source.Skip(kAddressBytes + kTagSize);
      source.Prepend(Bytes(header).first(kAddressBytes));
    } else {
      std::memmove(shiftable.data() + kTagSize, shiftable.data(), kAddressBytes);
      source.Skip(kTagSize);
    }
  }
  return Store(source, size, tag);
}

ReceiveResult StockReceiver::Store(Source& source, std::size_t size, const Tag& tag) {
  RegisterFile& registers = control_.registers();
  // The FCS is not in the buffers, but counts in the length unless RCTL.SECRC strips it.
  const std::size_t fcs = (registers[kRCTL] & rctl::kSECRC) != 0 ? 0 : kFcsSize;
  const std::size_t stored_size = size + fcs;
  if (!control_.receive_control().HasRoom(stored_size)) return Overrun();

  const std::uint32_t first = registers[kRDH];
  std::size_t done = 0;
  do {
    const GuestAddress address = registers.RingBase(kRDBAL) + kDescriptorSize * registers[kRDH];
    RxDescriptor descriptor = ReadDescriptor(address);
    descriptor.special = tag.special;
    descriptor.status &= static_cast<std::uint8_t>(~rxd::kDD);
    // 3.2.2: descriptors with a null address are passed over.
    if (descriptor.buffer_address != 0) {
      done += FillBuffer(descriptor, source, done, size, stored_size);
      descriptor.status &= static_cast<std::uint8_t>(~rxd::kEOP);
      if (done >= stored_size) descriptor.status |= LastStatus();
    }
    WriteDescriptor(address, descriptor,
                    static_cast<std::uint8_t>(descriptor.status | tag.status | rxd::kDD));
    if (AdvanceHead(first) == RingState::kOverrun) return Overrun();
  } while (done < stored_size);

  CountReceived(registers, size, stored_size);
  const bool low = control_.receive_control().BelowThreshold();
  Raise(low ? cause::kRXT0 | cause::kRXDMT0 : cause::kRXT0);
  return ReceiveResult::kConsumed;
}

RxDescriptor StockReceiver::ReadDescriptor(GuestAddress address) {
  RawDescriptor raw;
  control_.DmaRead(address, raw);
  return Decode<RxDescriptor>(raw);
}

void StockReceiver::WriteDescriptor(GuestAddress address, const RxDescriptor& descriptor,
                                    std::uint8_t done_status) {
  control_.DmaWrite(address, Encode(descriptor));
  // DD in a write of its own: a driver that polls sees it only with everything else in place.
  control_.DmaWrite(address + offsetof(RxDescriptor, status), {&done_status, 1});
}

void StockReceiver::Raise(std::uint32_t causes) { control_.interrupts().Raise(causes); }

// Puts the next part of the frame into a descriptor's buffer; returns what it counts for.
std::size_t StockReceiver::FillBuffer(RxDescriptor& descriptor, Source& source, std::size_t done,
                                      std::size_t size, std::size_t stored_size) {
  const std::size_t buffer_size = control_.receive_control().buffer_size();
  GuestAddress address = descriptor.buffer_address;
  std::size_t left = done < size ? std::min(size - done, buffer_size) : 0;
  while (left != 0) {
    const Bytes part = source.Next(left);
    control_.DmaWrite(address, part);
    address += part.size();
    left -= part.size();
  }
  const std::size_t length = std::min(stored_size - done, buffer_size);
  descriptor.length = static_cast<std::uint16_t>(length);
  return length;
}

StockReceiver::RingState StockReceiver::AdvanceHead(std::uint32_t first) {
  RegisterFile& registers = control_.registers();
  std::uint32_t& head = registers[kRDH];
  const std::uint32_t descriptors = registers.RingSize(kRDLEN);
  ++head;
  if (head >= descriptors) head = 0;
  // A head outside the ring never comes back to where it was.
  return head == first || first >= descriptors ? RingState::kOverrun : RingState::kMore;
}

ReceiveResult StockReceiver::Overrun() {
  Count(control_.registers(), kRNBC);
  Count(control_.registers(), kMPC);
  Raise(cause::kRXO);
  return ReceiveResult::kDropped;
}

}  // namespace nicreplay::e1000
