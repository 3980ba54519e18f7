// SPDX-License-Identifier: MIT
//
// Sections are those of the 8254x software developer's manual.
#include "replay/bench/e1000_driver.h"

#include "models/e1000/registers.h"
#include "models/net/byte_order.h"

namespace nicreplay::bench {

namespace txd = e1000::txd;
namespace rxd = e1000::rxd;
using e1000::TxDescriptor;

namespace {

constexpr std::uint32_t kCauses = e1000::cause::kRXT0 | e1000::cause::kTXDW |
                                  e1000::cause::kRXDMT0 | e1000::cause::kRXSEQ | e1000::cause::kLSC;
// 3.3.3: of a packet's last descriptor.
constexpr std::uint32_t kLast = txd::kEOP | txd::kIFCS | txd::kRS | txd::kIDE;
constexpr std::uint32_t kData = txd::kDEXT | txd::kDTYP_DATA;

}  // namespace

void E1000Driver::Start() {
  Write(e1000::kIMC, ~0u);
  Write(e1000::kCTRL, Read(e1000::kCTRL) | e1000::ctrl::kSLU);
  // 14.5: transmit initialization.
  Write(e1000::kTDBAL, kTxRing);
  Write(e1000::kTDBAH, 0);
  Write(e1000::kTDLEN, kRing * e1000::kDescriptorSize);
  Write(e1000::kTDH, 0);
  Write(e1000::kTDT, 0);
  Write(e1000::kTADV, 32);
  Write(e1000::kTCTL, e1000::tctl::kEN | 1u << 3);
  // 14.4: receive initialization.
  for (std::uint32_t i = 0; i < kRing; ++i) {
    const e1000::RxDescriptor empty{.buffer_address = kRxBuffers + i * kBufferSize};
    std::memcpy(&ram_[kRxRing + i * e1000::kDescriptorSize], &empty, sizeof empty);
  }
  Write(e1000::kRDBAL, kRxRing);
  Write(e1000::kRDBAH, 0);
  Write(e1000::kRDLEN, kRing * e1000::kDescriptorSize);
  Write(e1000::kRDH, 0);
  Write(e1000::kRDTR, 0);
  Write(e1000::kRADV, 8);
  Write(e1000::kITR, 195);  // 20000 interrupts a second
  Write(e1000::kRCTL, e1000::rctl::kEN | e1000::rctl::kBAM);
  Write(e1000::kRDT, kRing - 1);
  Write(e1000::kIMS, kCauses);
}

// 3.5.6: the driver leaves the IP length and checksum 0, and the pseudo header's sum without the
// length.
void E1000Driver::Prepare(const TransmitPacket& packet) {
  if (packet.shape.mss == 0) return;
  const MutableBytes headers = ram_.subspan(packet.headers, packet.shape.header_size());
  StoreBe16(&headers[PacketShape::kNetworkOffset + 2], 0);
  StoreBe16(&headers[PacketShape::kNetworkOffset + 10], 0);
  StoreBe16(&headers[packet.shape.checksum_place()], PseudoHeaderSum(headers, packet.shape, 0));
}

Posted E1000Driver::Send(const TransmitPacket& packet) {
  const PacketShape& shape = packet.shape;
  const bool offloaded = shape.checksum == TransportChecksum::kPartial;
  const std::uint32_t needed = offloaded ? 2 + (shape.payload + kDataSize - 1) / kDataSize : 1;
  if (FreeDescriptors() < needed) {
    Reclaim();
    if (FreeDescriptors() < needed) return Posted::kRingFull;
  }
  const std::uint32_t first = tx_next_;
  if (offloaded) {
    PutContext(shape);
    const std::uint32_t command = kData | (shape.mss != 0 ? txd::kTSE : 0);
    const std::uint32_t options =
        txd::kPoptsTXSM | (shape.mss != 0 ? std::uint32_t{txd::kPoptsIXSM} : 0u);
    PutData(packet.headers, shape.header_size(), command, options);
    std::uint32_t done = 0;
    for (; shape.payload - done > kDataSize; done += kDataSize) {
      PutData(packet.payload + done, kDataSize, command, options);
    }
    PutData(packet.payload + done, shape.payload - done, command | kLast, options);
  } else {
    PutData(packet.headers, shape.size(), kLast, 0);
  }
  last_[first] = static_cast<std::uint16_t>((tx_next_ + kRing - 1) % kRing);
  ++pending_;
  bus_.WriteDoorbell({0, 4, e1000::kTDT}, tx_next_);
  return Posted::kYes;
}

// 3.3.6: TCP/IP context descriptor.
void E1000Driver::PutContext(const PacketShape& shape) {
  e1000::ContextDescriptor context;
  context.ipcss = PacketShape::kNetworkOffset;
  context.ipcso = PacketShape::kNetworkOffset + 10;
  context.ipcse = PacketShape::kTransportOffset - 1;
  context.tucss = PacketShape::kTransportOffset;
  context.tucso = static_cast<std::uint8_t>(shape.checksum_place());
  context.command = txd::kDEXT;
  if (shape.mss != 0) {
    context.command |= txd::kTSE | txd::kContextIP | txd::kContextTCP | shape.payload;
    context.hdrlen = static_cast<std::uint8_t>(shape.header_size());
    context.mss = shape.mss;
  }
  Put(context);
}

void E1000Driver::PutData(GuestAddress address, std::uint32_t size, std::uint32_t command,
                          std::uint32_t options) {
  Put(TxDescriptor{address, command | size, options << 8});
}

void E1000Driver::Reclaim() {
  while (pending_ != 0) {
    const std::uint32_t last = last_[tx_clean_];
    const std::size_t status =
        kTxRing + last * e1000::kDescriptorSize + offsetof(TxDescriptor, upper);
    if ((ram_[status] & txd::kStatusDD) == 0) return;
    tx_clean_ = (last + 1) % kRing;
    --pending_;
  }
}

std::size_t E1000Driver::transmits_pending() {
  Reclaim();
  return pending_;
}

void E1000Driver::TakeReceived() {
  while (true) {
    std::uint8_t* at = &ram_[kRxRing + rx_next_ * e1000::kDescriptorSize];
    e1000::RxDescriptor descriptor;
    std::memcpy(&descriptor, at, sizeof descriptor);
    if ((descriptor.status & rxd::kDD) == 0) return;
    if ((descriptor.status & rxd::kEOP) != 0 && descriptor.length >= 4) {
      const std::size_t size = descriptor.length - std::size_t{4};  // FCS
      CountReceived(size);
      if (inspector_) inspector_(ram_.subspan(descriptor.buffer_address, size));
    }
    at[offsetof(e1000::RxDescriptor, status)] = 0;
    const std::uint32_t taken = rx_next_;
    rx_next_ = (rx_next_ + 1) % kRing;
    if (++rx_taken_ == kRefill) {
      rx_taken_ = 0;
      bus_.WriteDoorbell({0, 4, e1000::kRDT}, taken);
    }
  }
}

// 13.4.17: reading ICR acknowledges.  Reads of STATUS flush posted writes, as on real buses.
void E1000Driver::Service() {
  if (Read(e1000::kICR) == 0) return;
  Write(e1000::kIMC, ~0u);
  Read(e1000::kSTATUS);
  Reclaim();
  TakeReceived();
  Write(e1000::kIMS, kCauses);
  Read(e1000::kSTATUS);
}

}  // namespace nicreplay::bench
