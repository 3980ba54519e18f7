// SPDX-License-Identifier: MIT
// Items that move data: rings, descriptors, frames, memory.
#include <array>
#include <cstring>

#include "fuzz/e1000_input.h"
#include "models/e1000/fields.h"
#include "models/net/byte_order.h"
#include "models/net/checksum.h"

namespace nicreplay {

namespace {

namespace txd = e1000::txd;

constexpr std::uint8_t kStation[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
constexpr std::size_t kEthernetHeader = 14;
constexpr std::size_t kTcpHeader = 20;

// Longest frame that an item makes: over every limit of the device.
constexpr std::size_t kMaxFrame = 17000;
using FrameBuffer = std::array<std::uint8_t, 20000>;

// Mostly short, as time goes into long ones: the upper bits choose among 1 KiB, 4 KiB, and all.
std::uint16_t TakeLength(InputReader* operands) {
  const auto raw = operands->Take<std::uint16_t>();
  if (raw < 0xc000) return raw & 0x3ff;
  if (raw < 0xf000) return raw & 0xfff;
  return static_cast<std::uint16_t>(raw << 4 | raw >> 12);
}

// Mostly 8 to 64.
std::uint32_t TakeRingCount(InputReader* operands) {
  const std::uint8_t raw = operands->Byte();
  return raw < 0xf0 ? 8u << (raw & 3) : 8u * (1 + (raw & 15u)) + (raw & 1) * 128u;
}

// Different bytes everywhere, cheaply.
void FillPattern(MutableBytes bytes, std::uint64_t seed) {
  std::uint64_t word = (seed + 1) * 0x9e3779b97f4a7c15u;
  for (std::size_t at = 0; at < bytes.size(); at += 8, word += 0x0101010101010101u) {
    std::memcpy(&bytes[at], &word, std::min<std::size_t>(8, bytes.size() - at));
  }
}

void SetDestination(std::uint8_t* frame, std::uint8_t pick) {
  std::memcpy(frame, kStation, sizeof(kStation));
  switch (pick & 7) {
    case 4:
      std::memset(frame, 0xff, 6);
      break;
    case 5:
      frame[0] |= 1;
      frame[4] = pick;
      break;
    case 6:  // those of the table item's variants
      frame[5] = static_cast<std::uint8_t>(frame[5] + (pick >> 3));
      break;
    case 7:
      frame[1] = pick;
      break;
    default:
      break;
  }
}

// An Ethernet header and one of IPv4 (or IPv6) and TCP (or UDP); returns their length.
std::size_t PutHeaders(std::uint8_t* packet, std::size_t payload, bool ipv6, bool udp) {
  SetDestination(packet, 0);
  packet[12] = ipv6 ? 0x86 : 0x08;
  packet[13] = ipv6 ? 0xdd : 0x00;
  std::uint8_t* ip = packet + kEthernetHeader;
  std::memset(ip, 0, 40);
  const std::size_t ip_header = ipv6 ? 40 : 20;
  const std::size_t transport = udp ? 8 : kTcpHeader;
  const std::size_t length = transport + payload + (ipv6 ? 0 : ip_header);
  ip[0] = ipv6 ? 0x60 : 0x45;
  const std::size_t length_at = ipv6 ? 4 : 2;
  ip[length_at] = static_cast<std::uint8_t>(length >> 8);
  ip[length_at + 1] = static_cast<std::uint8_t>(length);
  ip[ipv6 ? 6 : 9] = udp ? 17 : 6;
  // Frames with an offload header are refused without it.
  if (!ipv6) StoreBe16(ip + 10, ChecksumFinish(ChecksumAdd({ip, ip_header})));
  std::uint8_t* tcp = ip + ip_header;
  if (!udp) {
    tcp[12] = 0x50;
    tcp[13] = 0x19;  // FIN, PSH, ACK
  }
  return kEthernetHeader + ip_header + transport;
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

// The fields in order, those of 16 bits that need it in full; then a command.  The variant: TSE,
// IP, TCP.
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
  context.command |= (command >> 4 & 3u) << 16;  // PAYLEN over 64 KiB
  Push(e1000::Encode(context));
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

// destination, length, type, pattern.  The variant: another follows at once.
void E1000Input::PlayFrame(InputReader operands, unsigned variant) {
  FrameBuffer buffer;
  const std::uint8_t destination = operands.Byte();
  const std::size_t length = 1 + TakeLength(&operands) % kMaxFrame;
  const std::uint8_t type = operands.Byte();
  const std::size_t built = std::max<std::size_t>(length, 18);
  FillPattern({buffer.data(), built}, operands.Byte());
  SetDestination(buffer.data(), destination);
  const bool tagged = (type & 1) != 0;
  buffer[12] = tagged ? 0x81 : 0x08;
  buffer[13] = 0x00;
  if (tagged) {
    buffer[14] = type & 0xf0;
    buffer[15] = type >> 1 & 7;
  }
  Offer({buffer.data(), length}, variant);
}

// segment size, payload, changes of the header, pattern.  The variant: another follows at once, and
// which kind.
void E1000Input::PlaySuperFrame(InputReader operands, unsigned variant) {
  static constexpr std::uint8_t kTypes[] = {Offload::kGsoNone, Offload::kGsoTcp4, Offload::kGsoTcp6,
                                            Offload::kGsoUdp};
  FrameBuffer buffer;
  Offload offload;
  offload.gso_size = operands.Take<std::uint16_t>();
  const std::size_t payload = TakeLength(&operands) % kMaxFrame;
  const std::uint8_t change = operands.Byte();
  // Some dozens of segments show what thousands would.
  if (offload.gso_size != 0) {
    offload.gso_size =
        static_cast<std::uint16_t>(std::max<std::size_t>(offload.gso_size, payload / 40));
  }
  FillPattern({buffer.data(), payload + 100}, operands.Take<std::uint16_t>());
  const std::uint8_t type = kTypes[variant >> 1];
  const bool udp = type == Offload::kGsoUdp || (type == Offload::kGsoNone && (change & 1) != 0);
  const bool ipv6 = type == Offload::kGsoTcp6 || (type == Offload::kGsoNone && (change & 2) != 0);
  const std::size_t header = PutHeaders(buffer.data(), payload, ipv6, udp);
  offload.flags = (change & 4) != 0 ? Offload::kDataValid : Offload::kNeedsChecksum;
  offload.gso_type = type;
  if ((change & 8) != 0 && (type & 5) != 0) offload.gso_type |= Offload::kGsoEcn;
  offload.checksum_start = static_cast<std::uint16_t>(header - (udp ? 8 : kTcpHeader));
  offload.checksum_offset = udp ? 6 : 16;
  offload.header_length = static_cast<std::uint16_t>(header);
  if ((change & 0x10) != 0) offload.checksum_start += change >> 5;
  if ((change & 0x60) == 0x60) offload.checksum_offset += change >> 5;
  Offer({buffer.data(), header + payload}, variant, &offload);
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

// page, payload, pattern: a packet for descriptors to point at.  The variant: IPv6, UDP.
void E1000Input::PlayPacket(InputReader operands, unsigned variant) {
  FrameBuffer buffer;
  const GuestAddress address = GuestAddress{operands.Byte()} << 12;
  const std::size_t payload = TakeLength(&operands) % kMaxFrame;
  FillPattern({buffer.data(), payload + 100}, operands.Take<std::uint16_t>());
  const std::size_t header =
      PutHeaders(buffer.data(), payload, (variant & 1) != 0, (variant & 2) != 0);
  Memory(address, {buffer.data(), header + payload});
}

}  // namespace nicreplay
