// SPDX-License-Identifier: MIT
#include "models/e1000/opt/transmit.h"

#include <array>
#include <cstring>

#include "models/e1000/opt/csum.h"
#include "models/e1000/opt/tso.h"

namespace nicreplay::e1000 {
namespace {

// With less, the frame's destination is partly old bytes.
constexpr std::uint32_t kShortestPacket = 6;
constexpr std::uint32_t kLongestPacket = 0xffff;  // stock's engine takes 64 KiB for an empty one

// A small packet that asks for nothing.
bool IsPlain(const TxDescriptor& descriptor) {
  constexpr std::uint32_t kMore = txd::kDEXT | txd::kVLE;
  return descriptor.length() >= kShortestPacket && descriptor.length() < Residue::kTracked &&
         (descriptor.lower & (kMore | txd::kEOP)) == txd::kEOP;
}

}  // namespace

bool OptTransmitter::CanLookAhead() const {
  const RegisterFile& registers = control_.registers();
  return switches_.has_any(kTransmitSwitches) && !control_.link().loopback() &&
         control_.pci().bus_master() && registers[kTDH] < registers.RingSize(kTDLEN);
}

// Whether a packet begins here, for stock's engine as well.
bool OptTransmitter::HoldsNothing() const {
  return size_ == 0 && segments_ == 0 && popts_ == 0 && !tag_wanted_;
}

void OptTransmitter::Run() {
  if ((control_.registers()[kTCTL] & tctl::kEN) == 0 || !CanLookAhead()) {
    StockTransmitter::Run();
    return;
  }
  DescriptorWindow window(
      control_, DueDescriptors(control_.registers(), kTDBAL, kTDLEN, kTDH, kTDT),
      switches_.has(Switch::kRing) ? RingReading::kBatch : RingReading::kSingle);
  std::uint32_t causes = cause::kTXQE;
  bool at_packet = HoldsNothing();
  while (window.left() != 0) {
    if (at_packet) causes |= SendPlain(window);
    SendWaiting();
    if (window.left() == 0) break;
    if (at_packet && looks_ahead_ && packet_.Look(window) && SendWhole(window.ring())) {
      causes |= FinishWhole(window);
      continue;
    }
    const auto raw = window.At<RawDescriptor>(0);
    const auto descriptor = Decode<TxDescriptor>(raw);
    if (KindOf(descriptor.lower) != TxDescriptorKind::kContext) residue_.Settle(packet());
    Process(raw);
    causes |= WriteBack(window.AddressOf(0), descriptor);
    window.Advance(1);
    at_packet = HoldsNothing();
  }
  SendWaiting();
  control_.registers()[kTDH] = window.head();
  residue_.Settle(packet());
  tally_.Flush(control_.registers());
  offered_.reset();
  control_.interrupts().Raise(causes);
}

// What SendSmall and FinishWhole come to for what small packets nearly always are: a third of the
// work.
std::uint32_t OptTransmitter::SendPlain(DescriptorWindow& window) {
  std::uint32_t causes = 0;
  if (!switches_.has(Switch::kZerocopy)) return causes;
  Host& host = control_.host();  // CanLookAhead: it is the bus's master
  while (window.left() != 0) {
    const auto descriptor = window.At<TxDescriptor>(0);
    const std::size_t size = descriptor.length();
    if (!IsPlain(descriptor) || window.ring().Overlaps(descriptor.buffer_address, size)) break;
    if ((descriptor.lower & txd::kIDE) != 0) control_.interrupts().NoteTransmitDelay();
    if (waiting_.full()) SendWaiting();
    const MutableBytes bytes = waiting_.Add(size);
    host.DmaRead(descriptor.buffer_address, bytes);
    tally_.Add(1, static_cast<std::uint32_t>(size), bytes.data());
    if ((descriptor.lower & (txd::kRS | txd::kRPS)) != 0) {
      const auto upper = std::bit_cast<std::array<std::uint8_t, 4>>(DoneUpper(descriptor.upper));
      host.DmaWrite(window.AddressOf(0) + offsetof(TxDescriptor, upper), upper);
      causes |= cause::kTXDW;
    }
    window.Advance(1);
    segmenting_ = false;
  }
  return causes;
}

void OptTransmitter::SendWaiting() {
  if (waiting_.empty()) return;
  if (control_.link().state() == LinkState::kUp) control_.host().TransmitBurst(waiting_.frames());
  const std::size_t covered = waiting_.LeaveIn(packet());
  used_ = std::max(used_, covered);
  residue_.Cover(covered);
}

bool OptTransmitter::SendWhole(const RingSpan& ring) {
  if (packet_.size() < kShortestPacket || packet_.size() > kLongestPacket) return false;
  const bool may_tag = (control_.registers()[kCTRL] & ctrl::kVME) != 0;
  if (may_tag && (packet_.commands() & txd::kVLE) != 0) return false;
  if (LiesInRing(packet_, ring)) return false;
  if (packet_.segmented()) return SendSegmented();
  return packet_.size() < Residue::kTracked ? SendSmall() : SendUnsegmented();
}

// A packet that is cheaper to copy than to map, and to sum than to have summed.
bool OptTransmitter::SendSmall() {
  if (!switches_.has(Switch::kZerocopy)) return false;
  const Bytes whole{packet(), Gather()};
  if (packet_.popts() != 0) {
    size_ = static_cast<std::uint16_t>(whole.size());
    InsertChecksums(offloads_, packet_.popts());
    size_ = 0;
  }
  Transmit({{&whole, 1}, {}});
  tally_.Add(1, packet_.size(), packet());
  residue_.Cover(whole.size());
  return true;
}

bool OptTransmitter::SendUnsegmented() {
  Offload offload;
  if ((packet_.popts() & (txd::kPoptsTXSM | txd::kPoptsIXSM)) != 0) {
    if (!switches_.has(Switch::kCsum) || !Offered(kOffloadChecksum)) return false;
    const auto partial = PartialChecksum(offloads_, packet_.popts(), packet_.size());
    if (!partial) return false;
    offload = *partial;
  } else if (!switches_.has(Switch::kZerocopy)) {
    return false;
  }
  if (!FindPieces()) return false;
  std::array<std::uint8_t, 6> destination;
  pieces_.CopyFront(destination);
  tally_.Add(1, packet_.size(), destination.data());
  const Frame frame{pieces_.frame(), offload};
  Transmit(frame);
  residue_.Remember(frame);
  return true;
}

bool OptTransmitter::SendSegmented() {
  constexpr OffloadSet kNeeded = kOffloadTcp4 | kOffloadChecksum;
  if (!switches_.has(Switch::kTso) || !Offered(kNeeded)) return false;
  if (!IsPlainContext(segmentation_, packet_.popts(), packet_.size())) return false;
  const std::size_t header_size = segmentation_.hdrlen;
  if (header_size + segmentation_.mss < Residue::kTracked || !FindPieces()) return false;
  std::array<std::uint8_t, sizeof(saved_header_)> original;
  pieces_.CopyFront({original.data(), header_size});
  std::memcpy(header_.data(), original.data(), header_size);
  const MutableBytes header{header_.data(), header_size};
  const auto super = MakeSuperFrame(segmentation_, packet_.size(), header);
  if (!super) return false;

  const auto full_size = static_cast<std::uint32_t>(header_size + segmentation_.mss);
  tally_.Add(super->full, full_size, header_.data());
  if (super->rest != 0) tally_.Add(1, full_size - segmentation_.mss + super->rest, header_.data());
  tally_.AddContext();
  const Frame frame{pieces_.WithHeader(header), super->offload};
  Transmit(frame);
  residue_.Remember(frame);
  std::memcpy(saved_header_.data(), original.data(), header_size);
  if (super->rest == 0) SendHeaderAlone(super->full);
  return true;
}

// After a payload that is a multiple of MSS: the packet ends with an empty segment.
void OptTransmitter::SendHeaderAlone(std::uint32_t segments) {
  size_ = segmentation_.hdrlen;
  std::memcpy(packet(), saved_header_.data(), size_);
  residue_.Cover(size_);
  segments_ = static_cast<std::uint16_t>(segments);
  popts_ = packet_.popts();
  segmenting_ = true;
  FinishPacket();
}

bool OptTransmitter::Offered(OffloadSet needed) {
  if (!offered_) offered_ = control_.host().TransmitOffloads();
  return (*offered_ & needed) == needed;
}

// Copies the packet into the buffer; returns its size.
std::size_t OptTransmitter::Gather() {
  std::size_t filled = 0;
  for (const TxDescriptor& descriptor : packet_.descriptors()) {
    control_.host().DmaRead(descriptor.buffer_address, {packet() + filled, descriptor.length()});
    filled += descriptor.length();
  }
  used_ = std::max(used_, filled);
  return filled;
}

// Where the packet lies, or a copy of it in the buffer.  It covers what counts of an earlier one,
// also if stock sends it in the end.
bool OptTransmitter::FindPieces() {
  residue_.Forget();
  if (switches_.has(Switch::kZerocopy)) return pieces_.Map(control_, packet_);
  pieces_.Set({packet(), Gather()});
  return true;
}

void OptTransmitter::Transmit(const Frame& frame) {
  if (control_.link().state() == LinkState::kUp) control_.host().Transmit(frame);
}

// What is left to do of a packet that was sent, descriptor by descriptor; returns its causes.
std::uint32_t OptTransmitter::FinishWhole(DescriptorWindow& window) {
  if ((packet_.commands() & txd::kIDE) != 0) control_.interrupts().NoteTransmitDelay();
  std::uint32_t causes = 0;
  std::uint32_t index = 0;
  for (const TxDescriptor& descriptor : packet_.descriptors()) {
    causes |= WriteBack(window.AddressOf(index++), descriptor);
  }
  window.Advance(index);
  segmenting_ = false;
  return causes;
}

}  // namespace nicreplay::e1000
