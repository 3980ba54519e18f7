// SPDX-License-Identifier: MIT
//
// rxlro: super-frames, and frames that lack their checksum, come from the network as they are.
// Their wire frames (net/segment.h) go through stock's engine one by one, straight from the
// super-frame to the guest's buffers: every filter, counter, and a ring that is full in the middle
// of it do what they do to wire frames.  Only the first can be kept, so the network has all of the
// super-frame back or nothing: the flush timer, which is what keeps frames, cannot start meanwhile.
#include "models/e1000/opt/receive.h"

#include "models/e1000/opt/rxcsum.h"

namespace nicreplay::e1000 {
namespace {

constexpr SwitchSet kCaresForRing(Switch::kRxbatch, Switch::kRing);

}  // namespace

ReceiveResult OptReceiver::Receive(const Frame& frame) {
  if (!switches_.has(Switch::kRxlro) || frame.offload.gso_type == Offload::kGsoNone) {
    reaches_ring_ = false;
    return ReceiveAny(frame);
  }
  BeginBurst();
  const ReceiveResult result = ReceiveAny(frame);
  EndBurst();
  return result;
}

std::size_t OptReceiver::ReceiveBurst(std::span<const Frame> frames,
                                      std::span<ReceiveResult> results) {
  BeginBurst();
  std::size_t offered = 0;
  while (offered < frames.size()) {
    results[offered] = ReceiveAny(frames[offered]);
    if (results[offered++] == ReceiveResult::kKeep) break;
  }
  EndBurst();
  return offered;
}

void OptReceiver::BeginBurst() {
  in_burst_ = switches_.has(Switch::kRxbatch);
  reaches_ring_ = false;
  window_.reset();
  if (!switches_.has(Switch::kRing)) return;
  const RegisterFile& registers = control_.registers();
  const std::uint32_t size = registers.RingSize(kRDLEN);
  // With a head or tail outside of the ring, what is free is anybody's guess.
  if (registers[kRDH] >= size || registers[kRDT] >= size) return;
  window_.emplace(control_, DueDescriptors(registers, kRDBAL, kRDLEN, kRDH, kRDT),
                  RingReading::kBatch);
}

void OptReceiver::EndBurst() {
  in_burst_ = false;
  window_.reset();
  causes_.Raise(control_.interrupts());
}

ReceiveResult OptReceiver::ReceiveAny(const Frame& frame) {
  if (!switches_.has(Switch::kRxlro) || frame.offload == Offload{}) return ReceiveWire(frame);
  if (segmenter_.Parse(frame) != OffloadFault::kNone) return ReceiveResult::kDropped;
  ReceiveResult result = ReceiveResult::kDropped;
  for (std::size_t i = 0; i < segmenter_.count(); ++i) {
    result = ReceiveWire({segmenter_.Get(i), {}});
    if (result == ReceiveResult::kKeep) break;
  }
  return result;
}

ReceiveResult OptReceiver::ReceiveWire(const Frame& frame) {
  if (!switches_.has(Switch::kRxcsum)) return StockReceiver::Receive(frame);
  checksum_status_ = CheckedStatus(frame.pieces);
  const ReceiveResult result = StockReceiver::Receive(frame);
  checksum_status_ = rxd::kIXSM;  // for frames that come by loopback
  return result;
}

bool OptReceiver::MayReachRing(const RxDescriptor& descriptor) const {
  const RegisterFile& registers = control_.registers();
  RingSpan ring;
  ring.base = registers.RingBase(kRDBAL);
  ring.size = registers.RingSize(kRDLEN);
  // The descriptor itself may lie outside.
  if (registers[kRDH] >= ring.size) return true;
  return ring.Overlaps(descriptor.buffer_address, control_.receive_control().buffer_size());
}

RxDescriptor OptReceiver::ReadDescriptor(GuestAddress address) {
  RxDescriptor descriptor;
  if (window_ && window_->left() != 0 && window_->AddressOf(0) == address) {
    descriptor = window_->At<RxDescriptor>(0);
    window_->Advance(1);
  } else {
    descriptor = StockReceiver::ReadDescriptor(address);
  }
  if (switches_.has_any(kCaresForRing) && MayReachRing(descriptor)) {
    reaches_ring_ = true;
    window_.reset();
  }
  return descriptor;
}

void OptReceiver::WriteDescriptor(GuestAddress address, const RxDescriptor& descriptor,
                                  std::uint8_t done_status) {
  if (!switches_.has(Switch::kRxbatch) || reaches_ring_) {
    StockReceiver::WriteDescriptor(address, descriptor, done_status);
    return;
  }
  control_.DmaWrite(address + offsetof(RxDescriptor, length), UpperBytes(descriptor, done_status));
}

void OptReceiver::Raise(std::uint32_t causes) {
  if (in_burst_) {
    causes_.Note(causes);
  } else {
    StockReceiver::Raise(causes);
  }
}

}  // namespace nicreplay::e1000
