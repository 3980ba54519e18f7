// SPDX-License-Identifier: MIT
#include "models/e1000/opt/transmit.h"

#include "models/e1000/opt/tso.h"
#include "models/e1000/opt/twins.h"
#include "models/e1000/opt/tx_garbage.h"

namespace nicreplay::e1000 {
namespace {

constexpr std::uint32_t kRing = 64;

class Garbage : public testing::TestWithParam<const char*> {};

// A ring of a driver that is mostly right, worked in runs of any length.
TEST_P(Garbage, LeavesWhatStockLeaves) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    Twins twins(GetParam());
    TxGarbage garbage(seed);
    twins.Both([](Bench& bench) { bench.StartTransmit(); });
    twins.Write(kTDLEN, kRing * 16);
    twins.Write(kITR, 0);
    if (garbage.OneIn(8)) twins.opt.host.mappable = Bench::kTxData + garbage.Below(70000);
    if (garbage.OneIn(8)) twins.opt.host.offloads = static_cast<OffloadSet>(garbage.Below(4));
    std::uint32_t tail = 0;
    for (int round = 0; round < 60; ++round) {
      const auto made = garbage.OneIn(2) ? garbage.Segmented() : garbage.Plain();
      twins.PutMemory(Bench::kTxData, made.frame);
      for (const RawDescriptor& raw : made.descriptors) {
        twins.PutTx(tail, raw);
        tail = (tail + 1) % kRing;
        if (garbage.OneIn(30)) twins.Write(kTDT, tail);
      }
      if (garbage.OneIn(20)) twins.Write(kCTRL, garbage.OneIn(2) ? ctrl::kVME | ctrl::kSLU : 0);
      if (garbage.OneIn(30)) twins.Write(kMDIC, 1u << 26 | 1u << 21 | (garbage.Below(2) << 14));
      if (garbage.OneIn(40)) {
        twins.Both([](Bench& bench) { bench.device->SetLink(LinkState::kDown); });
        twins.Write(kTDT, tail);
        twins.Both([](Bench& bench) { bench.device->SetLink(LinkState::kUp); });
      }
      if (garbage.OneIn(40)) twins.Write(kTDT, garbage.Below(2 * kRing));
      twins.Write(kTDT, tail);
      ASSERT_TRUE(twins.Same()) << "seed " << seed << " round " << round;
    }
    ASSERT_TRUE(twins.SameRegisters()) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Transmit, Garbage,
                         testing::Values("none", "tso", "csum", "zerocopy", "ring", "tso+csum",
                                         "tso+zerocopy", "csum+zerocopy", "ring+zerocopy",
                                         "exact"));

// A context and a TCP packet of `payload` bytes, as a driver leaves it, in the ring of a device.
class OptTransmitTest : public testing::Test {
 protected:
  static constexpr std::uint16_t kMss = 1000;
  static constexpr std::uint32_t kHeader = 54;

  OptTransmitTest() {
    bench_.host.mappable = TestHost::kMemorySize;
    bench_.host.offloads = kOffloadAll;
    bench_.StartTransmit();
  }

  // `edit` spoils the context or the headers.
  template <typename F>
  void Segment(std::uint32_t payload, F edit) {
    ContextDescriptor context{.ipcss = 14, .ipcso = 24, .ipcse = 33, .tucss = 34, .tucso = 50};
    context.hdrlen = kHeader;
    context.mss = kMss;
    context.command = payload | txd::kDEXT | txd::kTSE | txd::kContextIP | txd::kContextTCP;
    ByteVector frame(kHeader + payload, 0x5a);
    StoreBe16(&frame[12], 0x0800);
    frame[14] = 0x45;
    StoreBe16(&frame[18], 0x1234);
    StoreBe16(&frame[20], 0x4000);
    frame[23] = 6;
    StoreBe16(&frame[24], 0);
    frame[46] = 0x50;
    frame[47] = 0x18;
    StoreBe16(&frame[50],
              static_cast<std::uint16_t>(~ChecksumFinish(ChecksumAdd({&frame[26], 8}) + 6)));
    edit(context, frame);
    bench_.PutTxData(frame);
    bench_.PutTx(0, context);
    TxDescriptor data{Bench::kTxData, static_cast<std::uint32_t>(frame.size()), 3u << 8};
    data.lower |= txd::kDEXT | txd::kDTYP_DATA | txd::kTSE | txd::kEOP | txd::kRS;
    bench_.PutTx(1, data);
    bench_.Write(kTDT, 2);
  }
  void Segment(std::uint32_t payload) {
    Segment(payload, [](ContextDescriptor&, ByteVector&) {});
  }

