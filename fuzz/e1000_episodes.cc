// SPDX-License-Identifier: MIT
#include <cstring>

#include "fuzz/e1000_generator.h"
#include "models/e1000/fields.h"
#include "models/e1000/registers.h"
#include "models/pci_config.h"

namespace nicreplay {

namespace {

using e1000::RawDescriptor;
namespace txd = e1000::txd;

// Ring lengths and doorbells as garbage make laps of 65,528 descriptors; a little of that is
// enough.
bool Expensive(std::uint32_t offset) {
  return offset == e1000::kTDLEN || offset == e1000::kTDT || offset == e1000::kTCTL ||
         offset == e1000::kRDLEN;
}

}  // namespace

void E1000Generator::Registers() {
  for (std::uint64_t n = random_.Between(4, 60); n > 0; --n) {
    const std::uint32_t offset = AnyOffset();
    if (random_.OneIn(2)) {
      Read(offset);
    } else if (!Expensive(offset)) {
      Write(offset, AnyValue());
    } else {
      Write(offset, random_.OneIn(100) ? AnyValue() : AnyValue() & 0x1ff);
    }
  }
  // Garbage in the ring length or enable bits would make what follows dull, or slow.
  Write(e1000::kTDLEN, tx_.count * 16);
  if (random_.OneIn(2)) StartTransmitRing();
  if (random_.OneIn(2)) StartReceiveRing();
}

void E1000Generator::PartialAccesses() {
  static constexpr std::uint8_t kSizes[] = {1, 2, 4, 8};
  for (std::uint64_t n = random_.Between(4, 24); n > 0; --n) {
    const std::uint8_t size = random_.Pick(kSizes);
    std::uint32_t offset = AnyOffset();
    offset += static_cast<std::uint32_t>(random_.Below(4));
    offset &= ~static_cast<std::uint32_t>(size - 1);
    if (random_.OneIn(2)) {
      Read(offset, size);
    } else if (!Expensive(offset & ~3u) && !Expensive((offset & ~3u) + 4)) {
      Write(offset, random_.Next(), size);
    }
  }
  Stimulus io;
  io.kind = random_.OneIn(2) ? StimulusKind::kRead : StimulusKind::kWrite;
  io.bar = 1;
  io.size = 4;
  io.offset = static_cast<std::uint32_t>(random_.Below(16) * 4);
  Do(io);
}

void E1000Generator::Interrupts() {
  static constexpr std::uint32_t kTimings[] = {e1000::kITR, e1000::kRADV, e1000::kTADV,
                                               e1000::kRDTR};
  for (std::uint64_t n = random_.Between(4, 30); n > 0; --n) {
    switch (random_.Below(8)) {
      case 0:
        Write(e1000::kIMS, AnyValue());
        break;
      case 1:
        Write(e1000::kIMC, AnyValue());
        break;
      case 2:
        Write(e1000::kICS, AnyValue());
        break;
      case 3:
        Write(e1000::kICR, AnyValue());
        break;
      case 4:
        Read(e1000::kICR);
        break;
      case 5:
        Read(random_.OneIn(2) ? e1000::kICS : e1000::kIMS);
        break;
      case 6: {
        const std::uint64_t value = random_.OneIn(2) ? random_.Below(3000) : AnyValue();
        Write(random_.Pick(kTimings), value);
        break;
      }
      default:
        Elapse(random_.Below(400'000));
    }
  }
}

void E1000Generator::Eeprom() {
  if (random_.OneIn(2)) {
    for (std::uint64_t n = random_.Between(1, 8); n > 0; --n) {
      Write(e1000::kEERD, random_.OneIn(4) ? AnyValue() : random_.Below(64) << 8 | 1);
      Read(e1000::kEERD);
    }
    return;
  }
  // 5.3.1: microwire, a start bit, opcode and address in, 16 bits out; sometimes something else.
  std::uint32_t pins = e1000::eecd::kCS;
  Write(e1000::kEECD, 0);
  Write(e1000::kEECD, pins);
  const std::uint64_t command = random_.OneIn(4) ? random_.Next() : 0x180 | random_.Below(64);
  for (int bit = 8; bit >= 0; --bit) {
    const std::uint32_t data = (command >> bit & 1) != 0 ? e1000::eecd::kDI : 0;
    Write(e1000::kEECD, pins | data);
    Write(e1000::kEECD, pins | data | e1000::eecd::kSK);
  }
  for (std::uint64_t bits = random_.Between(1, 20); bits > 0; --bits) {
    Write(e1000::kEECD, pins);
    Read(e1000::kEECD);
    Write(e1000::kEECD, pins | e1000::eecd::kSK);
    if (random_.OneIn(30)) Write(e1000::kEECD, AnyValue());
  }
  if (random_.OneIn(2)) Write(e1000::kEECD, 0);
}

void E1000Generator::Phy() {
  for (std::uint64_t n = random_.Between(1, 12); n > 0; --n) {
    const auto reg = static_cast<std::uint32_t>(random_.Below(32));
    const std::uint32_t phy = random_.OneIn(10) ? static_cast<std::uint32_t>(random_.Below(32)) : 1;
    std::uint32_t value = reg << 16 | phy << 21;
    if (random_.OneIn(2)) {
      value |= 1u << 27;  // read
    } else {
      // Loopback has an episode of its own, and would swallow what others transmit.
      value |= 1u << 26 | (static_cast<std::uint32_t>(random_.Next()) & 0xbfff);
    }
    if (random_.OneIn(4)) value |= 1u << 29;  // interrupt
    if (random_.OneIn(20)) value = AnyValue() & ~0x4000u;
    Write(e1000::kMDIC, value);
    Read(e1000::kMDIC);
  }
}

void E1000Generator::Filters() {
  switch (random_.Below(5)) {
    case 0:
      for (int n = 0; n < 8; ++n) {
        const std::uint32_t value = AnyValue();
        Write(e1000::kMTA + 4 * static_cast<std::uint32_t>(random_.Below(128)), value);
      }
      break;
    case 1:
      for (int n = 0; n < 8; ++n) {
        const std::uint32_t value = AnyValue();
        Write(e1000::kVFTA + 4 * static_cast<std::uint32_t>(random_.Below(128)), value);
      }
      break;
    case 2: {
      // Addresses of their own, which frames carry now and then.
      const auto slot = static_cast<std::uint32_t>(random_.Below(e1000::kReceiveAddresses));
      Write(e1000::kRA + 8 * slot, 0x12005452);
      const std::uint32_t high = 0x80000034 | (0x56 + slot) << 8;
      Write(e1000::kRA + 8 * slot + 4, random_.OneIn(3) ? AnyValue() : high);
      break;
    }
    case 3:
      Write(e1000::kCTRL, Read(e1000::kCTRL) ^ e1000::ctrl::kVME);
      break;
    default:
      Write(e1000::kVET, random_.OneIn(4) ? AnyValue() : 0x8100);
  }
  for (std::uint64_t n = random_.Below(6); n > 0; --n) Offer(AnyFrame());
}

void E1000Generator::Transmit() {
  if (random_.OneIn(3)) StartTransmitRing();
  for (std::uint64_t n = random_.Between(1, 4); n > 0; --n) {
    std::vector<RawDescriptor> descriptors;
    if (random_.OneIn(3)) descriptors.push_back(AnyContext());
    for (std::uint64_t k = random_.Between(1, 4); k > 0; --k) descriptors.push_back(AnyTransmit());
    Push(descriptors);
    if (random_.OneIn(4)) Read(e1000::kTDH);
    if (random_.OneIn(4)) Read(e1000::kICR);
  }
}

// A driver's TSO: context, then header and payload in a few buffers.
void E1000Generator::Segment() {
  StartTransmitRing();
  if (tx_.count < 16) return;
  const std::size_t header = random_.OneIn(5) ? random_.Between(14, 120) : 54;
  const std::size_t payload = random_.OneIn(40) ? random_.Below(65000) : random_.Below(3000);
  const std::vector<std::uint8_t> frame = TcpFrame(payload, header);
  const GuestAddress at = RamAddress(frame.size());
  Memory(at, frame);
  e1000::ContextDescriptor context = e1000::Decode<e1000::ContextDescriptor>(AnyContext());
  if (!random_.OneIn(4)) {
    context.command &= ~std::uint32_t{0xfffff};
    context.command |= txd::kTSE | static_cast<std::uint32_t>(payload);
    context.hdrlen = static_cast<std::uint8_t>(header);
    context.mss = static_cast<std::uint16_t>(random_.Between(100, 1460));
  }
  std::vector<RawDescriptor> descriptors = {e1000::Encode(context)};
  for (std::size_t done = 0; done < frame.size();) {
    const std::size_t part = std::min<std::size_t>(frame.size() - done, random_.Between(20, 60000));
    e1000::TxDescriptor data{};
    data.buffer_address = at + done;
    data.lower = static_cast<std::uint32_t>(part) | txd::kDEXT | txd::kDTYP_DATA;
    if (!random_.OneIn(30)) data.lower |= txd::kTSE;
    if (random_.OneIn(3)) data.lower |= txd::kVLE;
    data.upper = static_cast<std::uint32_t>(random_.Below(4)) << 8;
    done += part;
    if (done == frame.size() || random_.OneIn(20)) data.lower |= txd::kEOP | txd::kRS;
    descriptors.push_back(e1000::Encode(data));
    if (descriptors.size() + 2 > tx_.count) break;
  }
  Push(descriptors);
}

void E1000Generator::HostileTransmit() {
  StartTransmitRing();
  std::vector<std::uint8_t> ring(tx_.count * 16);
  for (std::size_t i = 0; i < ring.size(); i += 8) {
    const std::uint64_t word = random_.Next();
    std::memcpy(&ring[i], &word, 8);
  }
  for (std::uint32_t i = 0; i < tx_.count; ++i) {
    const RawDescriptor raw = random_.OneIn(2) ? AnyTransmit() : AnyContext();
    if (!random_.OneIn(4)) std::memcpy(&ring[i * 16], raw.data(), raw.size());
    if (!random_.OneIn(16)) ring[i * 16 + 9] &= 0x0f;  // under 4 KiB, for speed
  }
  Memory(tx_.base, ring);
  if (random_.OneIn(4)) Write(e1000::kTDH, random_.Below(tx_.count * 2));
  Write(e1000::kTDT, random_.Below(tx_.count + (random_.OneIn(8) ? 300 : 0)));
  Read(e1000::kTDH);
}

void E1000Generator::Receive() {
  if (random_.OneIn(4)) StartReceiveRing();
  for (std::uint64_t n = random_.Between(1, 10); n > 0; --n) {
    Offer(AnyFrame());
    switch (random_.Below(8)) {
      case 0:
        rx_.tail = (Read(e1000::kRDH) + rx_.count - 1) % rx_.count;
        Write(e1000::kRDT, rx_.tail);
        break;
      case 1:
        Read(e1000::kICR);
        break;
      case 2:
        Elapse(random_.Below(200'000));
        break;
      default:
        break;
    }
  }
  if (random_.OneIn(3)) FillReceiveRing(static_cast<std::uint32_t>(random_.Between(1, rx_.count)));
}

void E1000Generator::HostileReceive() {
  StartReceiveRing();
  switch (random_.Below(5)) {
    case 0:
      Write(e1000::kRDH, random_.Below(rx_.count * 3));
      break;
    case 1:
      Write(e1000::kRDT, AnyValue());
      break;
    case 2:
      Write(e1000::kRDLEN, random_.Below(2048));
      break;
    case 3: {
      std::vector<std::uint8_t> ring(rx_.count * 16);
      for (std::uint8_t& byte : ring) byte = static_cast<std::uint8_t>(random_.Next());
      if (random_.OneIn(2)) std::memset(ring.data(), 0, 8 * random_.Between(1, 8));  // null buffers
      Memory(rx_.base, ring);
      break;
    }
    default:
      Write(e1000::kRDBAL, AnyAddress(256));
  }
  for (std::uint64_t n = random_.Between(1, 12); n > 0; --n) Offer(AnyFrame());
  Read(e1000::kRDH);
  Read(e1000::kMPC);
}

// 13.4.7 and the PHY's control register, bit 14.
void E1000Generator::Loopback() {
  Write(e1000::kMDIC, 1u << 26 | 1u << 21 | 0x4000 | (random_.OneIn(4) ? 0x1000 : 0));
  if (random_.OneIn(2)) StartReceiveRing();
  if (random_.OneIn(2)) Write(e1000::kCTRL, Read(e1000::kCTRL) | e1000::ctrl::kVME);
  Transmit();
  if (random_.OneIn(3)) Segment();
  if (!random_.OneIn(4)) Write(e1000::kMDIC, 1u << 26 | 1u << 21 | 0x1140);
}

void E1000Generator::Link() {
  Stimulus operation;
  operation.kind = StimulusKind::kLink;
  for (std::uint64_t n = random_.Between(1, 4); n > 0; --n) {
    operation.detail = random_.OneIn(2) ? 1 : 0;
    Do(operation);
    if (random_.OneIn(2)) Read(e1000::kSTATUS);
    if (random_.OneIn(2)) Offer(AnyFrame());
    if (random_.OneIn(2)) Write(e1000::kMDIC, 1u << 26 | 1u << 21 | 0x1340);  // restart
    if (random_.OneIn(3)) Elapse(random_.Below(700'000'000));
    if (random_.OneIn(4)) Transmit();
  }
  operation.detail = 1;
  if (!random_.OneIn(8)) Do(operation);
}

void E1000Generator::Statistics() {
  const std::uint32_t first = e1000::kCRCERRS + 4 * static_cast<std::uint32_t>(random_.Below(48));
  const std::uint64_t count = random_.Between(4, 24);
  for (std::uint32_t n = 0; n < count; ++n) Read(first + 4 * n);
}

void E1000Generator::Configuration() {
  switch (random_.Below(5)) {
    case 0:
      ConfigWrite(PciConfig::kCommand, 2, static_cast<std::uint32_t>(random_.Next() & 0xffff));
      for (std::uint64_t n = random_.Below(4); n > 0; --n) Offer(AnyFrame());
      Transmit();
      ConfigWrite(PciConfig::kCommand, 2, 7);
      break;
    case 1: {
      static constexpr std::uint8_t kSizes[] = {1, 2, 4};
      const std::uint8_t size = random_.Pick(kSizes);
      const auto offset = static_cast<std::uint8_t>(random_.Below(256) & ~(size - 1u));
      ConfigWrite(offset, size, AnyValue());
      MapBars();
      ConfigWrite(PciConfig::kCommand, 2, 7);
      break;
    }
    default: {
      Stimulus operation;
      operation.kind = StimulusKind::kConfigRead;
      operation.size = 4;
      for (std::uint64_t n = random_.Between(1, 16); n > 0; --n) {
        operation.offset = static_cast<std::uint32_t>(random_.Below(64) * 4);
        Do(operation);
      }
    }
  }
}

void E1000Generator::TimePasses() {
  Elapse(random_.OneIn(3) ? random_.Below(2'000'000'000) : random_.Below(1'000'000));
  Read(e1000::kSTATUS);
}

}  // namespace nicreplay
