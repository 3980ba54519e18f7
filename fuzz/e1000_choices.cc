// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstring>

#include "fuzz/e1000_generator.h"
#include "models/e1000/fields.h"
#include "models/e1000/registers.h"

namespace nicreplay {

namespace {

using e1000::ContextDescriptor;
using e1000::RawDescriptor;
using e1000::TxDescriptor;
namespace txd = e1000::txd;

constexpr GuestAddress kBar = 0xfebc0000;
constexpr std::uint8_t kStation[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};

}  // namespace

std::uint32_t E1000Generator::AnyValue() {
  switch (random_.Below(6)) {
    case 0:
      return 0;
    case 1:
      return ~std::uint32_t{0};
    case 2:
      return std::uint32_t{1} << random_.Below(32);
    case 3:
      return static_cast<std::uint32_t>(random_.Below(256));
    default:
      return static_cast<std::uint32_t>(random_.Next());
  }
}

// Registers that exist, mostly; any dword of the BAR now and then.
std::uint32_t E1000Generator::AnyOffset() {
  if (random_.OneIn(10)) return static_cast<std::uint32_t>(random_.Below(e1000::kDwords) * 4);
  const e1000::RegisterRow& row = e1000::kRegisters[random_.Below(e1000::kRegisters.size())];
  return row.offset + 4 * static_cast<std::uint32_t>(random_.Below(row.count));
}

GuestAddress E1000Generator::RamAddress(std::size_t size) {
  const std::size_t room = size >= window_.size ? 1 : window_.size - size;
  const GuestAddress address = window_.base + random_.Below(room);
  return random_.OneIn(3) ? address : address & ~GuestAddress{15};
}

GuestAddress E1000Generator::AnyAddress(std::size_t size) {
  switch (random_.Below(24)) {
    case 0:
      return window_.base + window_.size - random_.Below(64);  // runs out of RAM
    case 1:
      return kBar + random_.Below(e1000::kBar0Size);  // the device's own registers
    case 2:
      return std::uint64_t{0} - random_.Between(1, 2048);  // wraps past the address space
    case 3:
      return random_.Next();
    case 4:
      return tx_.base + random_.Below(tx_.count * 16 + 1);  // the rings themselves
    case 5:
      return rx_.base + random_.Below(rx_.count * 16 + 1);
    case 6:
      return 0;
    default:
      return RamAddress(size);
  }
}

std::uint16_t E1000Generator::AnyLength() {
  switch (random_.Below(16)) {
    case 0:
      return 0;
    case 1:
      return static_cast<std::uint16_t>(random_.Between(1500, 1540));
    case 2:
      return static_cast<std::uint16_t>(random_.OneIn(8) ? random_.Below(65536)
                                                         : random_.Below(9100));
    default:
      return static_cast<std::uint16_t>(random_.Between(1, 200));
  }
}

std::vector<std::uint8_t> E1000Generator::AnyFrame() {
  std::size_t size = AnyLength();
  if (random_.OneIn(400)) size = random_.Between(16300, 16500);
  std::vector<std::uint8_t> frame(std::max<std::size_t>(size, random_.OneIn(16) ? 1 : 18));
  const std::uint64_t pattern = random_.Next();
  for (std::size_t i = 0; i < frame.size(); i += 8) {
    const std::uint64_t word = pattern * (i + 1);
    std::memcpy(&frame[i], &word, std::min<std::size_t>(8, frame.size() - i));
  }
  if (frame.size() < 18) return frame;
  switch (random_.Below(6)) {
    case 0:
      std::memset(frame.data(), 0xff, 6);
      break;
    case 1:
      frame[0] |= 1;
      break;
    case 2:
      frame[0] &= 0xfe;
      break;
    default:
      std::memcpy(frame.data(), kStation, 6);
      if (random_.OneIn(6)) {
        frame[5] = static_cast<std::uint8_t>(frame[5] + random_.Below(e1000::kReceiveAddresses));
      }
  }
  if (random_.OneIn(3)) {
    frame[12] = 0x81;
    frame[13] = 0x00;
    frame[14] = static_cast<std::uint8_t>(random_.Below(16));
  }
  return frame;
}

// Ethernet, IPv4 or IPv6, and TCP headers of `header` bytes in front of a payload; plausible enough
// for offsets.
std::vector<std::uint8_t> E1000Generator::TcpFrame(std::size_t payload, std::size_t header) {
  std::vector<std::uint8_t> frame(header + payload);
  const std::uint64_t pattern = random_.Next();
  for (std::size_t i = 0; i < frame.size(); ++i) {
    frame[i] = static_cast<std::uint8_t>(pattern >> (8 * (i & 7)));
  }
  if (frame.size() > 14) {
    frame[12] = 0x08;
    frame[13] = 0x00;
    frame[14] = 0x45;
  }
  return frame;
}

RawDescriptor E1000Generator::AnyContext() {
  ContextDescriptor context{};
  if (random_.OneIn(3)) {
    const std::uint64_t words[2] = {random_.Next(), random_.Next()};
    std::memcpy(&context, words, sizeof(context));
  } else {
    context.ipcss = 14;
    context.ipcso = 24;
    context.ipcse = random_.OneIn(4) ? 0 : 33;
    context.tucss = 34;
    context.tucso = static_cast<std::uint8_t>(random_.OneIn(2) ? 50 : 40);
    context.tucse = static_cast<std::uint16_t>(random_.OneIn(4) ? random_.Below(200) : 0);
    context.hdrlen = static_cast<std::uint8_t>(random_.OneIn(6) ? random_.Below(256) : 54);
    context.mss = static_cast<std::uint16_t>(random_.OneIn(6) ? random_.Below(3000)
                                                              : random_.Between(60, 1460));
    context.command = static_cast<std::uint32_t>(random_.Below(4000));
    if (!random_.OneIn(3)) context.command |= txd::kContextTCP;
    if (!random_.OneIn(3)) context.command |= txd::kContextIP;
  }
  context.command &= ~txd::kDTYP_DATA;
  context.command |= txd::kDEXT;
  if (random_.OneIn(2)) context.command ^= txd::kTSE;
  if (random_.OneIn(4)) context.command ^= txd::kRS;
  return e1000::Encode(context);
}

RawDescriptor E1000Generator::AnyTransmit() {
  TxDescriptor descriptor{};
  const std::uint16_t length = AnyLength();
  descriptor.buffer_address = AnyAddress(length);
  descriptor.lower = length;
  if (!random_.OneIn(4)) descriptor.lower |= txd::kEOP;
  if (!random_.OneIn(3)) descriptor.lower |= txd::kRS;
  if (random_.OneIn(2)) descriptor.lower |= txd::kDEXT | txd::kDTYP_DATA;
  if (random_.OneIn(5)) descriptor.lower |= txd::kVLE;
  if (random_.OneIn(6)) descriptor.lower |= txd::kIDE;
  if (random_.OneIn(5)) descriptor.lower |= txd::kTSE;
  if (random_.OneIn(16)) descriptor.lower |= txd::kRPS | txd::kIFCS;
  descriptor.upper = static_cast<std::uint32_t>(random_.Below(4) << 8);
  descriptor.upper |= static_cast<std::uint32_t>(random_.Below(4096) << 16);
  if (random_.OneIn(8)) descriptor.upper = static_cast<std::uint32_t>(random_.Next());
  return e1000::Encode(descriptor);
}

void E1000Generator::StartTransmitRing() {
  static constexpr std::uint32_t kCounts[] = {8, 8, 16, 32, 64, 256};
  tx_.count = random_.Pick(kCounts);
  tx_.base = RamAddress(tx_.count * 16) & ~GuestAddress{15};
  // A driver stops the engine first; one that does not makes it work a lap of whatever lies there.
  if (!random_.OneIn(16)) Write(e1000::kTCTL, 0);
  Write(e1000::kTDBAL, tx_.base);
  Write(e1000::kTDBAH, random_.OneIn(50) ? AnyValue() : 0);
  Write(e1000::kTDLEN, random_.OneIn(50) ? random_.Below(4096) : tx_.count * 16);
  tx_.tail = random_.OneIn(4) ? static_cast<std::uint32_t>(random_.Below(tx_.count)) : 0;
  Write(e1000::kTDH, random_.OneIn(50) ? random_.Below(512) : tx_.tail);
  Write(e1000::kTDT, tx_.tail);
  Write(e1000::kTCTL, random_.OneIn(20) ? 0 : e1000::tctl::kEN);
}

void E1000Generator::StartReceiveRing() {
  static constexpr std::uint32_t kCounts[] = {8, 8, 16, 32, 256};
  rx_.count = random_.Pick(kCounts);
  rx_.base = RamAddress(rx_.count * 16) & ~GuestAddress{15};
  Write(e1000::kRDBAL, rx_.base);
  Write(e1000::kRDBAH, random_.OneIn(50) ? AnyValue() : 0);
  Write(e1000::kRDLEN, random_.OneIn(50) ? random_.Below(4096) : rx_.count * 16);
  Write(e1000::kRDH, random_.OneIn(30) ? random_.Below(512) : 0);
  rx_.tail = 0;
  std::uint32_t rctl = e1000::rctl::kEN | static_cast<std::uint32_t>(random_.Next() & 0x06003b3c);
  if (random_.OneIn(3)) rctl |= e1000::rctl::kBAM;
  if (random_.OneIn(4)) rctl |= e1000::rctl::kVFE;
  if (random_.OneIn(2)) rctl |= static_cast<std::uint32_t>(random_.Below(4)) << 16;  // BSIZE
  Write(e1000::kRCTL, rctl);
  FillReceiveRing(rx_.count - 1);
  if (!random_.OneIn(4)) Elapse(1'000'000'000);  // the flush timer holds frames back until then
}

void E1000Generator::FillReceiveRing(std::uint32_t count) {
  std::vector<std::uint8_t> ring(rx_.count * 16);
  for (std::uint32_t i = 0; i < rx_.count; ++i) {
    e1000::RxDescriptor descriptor{};
    descriptor.buffer_address = random_.OneIn(12) ? AnyAddress(2048) : RamAddress(2048);
    if (random_.OneIn(16)) descriptor.status = static_cast<std::uint8_t>(random_.Next());
    const RawDescriptor raw = e1000::Encode(descriptor);
    std::memcpy(&ring[i * 16], raw.data(), raw.size());
  }
  Memory(rx_.base, ring);
  rx_.tail = (rx_.tail + count) % rx_.count;
  Write(e1000::kRDT, random_.OneIn(40) ? random_.Below(512) : rx_.tail);
}

void E1000Generator::Push(const std::vector<RawDescriptor>& descriptors) {
  for (const RawDescriptor& descriptor : descriptors) {
    Memory(tx_.base + tx_.tail * 16, descriptor);
    tx_.tail = (tx_.tail + 1) % tx_.count;
    if (random_.OneIn(6)) Write(e1000::kTDT, tx_.tail);
  }
  // Bits 31:16 do not count.
  const std::uint32_t high = random_.OneIn(60) ? AnyValue() & 0xffff0000 : 0;
  Write(e1000::kTDT, random_.OneIn(60) ? AnyValue() & 0x3ff : tx_.tail | high);
}

}  // namespace nicreplay