  Bench bench_{"opt=exact", "e1000-opt"};
};

TEST_F(OptTransmitTest, OneSuperFrame) {
  Segment(3500);
  EXPECT_EQ(bench_.host.offloaded, 1);
  EXPECT_EQ(bench_.host.sent.size(), 4u);
  EXPECT_EQ(bench_.Read(kTPT), 4u);
  EXPECT_EQ(bench_.Read(kTSCTC), 1u);
  EXPECT_EQ(bench_.Read(kTOTL), 3500 + 4 * (kHeader + 4));
  EXPECT_EQ(bench_.GetTx(1).upper & txd::kStatusDD, txd::kStatusDD);
}

TEST_F(OptTransmitTest, AMultipleOfMssEndsWithHeadersAlone) {
  Segment(3000);
  EXPECT_EQ(bench_.host.offloaded, 1);
  ASSERT_EQ(bench_.host.sent.size(), 4u);
  EXPECT_EQ(bench_.host.sent[3].size(), kHeader);
  EXPECT_EQ(bench_.Read(kTSCTC), 2u);
}

TEST_F(OptTransmitTest, StockSegmentsWhatASegmenterWouldCutOtherwise) {
  struct Row {
    const char* what;
    void (*edit)(ContextDescriptor& context, ByteVector& frame);
  };
  static constexpr Row kRows[] = {
      {"IPv6", [](ContextDescriptor& c, ByteVector&) { c.command &= ~txd::kContextIP; }},
      {"UDP", [](ContextDescriptor& c, ByteVector&) { c.command &= ~txd::kContextTCP; }},
      {"mss 0", [](ContextDescriptor& c, ByteVector&) { c.mss = 0; }},
      {"PAYLEN", [](ContextDescriptor& c, ByteVector&) { c.command ^= 1; }},
      {"IPCSE", [](ContextDescriptor& c, ByteVector&) { c.ipcse = 0; }},
      {"IPCSO", [](ContextDescriptor& c, ByteVector&) { c.ipcso = 26; }},
      {"TUCSE", [](ContextDescriptor& c, ByteVector&) { c.tucse = 200; }},
      {"TUCSO", [](ContextDescriptor& c, ByteVector&) { c.tucso = 40; }},
      {"HDRLEN", [](ContextDescriptor& c, ByteVector&) { c.hdrlen = 50; }},
      {"EtherType", [](ContextDescriptor&, ByteVector& f) { f[12] = 0x81; }},
      {"options", [](ContextDescriptor&, ByteVector& f) { f[14] = 0x46; }},
      {"fragment", [](ContextDescriptor&, ByteVector& f) { f[20] = 0x20; }},
      {"protocol", [](ContextDescriptor&, ByteVector& f) { f[23] = 17; }},
      {"IP checksum", [](ContextDescriptor&, ByteVector& f) { f[24] = 1; }},
      {"identification", [](ContextDescriptor&, ByteVector& f) { f[18] = f[19] = 0xff; }},
      {"data offset", [](ContextDescriptor&, ByteVector& f) { f[46] = 0x60; }},
      {"CWR", [](ContextDescriptor&, ByteVector& f) { f[47] |= 0x80; }},
      {"pseudo-header", [](ContextDescriptor&, ByteVector& f) { f[50] ^= 1; }},
  };
  for (const Row& row : kRows) {
    bench_.StartTransmit();
    Segment(3500, row.edit);
    EXPECT_EQ(bench_.host.offloaded, 0) << row.what;
  }
}

// Stock writes 0xffff where the sum makes a checksum of 0; a segmenter leaves 0.
TEST_F(OptTransmitTest, StockSegmentsWhereAnIpChecksumWouldBeZero) {
  int stocks = 0;
  for (std::uint32_t id = 0; id < 0x10000 - 4; id += 1) {
    ByteVector header(kHeader, 0);
    TransmitContext context{.ipcss = 14, .ipcso = 24, .ipcse = 33, .tucss = 34, .tucso = 50};
    context.paylen = 2500;
    context.hdrlen = kHeader;
    context.mss = kMss;
    StoreBe16(&header[12], 0x0800);
    header[14] = 0x45;
    StoreBe16(&header[18], id);
    header[23] = 6;
    header[46] = 0x50;
    StoreBe16(&header[50], 6);
    if (!MakeSuperFrame(context, kHeader + 2500, header)) ++stocks;
  }
  // Each of the three segments is the one with 0 once; the last has another length.
  EXPECT_EQ(stocks, 3);
}

TEST_F(OptTransmitTest, SmallFramesAreCopiedAndSummed) {
  Twins twins("exact");
  ContextDescriptor context{.ipcss = 14, .ipcso = 24, .ipcse = 33, .tucss = 34, .tucso = 50};
  context.command = txd::kDEXT;
  const std::uint32_t command = 100 | txd::kDEXT | txd::kDTYP_DATA | txd::kEOP | txd::kIDE;
  twins.Both([&](Bench& bench) {
    bench.StartTransmit();
    bench.PutTxData(MakeFrame(100));
    bench.PutTx(0, context);
    bench.PutTx(1, TxDescriptor{Bench::kTxData, command, 3u << 8});
    bench.Write(kTDT, 2);
  });
  EXPECT_EQ(twins.opt.host.offloaded, 0);
  EXPECT_TRUE(twins.Same());
  EXPECT_TRUE(twins.SameRegisters());
}

TEST_F(OptTransmitTest, PartialChecksumsOfLargeFrames) {
  const auto offload = [this](std::uint8_t tucss, std::uint8_t tucso, std::uint16_t tucse,
                              std::uint32_t popts) {
    bench_.host.offloaded = 0;
    ContextDescriptor context{.ipcss = 14, .ipcso = 24, .ipcse = 33, .tucss = tucss};
    context.tucso = tucso;
    context.tucse = tucse;
    context.command = txd::kDEXT;
    bench_.StartTransmit();
    bench_.PutTx(0, context);
    bench_.PutTx(1, TxDescriptor{Bench::kTxData, 1000 | txd::kDEXT | txd::kDTYP_DATA | txd::kEOP,
                                 popts << 8});
    bench_.Write(kTDT, 2);
    return bench_.host.offloaded == 1;
  };
  EXPECT_TRUE(offload(34, 50, 0, 2));
  EXPECT_TRUE(offload(34, 40, 0, 2));
  EXPECT_TRUE(offload(34, 50, 999, 2));
  EXPECT_FALSE(offload(34, 50, 500, 2)) << "an end of its own";
  EXPECT_FALSE(offload(34, 49, 0, 2)) << "no such checksum";
  EXPECT_FALSE(offload(20, 36, 0, 2)) << "no room for headers";
  EXPECT_FALSE(offload(34, 50, 0, 3)) << "an IP checksum, too";
  bench_.host.offloads = 0;
  EXPECT_FALSE(offload(34, 50, 0, 2)) << "the network does not take it";
}

}  // namespace
}  // namespace nicreplay::e1000
