// SPDX-License-Identifier: MIT
//
// A guest can ask for nonsense at every step.  Nothing here is undefined for any of it, and stock
// QEMU stays inside its packet buffer, too: header offsets of a context are of 8 bits and the
// buffer is of 64 KiB, so edits beyond the packet's size land in old bytes of the buffer, which
// later packets may send.  The buffer is therefore never cleared but by a reset.
#include "models/e1000/transmit.h"

#include <algorithm>
#include <cstring>

#include "models/e1000/statistics.h"
#include "models/net/byte_order.h"
#include "models/net/checksum.h"

namespace nicreplay::e1000 {
namespace {

constexpr std::size_t kTagPlace = 8;  // of the packet, after the addresses moved forward

// Header fields, from the start of the header.
constexpr std::size_t kIpv4TotalLength = 2;
constexpr std::size_t kIpv4Identification = 4;
constexpr std::size_t kIpv6PayloadLength = 4;
constexpr std::size_t kTcpSequence = 4;
constexpr std::size_t kTcpFlags = 13;
constexpr std::uint8_t kTcpPshFin = 0x09;
constexpr std::size_t kUdpLength = 4;

}  // namespace

void StockTransmitter::Reset() {
  saved_header_.fill(0);
  tag_.fill(0);
  const std::size_t used = std::max(kTagSize + used_, kHeaderRoom);
  std::fill_n(buffer_.begin(), std::min(used, buffer_.size()), std::uint8_t{0});
  used_ = 0;
  size_ = 0;
  segments_ = 0;
  popts_ = 0;
  tag_wanted_ = false;
  segmenting_ = false;
  offloads_ = {};
  segmentation_ = {};
}

void StockTransmitter::Run() {
  RegisterFile& registers = control_.registers();
  if ((registers[kTCTL] & tctl::kEN) == 0) return;
  std::uint32_t causes = cause::kTXQE;
  std::uint32_t& head = registers[kTDH];
  const std::uint32_t first = head;
  const std::uint32_t descriptors = registers.RingSize(kTDLEN);
  while (head != registers[kTDT]) {
    const GuestAddress address = registers.RingBase(kTDBAL) + kDescriptorSize * head;
    RawDescriptor raw;
    control_.DmaRead(address, raw);
    Process(raw);
    causes |= WriteBack(address, Decode<TxDescriptor>(raw));
    ++head;
    if (head >= descriptors) head = 0;
    // A tail outside the ring is never reached, a head outside never comes back: one lap, or one
    // descriptor.
    if (head == first || first >= descriptors) break;
  }
  control_.interrupts().Raise(causes);
}

void StockTransmitter::Process(const RawDescriptor& raw) {
  const auto descriptor = Decode<TxDescriptor>(raw);
  if ((descriptor.lower & txd::kIDE) != 0) control_.interrupts().NoteTransmitDelay();
  switch (KindOf(descriptor.lower)) {
    case TxDescriptorKind::kContext:
      TakeContext(Decode<ContextDescriptor>(raw));
      return;
    case TxDescriptorKind::kData:
      // 3.3.7: POPTS counts in the first descriptor of a packet only.
      if (size_ == 0) popts_ = descriptor.popts();
      segmenting_ = (descriptor.lower & txd::kTSE) != 0;
      break;
    case TxDescriptorKind::kLegacy:
      segmenting_ = false;
      break;
  }
  TakeTag(descriptor);
  if (segmenting_) {
    AppendSegmented(descriptor);
  } else {
    Append(descriptor);
  }
  if ((descriptor.lower & txd::kEOP) != 0) FinishPacket();
}

void StockTransmitter::TakeContext(const ContextDescriptor& context) {
  const bool segmentation = (context.command & txd::kTSE) != 0;
  TransmitContext& taken = segmentation ? segmentation_ : offloads_;
  taken = {.ipcss = context.ipcss,
           .ipcso = context.ipcso,
           .ipcse = context.ipcse,
           .tucss = context.tucss,
           .tucso = context.tucso,
           .tucse = context.tucse,
           .paylen = context.paylen(),
           .hdrlen = context.hdrlen,
           .mss = context.mss,
           .ip = (context.command & txd::kContextIP) != 0,
           .tcp = (context.command & txd::kContextTCP) != 0};
  if (segmentation) segments_ = 0;
}

// 7.4: VLE counts in the last descriptor of a packet; with TSO, in any.
void StockTransmitter::TakeTag(const TxDescriptor& descriptor) {
  const RegisterFile& registers = control_.registers();
  if ((registers[kCTRL] & ctrl::kVME) == 0 || (descriptor.lower & txd::kVLE) == 0) return;
  if (!segmenting_ && (descriptor.lower & txd::kEOP) == 0) return;
  tag_wanted_ = true;
  StoreBe16(&tag_[0], registers[kVET]);
  StoreBe16(&tag_[2], descriptor.special());
}

void StockTransmitter::Append(const TxDescriptor& descriptor) {
  const std::size_t count = std::min<std::size_t>(descriptor.length(), kPacketSize - size_);
  control_.DmaRead(descriptor.buffer_address, {packet() + size_, count});
  used_ = std::max(used_, size_ + count);
  size_ = static_cast<std::uint16_t>(size_ + count);
}

void StockTransmitter::AppendSegmented(const TxDescriptor& descriptor) {
  const std::uint32_t header = segmentation_.hdrlen;
  const std::uint32_t full = header + segmentation_.mss;
  GuestAddress address = descriptor.buffer_address;
  std::uint32_t left = descriptor.length();
  std::uint32_t count = 0;
  do {
    if (size_ >= full) return;
    count = std::min({left, full - size_, static_cast<std::uint32_t>(kPacketSize - size_)});
    control_.DmaRead(address, {packet() + size_, count});
    const std::uint32_t grown = size_ + count;
    used_ = std::max<std::size_t>(used_, grown);
    if (size_ < header && grown >= header) {
      std::memcpy(saved_header_.data(), packet(), header);
    }
    size_ = static_cast<std::uint16_t>(grown);
    address += count;
    left -= count;
    if (grown == full) {
      SendSegment();
      std::memcpy(packet(), saved_header_.data(), header);
      size_ = static_cast<std::uint16_t>(header);
    }
  } while (count != 0 && left != 0);
}

void StockTransmitter::FinishPacket() {
  // A TSO packet that ends inside its header is lost.
  if (!segmenting_ || size_ >= segmentation_.hdrlen) SendSegment();
  segments_ = 0;
  popts_ = 0;
  tag_wanted_ = false;
  size_ = 0;
  segmenting_ = false;
}

std::uint32_t StockTransmitter::WriteBack(GuestAddress address, const TxDescriptor& descriptor) {
  if ((descriptor.lower & (txd::kRS | txd::kRPS)) == 0) return 0;
  const std::uint32_t upper = DoneUpper(descriptor.upper);
  std::array<std::uint8_t, sizeof(upper)> bytes;
  std::memcpy(bytes.data(), &upper, sizeof(upper));
  control_.DmaWrite(address + offsetof(TxDescriptor, upper), bytes);
  return cause::kTXDW;
}

void StockTransmitter::SendSegment() {
  const TransmitContext& offloads = segmenting_ ? segmentation_ : offloads_;
  if (segmenting_) {
    AdjustHeaders();
    ++segments_;
  }
  InsertChecksums(offloads, popts_);
  if (tag_wanted_) {
    std::memmove(buffer_.data(), packet(), kTagPlace + kTagSize);
    std::memcpy(packet() + kTagPlace, tag_.data(), kTagSize);
    Send(buffer_.data(), size_ + kTagSize);
  } else {
    Send(packet(), size_);
  }
  CountTransmitted(control_.registers(), size_);
}

// 3.5.7: what changes in the headers from segment to segment.
void StockTransmitter::AdjustHeaders() {
  const TransmitContext& tso = segmentation_;
  std::uint8_t* ip = packet() + tso.ipcss;
  const auto ip_length = static_cast<std::uint16_t>(size_ - tso.ipcss);
  if (tso.ip) {
    StoreBe16(ip + kIpv4TotalLength, ip_length);
    StoreBe16(ip + kIpv4Identification, LoadBe16(ip + kIpv4Identification) + segments_);
  } else {
    // Stock QEMU does not take the fixed header off, as IPv6 would have it.
    StoreBe16(ip + kIpv6PayloadLength, ip_length);
  }
  const auto transport_length = static_cast<std::uint16_t>(size_ - tso.tucss);
  if (tso.tcp) {
    AdjustTcpHeader();
  } else {
    StoreBe16(packet() + tso.tucss + kUdpLength, transport_length);
  }
  if ((popts_ & txd::kPoptsTXSM) != 0) {
    // The driver left the pseudo-header's sum without the length there (3.5.6).
    std::uint8_t* checksum = packet() + tso.tucso;
    const std::uint32_t sum = std::uint32_t{LoadBe16(checksum)} + transport_length;
    StoreBe16(checksum, (sum >> 16) + (sum & 0xffff));
  }
}

void StockTransmitter::AdjustTcpHeader() {
  const TransmitContext& tso = segmentation_;
  std::uint8_t* tcp = packet() + tso.tucss;
  const std::uint32_t sent = std::uint32_t{segments_} * tso.mss;
  StoreBe32(tcp + kTcpSequence, LoadBe32(tcp + kTcpSequence) + sent);
  const bool last = tso.paylen - sent <= tso.mss;
  if (!last) {
    tcp[kTcpFlags] &= static_cast<std::uint8_t>(~kTcpPshFin);
  } else if (segments_ != 0) {
    Count(control_.registers(), kTSCTC);
  }
}

void StockTransmitter::InsertChecksums(const TransmitContext& context, std::uint8_t popts) {
  if ((popts & txd::kPoptsTXSM) != 0) {
    InsertChecksum(context.tucso, context.tucss, context.tucse);
  }
  if ((popts & txd::kPoptsIXSM) != 0) {
    InsertChecksum(context.ipcso, context.ipcss, context.ipcse);
  }
}

// 3.5.5: a checksum over bytes `start` to `end` (0: to the packet's end), stored at `offset`.
// Without room for it before the end, nothing happens; an empty packet has room everywhere, and a
// start past the end sums nothing.
void StockTransmitter::InsertChecksum(std::uint8_t offset, std::uint8_t start, std::uint16_t end) {
  std::uint32_t size = size_;
  if (end != 0 && end < size) size = end + 1u;
  if (offset >= size - 1) return;
  const std::size_t count = start < size ? size - start : 0;
  const std::uint32_t sum = ChecksumAdd({packet() + start, count});
  StoreBe16(packet() + offset, ChecksumFinishNonzero(sum));
}

void StockTransmitter::Send(std::uint8_t* frame, std::size_t size) {
  if (control_.link().loopback()) {
    loopback_.Loopback({frame, size});
  } else if (control_.link().state() == LinkState::kUp) {
    const Bytes whole{frame, size};
    control_.host().Transmit({{&whole, 1}, {}});
  }
  // After the loopback, which may have shifted the frame; frames of less than 6 bytes are judged by
  // what else is in the buffer.
  CountDestination(control_.registers(), frame);
  CountSizeClass(control_.registers(), kPTC64, size + kFcsSize);
}

}  // namespace nicreplay::e1000
