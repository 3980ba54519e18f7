// SPDX-License-Identifier: MIT
#include "models/e1000/opt/receive.h"

#include <random>

#include "models/e1000/opt/twins.h"
#include "models/net/super_frame.h"

namespace nicreplay::e1000 {
namespace {

constexpr std::uint32_t kRing = 64;

// Offers frames to both: to stock what is cut, to the other side what was to be cut.
std::vector<ReceiveResult> OfferBurst(Bench& bench, const std::vector<SuperFrame>& frames) {
  const bool cuts = bench.device->ReceiveOffloads() != 0;
  std::vector<ByteVector> bytes;
  std::vector<Offload> offloads;
  for (const SuperFrame& frame : frames) {
    const Bytes whole = frame.bytes;
    Segmenter segmenter;
    if (cuts || frame.offload == Offload{} ||
        segmenter.Parse({{&whole, 1}, frame.offload}) != OffloadFault::kNone) {
      bytes.push_back(frame.bytes);
      offloads.push_back(frame.offload);
      continue;
    }
    for (std::size_t i = 0; i < segmenter.count(); ++i) {
      bytes.push_back(Join(segmenter.Get(i)));
      offloads.push_back({});
    }
  }
  std::vector<Bytes> pieces(bytes.begin(), bytes.end());
  std::vector<Frame> offered;
  offered.reserve(pieces.size());
  for (std::size_t i = 0; i < pieces.size(); ++i) offered.push_back({{&pieces[i], 1}, offloads[i]});
  std::vector<ReceiveResult> results(offered.size());
  results.resize(bench.device->ReceiveBurst(offered, results));
  return results;
}

class Bursts : public testing::TestWithParam<const char*> {};

TEST_P(Bursts, LeaveWhatFramesOneByOneLeave) {
  std::mt19937 random(7);
  const auto below = [&random](std::uint32_t end) {
    return static_cast<std::uint32_t>(random() % end);
  };
  for (int seed = 0; seed < 60; ++seed) {
    Twins twins(GetParam());
    const std::uint32_t sizes = below(4) << rctl::kBSIZE_SHIFT;
    const std::uint32_t first = below(kRing);
    twins.Both([&](Bench& bench) {
      bench.StartReceive(rctl::kUPE | rctl::kBAM | sizes);
      bench.Write(kRDLEN, kRing * 16);
      bench.Write(kRDH, first);
      bench.Write(kIMS, cause::kRXT0 | cause::kRXO | cause::kRXDMT0);
    });
    for (int round = 0; round < 20; ++round) {
      for (std::uint32_t i = 0; i < kRing; ++i) {
        RxDescriptor descriptor{.buffer_address = Bench::kRxData + below(1 << 18)};
        if (below(20) == 0) descriptor.buffer_address = 0;
        if (below(100) == 0) descriptor.buffer_address = Bench::kRxRing + below(1024);
        descriptor.status = static_cast<std::uint8_t>(below(256));
        twins.Both([&](Bench& bench) { bench.PutRx(i, descriptor); });
      }
      twins.Write(kRDT, below(kRing + (below(10) == 0 ? 3 : 0)));
      std::vector<SuperFrame> frames;
      for (std::uint32_t n = 1 + below(8); n > 0; --n) {
        if (below(3) == 0) {
          SuperFrameRecipe recipe;
          recipe.payload = below(9000);
          recipe.gso_size = static_cast<std::uint16_t>(100 + below(1400));
          recipe.seed = static_cast<std::uint32_t>(random());
          frames.push_back(MakeSuperFrame(recipe));
        } else {
          frames.push_back({MakeFrame(14 + below(1600)), {}});
        }
      }
      twins.stock.host.now = twins.opt.host.now += below(100'000);
      const auto want = OfferBurst(twins.stock, frames);
      const auto got = OfferBurst(twins.opt, frames);
      EXPECT_EQ(want.back() == ReceiveResult::kKeep, got.back() == ReceiveResult::kKeep);
      ASSERT_TRUE(twins.Same()) << seed << " " << round;
      if (below(3) == 0) twins.Both([](Bench& bench) { bench.Read(kICR); });
    }
    ASSERT_TRUE(twins.SameRegisters()) << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Receive, Bursts,
                         testing::Values("rxbatch", "rxlro", "ring", "ring+rxbatch",
                                         "rxbatch+rxlro", "exact"));

class OptReceiveTest : public testing::Test {
 protected:
  static SuperFrame Large() { return MakeSuperFrame({.payload = 4000}); }
  static ReceiveResult Offer(Bench& bench, const SuperFrame& frame) {
    const Bytes whole = frame.bytes;
    return bench.device->Receive({{&whole, 1}, frame.offload});
  }
};

TEST_F(OptReceiveTest, OneWriteOfEightBytesADescriptor) {
  Bench bench("opt=rxbatch", "e1000-opt");
  bench.StartReceive();
  bench.Receive(MakeFrame(100));
  ASSERT_EQ(bench.host.writes.size(), 2u);
  EXPECT_EQ(bench.host.writes[1].address, Bench::kRxRing + 8);
  EXPECT_EQ(bench.host.writes[1].bytes.size(), 8u);
}

TEST_F(OptReceiveTest, ABurstRaisesTheLineAtItsEnd) {
  Bench bench("opt=rxbatch", "e1000-opt");
  bench.StartReceive();
  bench.Write(kIMS, cause::kRXT0);
  const std::vector<SuperFrame> frames(3, {MakeFrame(100), {}});
  OfferBurst(bench, frames);
  EXPECT_EQ(bench.host.line, LineLevel::kHigh);
  EXPECT_EQ(bench.GetRx(2).status & rxd::kDD, rxd::kDD);
}

TEST_F(OptReceiveTest, ASuperFrameIsKeptWhole) {
  Bench bench("opt=rxlro", "e1000-opt");
  bench.StartReceive();
  bench.Write(kRCTL, rctl::kEN | rctl::kUPE);  // the flush timer holds frames back
  EXPECT_EQ(Offer(bench, Large()), ReceiveResult::kKeep);
  EXPECT_EQ(bench.Read(kTPR), 0u);
  bench.FireTimer(kFlushTimer);
  EXPECT_EQ(Offer(bench, Large()), ReceiveResult::kConsumed);
  EXPECT_EQ(bench.Read(kTPR), 3u);
}

TEST_F(OptReceiveTest, WhatStandsForNoFramesIsDropped) {
  Bench bench("opt=rxlro", "e1000-opt");
  bench.StartReceive();
  SuperFrame frame = Large();
  frame.offload.gso_size = 0;
  EXPECT_EQ(Offer(bench, frame), ReceiveResult::kDropped);
  EXPECT_TRUE(bench.host.writes.empty());
}

TEST_F(OptReceiveTest, RingFullInTheMiddleLosesTheRest) {
  Bench bench("opt=rxlro", "e1000-opt");
  bench.StartReceive();
  bench.Write(kRDT, 2);
  Offer(bench, Large());
  EXPECT_EQ(bench.Read(kTPR), 2u);
  EXPECT_EQ(bench.Read(kMPC), 1u);
}

struct ChecksumCase {
  const char* name;
  std::size_t edited;  // byte of the frame
  std::uint8_t to;
  bool checked;
};
// A TCP frame of 14 + 20 + 32 bytes of headers with right checksums, but for one byte.
constexpr ChecksumCase kChecksumCases[] = {
    {"right", 0, 2, true},         {"not IPv4", 13, 1, false},
    {"version", 14, 0x65, false},  {"header length", 14, 0x44, false},
    {"IP checksum", 24, 1, false}, {"fragment", 20, 0x20, false},
    {"protocol", 23, 1, false},    {"too long", 16, 0xff, false},
    {"payload", 90, 1, false},
};

TEST_F(OptReceiveTest, ReportsCheckedChecksums) {
  SuperFrameRecipe recipe{.payload = 200};
  const SuperFrame partial = MakeSuperFrame(recipe);
  const Bytes whole = partial.bytes;
  Segmenter segmenter;
  ASSERT_EQ(segmenter.Parse({{&whole, 1}, partial.offload}), OffloadFault::kNone);
  const ByteVector right = Join(segmenter.Get(0));
  for (const ChecksumCase& row : kChecksumCases) {
    ByteVector frame = right;
    frame[row.edited] = row.checked ? frame[row.edited] : frame[row.edited] ^ row.to;
    Bench bench("opt=rxcsum", "e1000-opt");
    bench.StartReceive();
    bench.Receive(frame);
    const std::uint8_t want =
        rxd::kDD | rxd::kEOP | (row.checked ? rxd::kIPCS | rxd::kTCPCS : rxd::kIXSM);
    EXPECT_EQ(bench.GetRx(0).status, want) << row.name;
  }
}

TEST_F(OptReceiveTest, ReportsCheckedUdpInOddPieces) {
  const SuperFrame partial =
      MakeSuperFrame({.gso_type = Offload::kGsoUdp, .gso_size = 1448, .payload = 201, .tags = 1});
  const Bytes whole = partial.bytes;
  Segmenter segmenter;
  ASSERT_EQ(segmenter.Parse({{&whole, 1}, partial.offload}), OffloadFault::kNone);
  ByteVector frame = Join(segmenter.Get(0));
  const auto status = [](const ByteVector& bytes) {
    Bench bench("opt=rxcsum", "e1000-opt");
    bench.StartReceive();
    const Bytes pieces[] = {Bytes(bytes).first(51), Bytes(bytes).subspan(51)};
    bench.device->Receive({pieces, {}});
    return bench.GetRx(0).status & (rxd::kIPCS | rxd::kTCPCS | rxd::kIXSM);
  };
  EXPECT_EQ(status(frame), rxd::kIPCS | rxd::kTCPCS);
  StoreBe16(&frame[18 + 20 + 6], 0);  // RFC 768: none
  EXPECT_EQ(status(frame), rxd::kIXSM);
}

}  // namespace
}  // namespace nicreplay::e1000
