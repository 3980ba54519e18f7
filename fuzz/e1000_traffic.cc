// SPDX-License-Identifier: MIT
// What drivers and networks do at high rates, and what comes close to it without being it.
#include <algorithm>
#include <cstring>

#include "fuzz/e1000_generator.h"
#include "models/e1000/fields.h"
#include "models/e1000/registers.h"
#include "models/net/byte_order.h"
#include "models/net/checksum.h"

namespace nicreplay {

namespace {

using e1000::ContextDescriptor;
using e1000::RawDescriptor;
using e1000::TxDescriptor;
namespace txd = e1000::txd;

constexpr std::uint8_t kStation[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
constexpr std::size_t kIp = 14;

}  // namespace

SuperFrameRecipe E1000Generator::AnyRecipe() {
  SuperFrameRecipe recipe;
  recipe.gso_type = random_.OneIn(5) ? Offload::kGsoTcp6 : Offload::kGsoTcp4;
  recipe.gso_size = static_cast<std::uint16_t>(random_.OneIn(3) ? random_.Between(1, 600)
                                                                : random_.Between(1000, 1460));
  recipe.payload = random_.Below(random_.OneIn(30) ? 60'000 : 6000);
  if (random_.OneIn(4)) recipe.payload = recipe.gso_size * random_.Between(1, 4);
  // Segments cost time: a few dozen are as good as thousands.
  recipe.payload = std::min<std::size_t>(recipe.payload, std::size_t{recipe.gso_size} * 60);
  recipe.tcp_options = 4 * random_.Below(11);
  recipe.tcp_flags = static_cast<std::uint8_t>(random_.OneIn(4) ? random_.Next() : 0x18);
  recipe.seed = static_cast<std::uint32_t>(random_.Next());
  return recipe;
}

// A frame in a few buffers.
void E1000Generator::PushPieces(const std::vector<std::uint8_t>& frame, std::uint32_t command,
                                std::uint8_t popts, std::vector<RawDescriptor>* ring) {
  const std::size_t pieces = random_.OneIn(3) ? random_.Between(1, 6) : 1;
  for (std::size_t i = 0, done = 0; i < pieces; ++i) {
    const bool last = i + 1 == pieces;
    std::size_t part = frame.size() - done;
    // Headers alone first, as many drivers have them.
    if (!last)
      part = i == 0 && random_.OneIn(2) ? std::min<std::size_t>(part, 66) : random_.Below(part + 1);
    const Bytes bytes = Bytes(frame).subspan(done, part);
    const GuestAddress at = random_.OneIn(200) ? AnyAddress(part) : RamAddress(part);
    Memory(at, bytes);
    TxDescriptor data{};
    data.buffer_address = at;
    data.lower = static_cast<std::uint32_t>(part) | command;
    if (last) data.lower |= txd::kEOP | (random_.OneIn(8) ? 0 : txd::kRS);
    if (random_.OneIn(20)) data.lower |= txd::kIDE;
    if (random_.OneIn(60)) data.lower ^= txd::kTSE;
    data.upper = std::uint32_t{popts} << 8;
    if (random_.OneIn(20)) data.lower |= txd::kVLE;
    if (random_.OneIn(20)) data.upper |= static_cast<std::uint32_t>(random_.Next()) << 16;
    ring->push_back(e1000::Encode(data));
    done += part;
  }
}

// Changes one byte of the headers that begin at `start`, if the frame is that long.
void E1000Generator::SpoilHeaders(std::size_t start, std::vector<std::uint8_t>* frame) {
  const auto value = static_cast<std::uint8_t>(random_.Next());
  const std::size_t at = start + random_.Below(60);
  if (at < frame->size()) (*frame)[at] = value;
}

// 3.5: TSO as drivers ask for it: no IP length and checksum, the pseudo-header's sum without
// length.
void E1000Generator::PushSegmented(std::vector<RawDescriptor>* ring) {
  const SuperFrameRecipe recipe = AnyRecipe();
  SuperFrame frame = MakeSuperFrame(recipe);
  std::uint8_t* ip = &frame.bytes[kIp];
  const std::uint16_t transport = frame.offload.checksum_start;
  const bool ipv6 = recipe.gso_type == Offload::kGsoTcp6;
  if (ipv6) {
    StoreBe16(ip + 4, 0);
  } else {
    StoreBe16(ip + 2, 0);
    StoreBe16(ip + 10, 0);
  }
  const Bytes addresses = Bytes(frame.bytes).subspan(kIp + (ipv6 ? 8 : 12), ipv6 ? 32 : 8);
  const std::uint32_t pseudo = 6 + ChecksumAdd(addresses);
  StoreBe16(&frame.bytes[transport + 16u], static_cast<std::uint16_t>(~ChecksumFinish(pseudo)));
  ContextDescriptor context{};
  context.ipcss = kIp;
  context.ipcso = kIp + 10;
  context.ipcse = ipv6 ? 0 : static_cast<std::uint16_t>(transport - 1);
  context.tucss = static_cast<std::uint8_t>(transport);
  context.tucso = static_cast<std::uint8_t>(transport + 16);
  context.hdrlen = static_cast<std::uint8_t>(frame.offload.header_length);
  context.mss = recipe.gso_size;
  context.command = static_cast<std::uint32_t>(recipe.payload) | txd::kDEXT | txd::kTSE |
                    txd::kContextTCP | (ipv6 ? 0 : txd::kContextIP);
  std::uint8_t popts = txd::kPoptsTXSM | (ipv6 ? 0 : txd::kPoptsIXSM);
  if (random_.OneIn(3)) {  // nearly
    switch (random_.Below(13)) {
      case 0:
        context.mss = static_cast<std::uint16_t>(random_.Below(3));
        break;
      case 1:
        context.hdrlen = static_cast<std::uint8_t>(context.hdrlen + random_.Below(9) - 4);
        break;
      case 2:
        context.command ^= txd::kContextTCP;
        break;
      case 3:
        context.command ^= txd::kContextIP;
        break;
      case 4:
        context.command =
            (context.command & ~0xfffffu) | static_cast<std::uint32_t>(random_.Below(9000));
        break;
      case 5:
        context.tucse = static_cast<std::uint16_t>(random_.Below(2000));
        break;
      case 6:
        context.ipcse = static_cast<std::uint16_t>(random_.OneIn(2) ? 0 : random_.Below(80));
        break;
      case 7:
        context.tucso = static_cast<std::uint8_t>(context.tucso + random_.Below(5) - 2);
        break;
      case 8:
        popts = static_cast<std::uint8_t>(random_.Below(4));
        break;
      case 9:
        SpoilHeaders(kIp, &frame.bytes);
        break;
      case 10:
        StoreBe16(ip + 10, static_cast<std::uint32_t>(random_.Next()) & 0xffff);
        break;
      case 11:
        frame.bytes[12 + random_.Below(3)] = static_cast<std::uint8_t>(random_.Next());
        break;
      default:
        StoreBe16(&frame.bytes[transport + 16u],
                  static_cast<std::uint32_t>(random_.Next()) & 0xffff);
    }
  }
  if (!random_.OneIn(12)) ring->push_back(e1000::Encode(context));
  PushPieces(frame.bytes, txd::kDEXT | txd::kDTYP_DATA | txd::kTSE, popts, ring);
}

// 3.5.4: one TCP or UDP checksum.
void E1000Generator::PushPartial(std::vector<RawDescriptor>* ring) {
  SuperFrameRecipe recipe = AnyRecipe();
  recipe.payload = random_.Below(1400);
  if (random_.OneIn(3)) recipe.gso_type = Offload::kGsoUdp;
  const SuperFrame frame = MakeSuperFrame(recipe);
  ContextDescriptor context{};
  context.ipcss = kIp;
  context.ipcso = kIp + 10;
  context.tucss = static_cast<std::uint8_t>(frame.offload.checksum_start);
  context.tucso =
      static_cast<std::uint8_t>(frame.offload.checksum_start + frame.offload.checksum_offset);
  context.command = txd::kDEXT | txd::kContextTCP;
  std::uint8_t popts = txd::kPoptsTXSM;
  if (random_.OneIn(5)) context.tucse = static_cast<std::uint16_t>(random_.Below(1600));
  if (random_.OneIn(8)) context.tucss = static_cast<std::uint8_t>(random_.Next());
  if (random_.OneIn(8)) context.tucso = static_cast<std::uint8_t>(random_.Next());
  if (random_.OneIn(8)) popts = static_cast<std::uint8_t>(random_.Below(4));
  if (!random_.OneIn(3)) ring->push_back(e1000::Encode(context));
  PushPieces(frame.bytes, txd::kDEXT | txd::kDTYP_DATA, popts, ring);
}

void E1000Generator::PushPlain(std::vector<RawDescriptor>* ring) {
  const std::uint32_t command = random_.OneIn(2) ? txd::kDEXT | txd::kDTYP_DATA : 0;
  PushPieces(AnyFrame(), command, 0, ring);
}

void E1000Generator::SetUpDriver() {
  if (random_.OneIn(6)) Write(e1000::kIMS, random_.OneIn(3) ? AnyValue() : 0x9d);
  if (random_.OneIn(10)) Write(e1000::kITR, random_.Below(2000));
  if (random_.OneIn(10)) Write(e1000::kCTRL, Read(e1000::kCTRL) & ~e1000::ctrl::kVME);
  if (random_.OneIn(12)) Write(e1000::kMDIC, 1u << 26 | 1u << 21 | 0x1140);  // no loopback
}

// Several packets of all kinds for each doorbell.
void E1000Generator::Drive() {
  SetUpDriver();
  if (random_.OneIn(3) || tx_.count < 32) StartTransmitRing();
  if (tx_.count < 32) return;
  for (std::uint64_t n = random_.Between(1, 3); n > 0; --n) {
    std::vector<RawDescriptor> ring;
    for (std::uint64_t packets = random_.Between(1, 4); packets > 0; --packets) {
      switch (random_.Below(4)) {
        case 0:
        case 1:
          PushSegmented(&ring);
          break;
        case 2:
          PushPartial(&ring);
          break;
        default:
          PushPlain(&ring);
      }
      if (ring.size() + 8 > tx_.count) break;
    }
    Push(ring);
    if (random_.OneIn(4)) Read(e1000::kICR);
    if (random_.OneIn(4)) Elapse(random_.Below(400'000));
  }
}

// Frames that arrive together, some of them super-frames or without a checksum, into rings that are
// often too small.
void E1000Generator::Bursts() {
  SetUpDriver();
  if (random_.OneIn(3)) StartReceiveRing();
  for (std::uint64_t n = random_.Between(1, 3); n > 0; --n) {
    for (std::uint64_t left = random_.Between(1, 8); left > 0; --left) {
      const Burst burst = left == 1 || random_.OneIn(30) ? Burst::kEnds : Burst::kGoesOn;
      if (random_.OneIn(2)) {
        Offer(AnyFrame(), {}, burst);
        continue;
      }
      SuperFrame frame = MakeSuperFrame(AnyRecipe());
      if (!random_.OneIn(6)) std::memcpy(frame.bytes.data(), kStation, 6);
      if (random_.OneIn(6)) frame.offload.gso_type |= Offload::kGsoEcn;
      if (random_.OneIn(4)) {
        frame.offload.gso_type = Offload::kGsoNone;
        frame.offload.gso_size = 0;
      }
      if (random_.OneIn(12)) SpoilHeaders(0, &frame.bytes);
      if (random_.OneIn(20)) frame.offload.gso_size = static_cast<std::uint16_t>(random_.Next());
      Offer(frame.bytes, frame.offload, burst);
    }
    switch (random_.Below(6)) {
      case 0:
        rx_.tail = (Read(e1000::kRDH) + rx_.count - 1) % rx_.count;
        Write(e1000::kRDT, rx_.tail);
        break;
      case 1:
        FillReceiveRing(static_cast<std::uint32_t>(random_.Between(1, rx_.count)));
        break;
      case 2:
        Read(e1000::kICR);
        break;
      case 3:
        Elapse(random_.Below(400'000));
        break;
      default:
        break;
    }
  }
}

// Doorbells and interrupt registers close together, with little time in between: where what is put
// off may pile up, and where accesses must complete it.
void E1000Generator::Doorbells() {
  static constexpr std::uint32_t kRingIndices[] = {e1000::kTDH, e1000::kRDH, e1000::kTDT,
                                                   e1000::kRDT};
  if (random_.OneIn(4)) StartTransmitRing();
  if (random_.OneIn(4)) Write(e1000::kIMS, 0x9d);
  for (std::uint64_t n = random_.Between(4, 30); n > 0; --n) {
    switch (random_.Below(16)) {
      case 0:
      case 1:
      case 2: {
        std::vector<RawDescriptor> ring;
        PushPlain(&ring);
        if (ring.size() + 2 < tx_.count) Push(ring);
        break;
      }
      case 3:
        Write(e1000::kRDT, random_.Below(rx_.count));
        break;
      case 4:
      case 5:
        Read(e1000::kICR);
        break;
      case 6: {
        const std::uint32_t value = random_.OneIn(2) ? 0x9d : AnyValue();
        Write(random_.OneIn(2) ? e1000::kIMS : e1000::kIMC, value);
        break;
      }
      case 7:
        Offer(AnyFrame());
        break;
      case 8:
        Elapse(random_.Below(60'000));
        break;
      case 9:
        Elapse(random_.Below(300'000));
        break;
      case 10:
        Read(random_.Pick(kRingIndices));
        break;
      case 11:
        Write(e1000::kICS, AnyValue());
        break;
      case 12:
      case 13:
        // As fast as interrupts can come without moderation by the driver.
        Write(e1000::kICS, 0x9d);
        Read(e1000::kICR);
        Elapse(random_.Between(128'000, 200'000));
        break;
      case 14: {
        const std::uint64_t value = random_.Below(tx_.count);
        Write(random_.OneIn(2) ? e1000::kTDH : e1000::kRDH, value);
        break;
      }
      default:
        Write(e1000::kTDT, random_.Below(tx_.count));
    }
  }
}

}  // namespace nicreplay
