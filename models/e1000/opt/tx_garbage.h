// SPDX-License-Identifier: MIT
// Packets for tests of the transmit optimizations: what a driver sends, with one thing wrong in
// every other of them.
#pragma once

#include <random>
#include <vector>

#include "models/e1000/descriptors.h"
#include "models/e1000/test_host.h"
#include "models/net/byte_order.h"
#include "models/net/checksum.h"

namespace nicreplay::e1000 {

class TxGarbage {
 public:
  explicit TxGarbage(std::uint32_t seed) : random_(seed) {}

  std::uint32_t Any() { return static_cast<std::uint32_t>(random_()); }
  std::uint32_t Below(std::uint32_t end) { return Any() % end; }
  bool OneIn(std::uint32_t n) { return Below(n) == 0; }

  struct Sequence {
    ByteVector frame;
    std::vector<RawDescriptor> descriptors;  // their buffers start at kTxData
  };

  // A context, and a TCP packet to be segmented.
  Sequence Segmented() {
    Sequence made;
    ContextDescriptor context = Context();
    context.mss = static_cast<std::uint16_t>(OneIn(4) ? 1 + Below(200) : 200 + Below(1300));
    const std::uint32_t payload = OneIn(3) ? context.mss * Below(12) : Below(9000);
    made.frame = TcpFrame(context, payload);
    context.hdrlen = static_cast<std::uint8_t>(made.frame.size() - payload);
    context.command = payload | txd::kDEXT | txd::kTSE | txd::kContextIP | txd::kContextTCP;
    if (OneIn(3)) Spoil(context);
    if (OneIn(10)) PutFieldsAtTheEnd(context);
    if (!OneIn(20)) made.descriptors.push_back(Encode(context));
    Split(made, txd::kDEXT | txd::kDTYP_DATA | txd::kTSE);
    return made;
  }

  // A packet that is not segmented, with or without a context.
  Sequence Plain() {
    Sequence made;
    ContextDescriptor context = Context();
    context.command = txd::kDEXT | txd::kContextIP | txd::kContextTCP;
    made.frame = TcpFrame(context, OneIn(20) ? Below(66000) : Below(1500));
    if (OneIn(6)) made.frame.resize(Below(40));
    if (OneIn(3)) Spoil(context);
    if (OneIn(2)) made.descriptors.push_back(Encode(context));
    Split(made, OneIn(2) ? txd::kDEXT | txd::kDTYP_DATA : 0);
    return made;
  }

 private:
  ContextDescriptor Context() {
    ContextDescriptor context;
    const std::uint8_t ip_size = OneIn(4) ? static_cast<std::uint8_t>(20 + 4 * Below(5)) : 20;
    context.ipcss = 14;
    context.ipcso = 24;
    context.tucss = static_cast<std::uint8_t>(14 + ip_size);
    context.ipcse = static_cast<std::uint16_t>(context.tucss - 1);
    context.tucso = static_cast<std::uint8_t>(context.tucss + (OneIn(5) ? 6 : 16));
    return context;
  }

  ByteVector TcpFrame(const ContextDescriptor& context, std::uint32_t payload) {
    const std::uint32_t tcp_size = OneIn(3) ? 20 + 4 * Below(6) : 20;
    ByteVector frame(context.tucss + tcp_size + payload);
    const std::uint32_t pattern = Any();
    for (std::size_t i = 0; i < frame.size(); ++i) {
      frame[i] = static_cast<std::uint8_t>(pattern * i >> 7);
    }
    if (OneIn(4)) frame[0] |= 1;
    if (OneIn(8)) std::fill_n(frame.begin(), 6, std::uint8_t{0xff});
    StoreBe16(&frame[12], 0x0800);
    std::uint8_t* ip = &frame[14];
    ip[0] = static_cast<std::uint8_t>(0x40 | (context.tucss - 14) / 4);
    StoreBe16(ip + 2, Below(3) * 77);
    StoreBe16(ip + 4, OneIn(10) ? 0xffff - Below(10) : Any());
    StoreBe16(ip + 6, 0x4000);
    ip[9] = 6;
    StoreBe16(ip + 10, 0);
    std::uint8_t* tcp = &frame[context.tucss];
    tcp[12] = static_cast<std::uint8_t>(tcp_size / 4 << 4);
    tcp[13] = static_cast<std::uint8_t>(0x10 | (OneIn(2) ? 9 : 0));
    const std::uint32_t sum = ChecksumAdd({ip + 12, 8}) + 6;
    StoreBe16(tcp + 16, static_cast<std::uint16_t>(~ChecksumFinish(sum)));
    // One thing wrong in the headers.
    if (OneIn(4))
      frame[12 + Below(static_cast<std::uint32_t>(context.tucss) + 8)] ^=
          static_cast<std::uint8_t>(1u << Below(8));
    return frame;
  }

  void Spoil(ContextDescriptor& context) {
    RawDescriptor raw = Encode(context);
    raw[Below(16)] = static_cast<std::uint8_t>(OneIn(2) ? Below(64) : Any());
    context = Decode<ContextDescriptor>(raw);
    context.command |= txd::kDEXT;
    context.command &= ~txd::kDTYP_DATA;
  }

  // Fields that segmentation edits begin in a segment and end behind it.
  void PutFieldsAtTheEnd(ContextDescriptor& context) {
    context.mss = static_cast<std::uint16_t>(1 + Below(200));
    const std::uint32_t end = context.hdrlen + (OneIn(2) ? context.mss : Below(context.mss));
    context.ipcss = static_cast<std::uint8_t>(end - 2 - Below(6));
    context.tucss = static_cast<std::uint8_t>(end - 2 - Below(8));
    context.tucso = static_cast<std::uint8_t>(end - 1 - Below(2));
  }

  // The frame in data or legacy descriptors of `command`.
  void Split(Sequence& made, std::uint32_t command) {
    const std::size_t size = made.frame.size();
    const std::uint32_t popts = OneIn(4) ? Below(4) : command == 0 || OneIn(3) ? 0 : 3;
    std::size_t done = 0;
    do {
      TxDescriptor data;
      std::size_t part = OneIn(3) ? size - done : std::min<std::size_t>(size - done, Below(5000));
      part = std::min<std::size_t>(part, 0xffff);
      data.buffer_address = Bench::kTxData + done;
      data.lower = static_cast<std::uint32_t>(part) | command;
      if (OneIn(60)) data.lower ^= txd::kTSE;
      if (OneIn(60)) data.lower ^= txd::kDTYP_DATA;
      if (OneIn(30)) data.lower |= txd::kIDE;
      if (OneIn(10)) data.lower |= txd::kVLE;
      if (OneIn(4)) data.lower |= txd::kRS;
      if (OneIn(60)) data.lower |= txd::kEOP;
      if (OneIn(60)) data.buffer_address = Bench::kTxRing + Below(4096);
      const std::uint32_t latched = command == 0 ? Any() : OneIn(10) ? 1 + Below(2) : popts;
      data.upper = latched << 8 | Below(3) << 17;
      done += part;
      if (done == size && !OneIn(40)) data.lower |= txd::kEOP | (OneIn(4) ? 0 : txd::kRS);
      made.descriptors.push_back(Encode(data));
    } while (done < size);
  }

  std::mt19937 random_;
};

}  // namespace nicreplay::e1000
