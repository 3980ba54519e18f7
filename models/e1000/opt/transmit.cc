// SPDX-License-Identifier: MIT
#include "models/e1000/opt/transmit.h"

#include <array>
#include <cstring>

#include "models/e1000/opt/csum.h"
#include "models/e1000/opt/tso.h"

namespace nicreplay::e1000 {
namespace {

constexpr std::uint32_t kLongestPacket = 0xffff;  // stock's engine takes 64 KiB for an empty one

}  // namespace

bool OptTransmitter::CanLookAhead() const {
  const RegisterFile& registers = control_.registers();
  return switches_.has_any(kTransmitSwitches) && !control_.link().loopback() &&
         control_.pci().bus_master() && registers[kTDH] < registers.RingSize(kTDLEN);
}

// A tail outside the ring is never reached: a lap.
RingSpan OptTransmitter::DueDescriptors() const {
  const RegisterFile& registers = control_.registers();
  RingSpan ring;
  ring.base = registers.RingBase(kTDBAL);
  ring.size = registers.RingSize(kTDLEN);
  ring.first = registers[kTDH];
  const std::uint32_t tail = registers[kTDT];
  if (tail >= ring.size) {
    ring.count = ring.size;
  } else {
    ring.count = tail >= ring.first ? tail - ring.first : ring.size + tail - ring.first;
  }
  return ring;
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
  offered_ = switches_.has_any(SwitchSet(Switch::kTso, Switch::kCsum))
                 ? control_.host().TransmitOffloads()
                 : OffloadSet{0};
  DescriptorWindow window(
      control_, DueDescriptors(),
      switches_.has(Switch::kRing) ? RingReading::kBatch : RingReading::kSingle);
  std::uint32_t causes = cause::kTXQE;
  while (window.left() != 0) {
    if (HoldsNothing() && packet_.Look(window) && SendWhole(window.ring())) {
      causes |= FinishWhole(window);
      continue;
    }
    const auto raw = window.At<RawDescriptor>(0);
    Process(raw);
    causes |= WriteBack(window.AddressOf(0), Decode<TxDescriptor>(raw));
    window.Advance(1);
  }
  control_.registers()[kTDH] = window.head();
  tally_.Flush(control_.registers());
  control_.interrupts().Raise(causes);
}

bool OptTransmitter::SendWhole(const RingSpan& ring) {
  const std::uint32_t size = packet_.size();
  if (size < kResidue || size > kLongestPacket) return false;
  const bool may_tag = (control_.registers()[kCTRL] & ctrl::kVME) != 0;
  if (may_tag && (packet_.commands() & txd::kVLE) != 0) return false;
  return packet_.segmented() ? SendSegmented(ring) : SendUnsegmented(ring);
}

bool OptTransmitter::SendUnsegmented(const RingSpan& ring) {
  Offload offload;
  if ((packet_.popts() & (txd::kPoptsTXSM | txd::kPoptsIXSM)) != 0) {
    if (!switches_.has(Switch::kCsum) || (offered_ & kOffloadChecksum) == 0) return false;
    const auto partial = PartialChecksum(offloads_, packet_.popts(), packet_.size());
    if (!partial) return false;
    offload = *partial;
  } else if (!switches_.has(Switch::kZerocopy)) {
    return false;
  }
  if (!FindPieces(ring)) return false;
  Transmit(pieces_.frame(), offload);
  tally_.Add(1, packet_.size(), packet());
  return true;
}

bool OptTransmitter::SendSegmented(const RingSpan& ring) {
  constexpr OffloadSet kNeeded = kOffloadTcp4 | kOffloadChecksum;
  if (!switches_.has(Switch::kTso) || (offered_ & kNeeded) != kNeeded) return false;
  const std::uint32_t header_size = segmentation_.hdrlen;
  if (packet_.size() <= header_size || !FindPieces(ring)) return false;
  std::array<std::uint8_t, sizeof(saved_header_)> original;
  std::array<std::uint8_t, sizeof(saved_header_)> header;
  pieces_.CopyFront({original.data(), header_size});
  std::memcpy(header.data(), original.data(), header_size);
  const auto frame =
      MakeSuperFrame(segmentation_, packet_.popts(), packet_.size(), {header.data(), header_size});
  if (!frame) return false;

  Transmit(pieces_.WithHeader({header.data(), header_size}), frame->offload);
  tally_.Add(frame->full, header_size + segmentation_.mss, header.data());
  if (frame->rest != 0) tally_.Add(1, header_size + frame->rest, header.data());
  tally_.AddContext();
  std::memcpy(saved_header_.data(), original.data(), header_size);
  std::memcpy(packet(), original.data(), header_size);
  if (frame->rest == 0) SendHeaderAlone(frame->full);
  return true;
}

// After a payload that is a multiple of MSS: the packet ends with an empty segment.
void OptTransmitter::SendHeaderAlone(std::uint32_t segments) {
  size_ = segmentation_.hdrlen;
  segments_ = static_cast<std::uint16_t>(segments);
  popts_ = packet_.popts();
  segmenting_ = true;
  FinishPacket();
}

// Where the frame lies, or a copy of it in the packet buffer.
bool OptTransmitter::FindPieces(const RingSpan& ring) {
  if (LiesInRing(packet_, ring)) return false;
  if (switches_.has(Switch::kZerocopy)) {
    if (!pieces_.Map(control_, packet_)) return false;
    pieces_.CopyFront({packet(), kResidue});
    return true;
  }
  std::size_t filled = 0;
  for (const TxDescriptor& descriptor : packet_.descriptors()) {
    control_.DmaRead(descriptor.buffer_address, {packet() + filled, descriptor.length()});
    filled += descriptor.length();
  }
  pieces_.Set({packet(), filled});
  return true;
}

void OptTransmitter::Transmit(std::span<const Bytes> pieces, const Offload& offload) {
  if (control_.link().state() == LinkState::kUp) control_.host().Transmit({pieces, offload});
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
