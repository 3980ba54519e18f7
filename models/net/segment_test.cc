// SPDX-License-Identifier: MIT
#include "models/net/segment.h"

#include <gtest/gtest.h>

#include "models/net/super_frame.h"

namespace nicreplay {
namespace {

std::vector<std::vector<std::uint8_t>> Cut(const SuperFrame& frame) {
  Segmenter segmenter;
  const Bytes pieces[] = {frame.bytes};
  EXPECT_EQ(segmenter.Parse({pieces, frame.offload}), OffloadFault::kNone);
  std::vector<std::vector<std::uint8_t>> frames;
  for (std::size_t i = 0; i < segmenter.count(); ++i) {
    frames.push_back(Join(segmenter.Get(i)));
    EXPECT_EQ(frames.back().size(), segmenter.SizeOf(i));
  }
  return frames;
}

OffloadFault FaultOf(const SuperFrame& frame) {
  Segmenter segmenter;
  const Bytes pieces[] = {frame.bytes};
  const OffloadFault fault = segmenter.Parse({pieces, frame.offload});
  EXPECT_EQ(fault == OffloadFault::kNone, segmenter.count() > 0);
  return fault;
}

// Whether the TCP checksum at an IPv4 packet without options is right.
bool TcpChecksumHolds(Bytes frame) {
  const std::uint32_t length = static_cast<std::uint32_t>(frame.size() - 34);
  return ChecksumFinish(6 + length + ChecksumAdd(frame.subspan(26, 8)) +
                        ChecksumAdd(frame.subspan(34))) == 0;
}

TEST(SegmentTest, Tcp4) {
  const SuperFrame super = MakeSuperFrame(
      {.gso_size = 1000, .payload = 2500, .tcp_flags = 0x80 | 0x18 | 0x01, .seed = 3});
  const auto frames = Cut(super);
  ASSERT_EQ(frames.size(), 3u);
  const std::size_t header = 14 + 20 + 32;
  std::vector<std::uint8_t> payload;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& frame = frames[i];
    EXPECT_EQ(frame.size(), header + (i < 2 ? 1000 : 500));
    EXPECT_EQ(LoadBe16(&frame[16]), frame.size() - 14);
    EXPECT_EQ(LoadBe16(&frame[18]), (LoadBe16(&super.bytes[18]) + i) & 0xffff);
    EXPECT_EQ(ChecksumFinish(ChecksumAdd(Bytes(frame).subspan(14, 20))), 0);
    EXPECT_EQ(LoadBe32(&frame[38]),
              static_cast<std::uint32_t>(LoadBe32(&super.bytes[38]) + i * 1000));
    EXPECT_TRUE(TcpChecksumHolds(frame)) << i;
    payload.insert(payload.end(), frame.begin() + header, frame.end());
  }
  EXPECT_EQ(frames[0][47], 0x80 | 0x10);
  EXPECT_EQ(frames[1][47], 0x10);
  EXPECT_EQ(frames[2][47], 0x18 | 0x01);
  EXPECT_EQ(payload, std::vector<std::uint8_t>(super.bytes.begin() + header, super.bytes.end()));
}

TEST(SegmentTest, APayloadOfExactlyNSegmentsHasNoEmptyOne) {
  EXPECT_EQ(Cut(MakeSuperFrame({.gso_size = 1000, .payload = 3000})).size(), 3u);
  EXPECT_EQ(Cut(MakeSuperFrame({.gso_size = 1000, .payload = 1001})).size(), 2u);
}

TEST(SegmentTest, TooLittleToCutOnlyLacksItsChecksum) {
  for (const std::size_t payload : {0u, 1u, 1000u}) {
    const auto frames = Cut(MakeSuperFrame({.gso_size = 1000, .payload = payload}));
    ASSERT_EQ(frames.size(), 1u);
    EXPECT_TRUE(TcpChecksumHolds(frames[0]));
  }
}

TEST(SegmentTest, AChecksumOfZeroBecomesOnes) {
  SuperFrame super = MakeSuperFrame({.gso_size = 1000, .payload = 100});
  std::vector<std::uint8_t> frame = Cut(super)[0];
  // The last two bytes of the payload make up the difference.
  const std::uint32_t checksum = LoadBe16(&frame[50]);
  const std::uint32_t last = LoadBe16(&frame[frame.size() - 2]) + checksum;
  StoreBe16(&super.bytes[super.bytes.size() - 2], (last & 0xffff) + (last >> 16));
  frame = Cut(super)[0];
  EXPECT_EQ(LoadBe16(&frame[50]), 0xffff);
  EXPECT_TRUE(TcpChecksumHolds(frame));
}

TEST(SegmentTest, WireFramesAreThemselves) {
  SuperFrame super = MakeSuperFrame({});
  super.offload = {};
  EXPECT_EQ(Cut(super)[0], super.bytes);
  EXPECT_EQ(Cut({})[0].size(), 0u);
}

TEST(SegmentTest, HowAFrameIsSplitIsNoMatter) {
  std::mt19937 random(5);
  for (const std::uint8_t kind : {Offload::kGsoTcp4, Offload::kGsoTcp6, Offload::kGsoUdp}) {
    for (int round = 0; round < 200; ++round) {
      const SuperFrame super =
          MakeSuperFrame({.gso_type = kind,
                          .gso_size = static_cast<std::uint16_t>(8 * (1 + random() % 200)),
                          .payload = random() % 5000,
                          .tags = random() % 3,
                          .seed = static_cast<std::uint32_t>(random())});
      const auto frames = Cut(super);
      const std::vector<Bytes> pieces = Shatter(super.bytes, 1 + random() % 9, random);
      Segmenter segmenter;
      ASSERT_EQ(segmenter.Parse({pieces, super.offload}), OffloadFault::kNone);
      ASSERT_EQ(segmenter.count(), frames.size());
      const std::size_t first = random() % frames.size();  // any order
      for (std::size_t i = 0; i < frames.size(); ++i) {
        const std::size_t index = (first + i) % frames.size();
        ASSERT_EQ(Join(segmenter.Get(index)), frames[index]);
      }
    }
  }
}

TEST(SegmentTest, SaysWhatIsWrong) {
  const auto faulty = [](auto change) {
    SuperFrame frame = MakeSuperFrame({});
    change(frame);
    return FaultOf(frame);
  };
  EXPECT_EQ(faulty([](SuperFrame& f) { f.offload.gso_size = 0; }), OffloadFault::kSegmentSize);
  EXPECT_EQ(faulty([](SuperFrame& f) { f.offload.gso_size = 0xffff; }), OffloadFault::kSegmentSize);
  EXPECT_EQ(faulty([](SuperFrame& f) { f.offload.gso_type = 2; }), OffloadFault::kKind);
  EXPECT_EQ(faulty([](SuperFrame& f) { f.offload.gso_type = Offload::kGsoTcp6; }),
            OffloadFault::kKind);
  EXPECT_EQ(faulty([](SuperFrame& f) { f.offload.flags = 0; }), OffloadFault::kChecksumPlace);
  EXPECT_EQ(faulty([](SuperFrame& f) { ++f.offload.checksum_start; }),
            OffloadFault::kChecksumPlace);
  EXPECT_EQ(faulty([](SuperFrame& f) { f.offload.checksum_offset = 6; }),
            OffloadFault::kChecksumPlace);
  EXPECT_EQ(faulty([](SuperFrame& f) { f.bytes.push_back(0); }), OffloadFault::kLength);
  EXPECT_EQ(faulty([](SuperFrame& f) { ++f.bytes[24]; }), OffloadFault::kIpChecksum);
  EXPECT_EQ(faulty([](SuperFrame& f) { f.bytes.resize(30); }), OffloadFault::kHeaders);
  EXPECT_EQ(faulty([](SuperFrame& f) { f.bytes[46] = 0x10; }), OffloadFault::kHeaders);
  EXPECT_EQ(faulty([](SuperFrame& f) { f.offload.header_length = 50'000; }),
            OffloadFault::kHeaders);
  EXPECT_EQ(faulty([](SuperFrame& f) {
              f.offload = {.flags = Offload::kNeedsChecksum,
                           .checksum_start = static_cast<std::uint16_t>(f.bytes.size() - 1)};
            }),
            OffloadFault::kChecksumPlace);
  EXPECT_EQ(FaultOf(MakeSuperFrame({.gso_type = Offload::kGsoUdp, .gso_size = 1001})),
            OffloadFault::kSegmentSize);
}

TEST(SegmentTest, NamesOfFaults) {
  EXPECT_STREQ(OffloadFaultName(OffloadFault::kNone), "none");
  EXPECT_STREQ(OffloadFaultName(OffloadFault::kKind), "kind of offload");
  EXPECT_STREQ(OffloadFaultName(OffloadFault::kSegmentSize), "segment size");
  EXPECT_STREQ(OffloadFaultName(OffloadFault::kHeaders), "headers");
  EXPECT_STREQ(OffloadFaultName(OffloadFault::kLength), "IP length");
  EXPECT_STREQ(OffloadFaultName(OffloadFault::kIpChecksum), "IP header checksum");
  EXPECT_STREQ(OffloadFaultName(OffloadFault::kChecksumPlace), "place of the checksum");
}

// Run with the address sanitizer, this is the proof that no header leads out of the frame.
TEST(SegmentTest, GarbageIsRefusedOrCut) {
  std::mt19937 random(11);
  const auto any = [&](std::uint32_t below) { return static_cast<std::uint8_t>(random() % below); };
  for (int round = 0; round < 20'000; ++round) {
    const std::uint8_t kinds[] = {Offload::kGsoTcp4, Offload::kGsoTcp6, Offload::kGsoUdp};
    SuperFrame frame = MakeSuperFrame({.gso_type = kinds[random() % 3],
                                       .gso_size = static_cast<std::uint16_t>(1 + random() % 99),
                                       .payload = random() % 900,
                                       .tags = random() % 10,
                                       .tcp_options = 4 * (random() % 11)});
    for (std::uint64_t changes = random() % 3; changes > 0; --changes) {
      frame.bytes[random() % std::min<std::size_t>(frame.bytes.size(), 100)] = any(256);
    }
    if (any(4) == 0) frame.bytes.resize(random() % (frame.bytes.size() + 1));
    if (any(4) == 0) frame.offload.gso_type = any(8);
    if (any(4) == 0) frame.offload.checksum_start = static_cast<std::uint16_t>(random());
    Segmenter segmenter;
    const std::vector<Bytes> pieces = Shatter(frame.bytes, 1 + random() % 4, random);
    if (segmenter.Parse({pieces, frame.offload}) != OffloadFault::kNone) continue;
    ASSERT_LE(segmenter.count(), 1000u);
    for (std::size_t i = 0; i < segmenter.count(); ++i) {
      ASSERT_EQ(Frame({segmenter.Get(i), {}}).size(), segmenter.SizeOf(i));
    }
  }
}

TEST(SegmentTest, OffloadsNeeded) {
  EXPECT_EQ(OffloadsNeeded({}), 0);
  EXPECT_EQ(OffloadsNeeded({.flags = Offload::kNeedsChecksum}), kOffloadChecksum);
  EXPECT_EQ(OffloadsNeeded({.gso_type = Offload::kGsoTcp4 | Offload::kGsoEcn}),
            kOffloadChecksum | kOffloadTcp4 | kOffloadEcn);
  EXPECT_EQ(OffloadsNeeded({.gso_type = Offload::kGsoTcp6}), kOffloadChecksum | kOffloadTcp6);
  EXPECT_EQ(OffloadsNeeded({.gso_type = Offload::kGsoUdp}), kOffloadChecksum | kOffloadUdp);
  EXPECT_EQ(OffloadsNeeded({.gso_type = 2}), kOffloadAll);
}

}  // namespace
}  // namespace nicreplay
