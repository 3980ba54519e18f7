// SPDX-License-Identifier: MIT
// Items that move data: rings, descriptors, frames, memory.
#include <algorithm>

#include "fuzz/e1000_input.h"
#include "fuzz/input_frames.h"
#include "models/e1000/fields.h"

namespace nicreplay {

namespace {

namespace txd = e1000::txd;

// Mostly 8 to 64.
std::uint32_t TakeRingCount(InputReader* operands) {
  const std::uint8_t raw = operands->Byte();
  return raw < 0xf0 ? 8u << (raw & 3) : 8u * (1 + (raw & 15u)) + (raw & 1) * 128u;
}

}  // namespace

void E1000Input::StartTransmitRing(GuestAddress base, std::uint32_t count, std::uint32_t head) {
  Write(e1000::kTCTL, 0);
  Write(e1000::kTDBAL, base);
  Write(e1000::kTDBAH, 0);
  Write(e1000::kTDLEN, count * 16);
  Write(e1000::kTDH, head);
  Write(e1000::kTDT, head);
  Write(e1000::kTCTL, e1000::tctl::kEN);
}

void E1000Input::Push(const e1000::RawDescriptor& descriptor) {
  if (tx_.count == 0) StartTransmitRing(0x10000, 16, 0);
  Memory(tx_.base + std::uint64_t{16} * tx_.tail, descriptor);
  if (++tx_.tail >= tx_.count) tx_.tail = 0;
}

// page, descriptors, head
void E1000Input::PlayStartTransmit(InputReader operands, unsigned variant) {
  const GuestAddress base = GuestAddress{operands.Byte()} << 12;
  const std::uint32_t count = TakeRingCount(&operands);
  const std::uint32_t head = operands.Byte();
  StartTransmitRing(base, count, variant < 4 ? head % count : head);
}

// page, offset in 16 bytes, length, DCMD, POPTS, special; the variant: not a data descriptor, no
// doorbell yet, CSO
void E1000Input::PlayTransmit(InputReader operands, unsigned variant) {
  e1000::TxDescriptor descriptor;
  descriptor.buffer_address = GuestAddress{operands.Byte()} << 12;
  descriptor.buffer_address += operands.Byte() * 16u;
  descriptor.lower = TakeLength(&operands);
  descriptor.lower |= std::uint32_t{operands.Byte()} << 24;
  descriptor.upper = std::uint32_t{operands.Byte()} << 8;
  const std::uint32_t special = operands.Take<std::uint16_t>();
  descriptor.upper |= special << 16;
  if ((descriptor.lower & txd::kDEXT) != 0 && (variant & 1) == 0)
    descriptor.lower |= txd::kDTYP_DATA;
  if ((variant & 4) != 0) descriptor.lower |= (special & 0xf) << 16;
  Push(e1000::Encode(descriptor));
  if ((variant & 2) == 0) Write(e1000::kTDT, tx_.tail);
}

// As a driver's for the latest packet, but for MSS, which stays within what some dozens of segments
// need.
void E1000Input::FitToPacket(e1000::ContextDescriptor* context) const {
  const PacketLayout layout = LayoutOfPacket(packet_.kind);
  constexpr std::uint8_t kIp = 14;
  context->ipcss = kIp;
  context->ipcso = kIp + 10;
  context->ipcse = layout.transport - 1;
  context->tucss = layout.transport;
  context->tucso = layout.checksum;
  context->tucse = 0;
  context->hdrlen = layout.header;
  const std::uint32_t payload = packet_.size - std::min<std::uint32_t>(packet_.size, layout.header);
  context->mss = static_cast<std::uint16_t>(payload / 40 + 1 + context->mss % 1460);
  context->command += payload - context->paylen();
}

// The latest packet, whole or with its header in a descriptor of its own.
void E1000Input::PushPacket(std::uint32_t dcmd, std::uint8_t popts, bool header_apart) {
  e1000::TxDescriptor descriptor;
  descriptor.buffer_address = packet_.address;
  descriptor.upper = std::uint32_t{popts} << 8;
  std::uint32_t left = packet_.size;
  const std::uint32_t header = LayoutOfPacket(packet_.kind).header;
  dcmd |= txd::kDEXT | txd::kDTYP_DATA;
  if (header_apart && left > header) {
    descriptor.lower = dcmd | header;
    Push(e1000::Encode(descriptor));
    descriptor.buffer_address += header;
    left -= header;
  }
  descriptor.lower = dcmd | txd::kEOP | left;
  Push(e1000::Encode(descriptor));
}

// The fields in order, those of 16 bits that need it in full; then a command: RS, IDE, fits the
// latest packet, doorbell, PAYLEN over 64 KiB (2 bits), followed by that packet, its header apart.
// The variant: TSE, IP, TCP.
void E1000Input::PlayContext(InputReader operands, unsigned variant) {
  e1000::ContextDescriptor context;
  context.ipcss = operands.Byte();
  context.ipcso = operands.Byte();
  context.ipcse = operands.Byte();
  context.tucss = operands.Byte();
  context.tucso = operands.Byte();
  context.tucse = operands.Byte();
  context.hdrlen = operands.Byte();
  context.mss = operands.Take<std::uint16_t>();
  context.command = txd::kDEXT | operands.Take<std::uint16_t>();
  const std::uint8_t command = operands.Byte();
  if ((variant & 1) != 0) context.command |= txd::kTSE;
  if ((variant & 2) != 0) context.command |= txd::kContextIP;
  if ((variant & 4) != 0) context.command |= txd::kContextTCP;
  if ((command & 1) != 0) context.command |= txd::kRS;
  if ((command & 2) != 0) context.command |= txd::kIDE;
  context.command |= (command >> 4 & 3u) << 16;
  if ((command & 4) != 0) FitToPacket(&context);
  Push(e1000::Encode(context));
  if ((command & 0x40) != 0) {
    PushPacket(
        context.command & (txd::kTSE | txd::kRS | txd::kIDE),
        static_cast<std::uint8_t>(txd::kPoptsTXSM | ((variant & 2) != 0 ? txd::kPoptsIXSM : 0)),
        (command & 0x80) != 0);
  }
  if ((command & 8) != 0) Write(e1000::kTDT, tx_.tail);
}

void E1000Input::PlayDescriptor(InputReader operands, unsigned variant) {
  Push(operands.Take<e1000::RawDescriptor>());
  if ((variant & 1) == 0) Write(e1000::kTDT, tx_.tail);
}

// page, descriptors, RCTL.  The variant: not enabled, the flush timer pends, no buffers.
void E1000Input::PlayStartReceive(InputReader operands, unsigned variant) {
  const GuestAddress base = GuestAddress{operands.Byte()} << 12;
  rx_.count = TakeRingCount(&operands);
  std::uint32_t rctl = operands.Take<std::uint32_t>();
  if ((variant & 1) == 0) rctl |= e1000::rctl::kEN;
  Write(e1000::kRDBAL, base);
  Write(e1000::kRDBAH, 0);
  Write(e1000::kRDLEN, rx_.count * 16);
  Write(e1000::kRDH, 0);
  Write(e1000::kRCTL, rctl);
  if ((variant & 4) == 0) Write(e1000::kRDT, rx_.count - 1);
  if ((variant & 2) == 0) now_ += 1'100'000'000;
}

// a tail
void E1000Input::PlayDoorbell(InputReader operands, unsigned variant) {
  const std::uint32_t value = operands.Byte();
  switch (variant) {
    case 0:
      Write(e1000::kTDT, tx_.tail);
      break;
    case 1:
      Write(e1000::kTDT, value);
      break;
    case 2:
      Write(e1000::kTDT, tx_.count == 0 ? value : (tx_.tail + value) % tx_.count);
      break;
    case 3: {
      const std::uint32_t head = Read(e1000::kRDH);
      Write(e1000::kRDT, rx_.count == 0 ? head : (head + rx_.count - 1) % rx_.count);
      break;
    }
    case 4:
      Write(e1000::kTDH, value);
      break;
    case 5:
      Write(e1000::kRDH, value);
      break;
    default:
      Write(e1000::kRDT, value);
  }
}

void E1000Input::Offer(Bytes frame, unsigned variant, const Offload* offload) {
  Do({.data = frame.data(),
      .data_size = static_cast<std::uint32_t>(frame.size()),
      .offload = offload,
      .kind = StimulusKind::kFrame,
      .detail = static_cast<std::uint8_t>(variant & 1)});
}

// A frame.  The variant: another follows at once.
void E1000Input::PlayFrame(InputReader operands, unsigned variant) {
  FrameBuffer buffer;
  const std::size_t size = TakeFrame(&operands, &buffer);
  Offer({buffer.data(), size}, variant);
}

// A super-frame.  The variant: another follows at once, and which kind.
void E1000Input::PlaySuperFrame(InputReader operands, unsigned variant) {
  FrameBuffer buffer;
  Offload offload;
  const std::size_t size = TakeSuperFrame(&operands, variant >> 1, &buffer, &offload);
  Offer({buffer.data(), size}, variant, &offload);
}

// Bytes.  The variant: another follows at once.
void E1000Input::PlayRawFrame(InputReader operands, unsigned variant) {
  Offer(items_.Some(operands.Take<std::uint16_t>()), variant);
}

// address, bytes
void E1000Input::PlayMemory(InputReader operands, unsigned) {
  const auto address = operands.Take<std::uint64_t>();
  Memory(address, items_.Some(operands.Take<std::uint16_t>()));
}

// page, payload, pattern: a packet for descriptors to point at.  The variant: TakePacket's.
void E1000Input::PlayPacket(InputReader operands, unsigned variant) {
  FrameBuffer buffer;
  packet_.address = GuestAddress{operands.Byte()} << 12;
  packet_.kind = variant;
  packet_.size = static_cast<std::uint32_t>(TakePacket(&operands, variant, &buffer));
  Memory(packet_.address, {buffer.data(), packet_.size});
}

}  // namespace nicreplay
