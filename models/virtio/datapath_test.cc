// SPDX-License-Identifier: MIT
// Sending and receiving, in every combination of interface and ring format.
#include <gmock/gmock.h>

#include "models/virtio/test_bench.h"

namespace nicreplay::virtio {
namespace {

using testing::ElementsAre;
using Mode = Driver::Mode;
using Format = DriverRing::Format;

constexpr GuestAddress kIn = Bench::kBuffers + 0x20000;

struct Kind {
  Mode mode;
  Format format;
};

class DatapathTest : public testing::TestWithParam<Kind> {
 protected:
  static BenchSetup MakeSetup() {
    BenchSetup setup;
    setup.mode = GetParam().mode;
    setup.format = GetParam().format;
    return setup;
  }
};

INSTANTIATE_TEST_SUITE_P(Kinds, DatapathTest,
                         testing::Values(Kind{Mode::kLegacy, Format::kSplit},
                                         Kind{Mode::kModern, Format::kSplit},
                                         Kind{Mode::kModern, Format::kPacked}),
                         [](const auto& kind) {
                           return std::string(kind.param.mode == Mode::kLegacy ? "Legacy"
                                                                               : "Modern") +
                                  (kind.param.format == Format::kSplit ? "Split" : "Packed");
                         });

TEST_P(DatapathTest, SendsWhatIsBehindTheHeader) {
  Bench bench(MakeSetup());
  const ByteVector frame = MakeFrame(100);
  bench.Send(frame);
  EXPECT_THAT(bench.host.sent, ElementsAre(frame));
  EXPECT_TRUE(bench.IsUsed(1, 0));
  EXPECT_FALSE(bench.IsUsed(1, 1));
  EXPECT_EQ(bench.host.line, LineLevel::kHigh);
  EXPECT_EQ(bench.driver.ReadIsr(), kIsrQueue);
  EXPECT_EQ(bench.host.line, LineLevel::kLow);
}

TEST_P(DatapathTest, SendsFromPiecesAcrossTheHeader) {
  Bench bench(MakeSetup());
  const ByteVector frame = MakeFrame(60);
  ByteVector packet(bench.header_size());
  packet.insert(packet.end(), frame.begin(), frame.end());
  bench.host.WriteMemory(Bench::kBuffers, packet);
  const auto size = static_cast<std::uint32_t>(packet.size());
  bench.Give(1, {{Bench::kBuffers, 4, false},
                 {Bench::kBuffers + 4, 30, false},
                 {Bench::kBuffers + 34, size - 34, false}});
  EXPECT_THAT(bench.host.sent, ElementsAre(frame));
}

TEST_P(DatapathTest, SendsThroughAnIndirectTable) {
  Bench bench(MakeSetup());
  const ByteVector frame = MakeFrame(60);
  ByteVector packet(bench.header_size());
  packet.insert(packet.end(), frame.begin(), frame.end());
  bench.host.WriteMemory(Bench::kBuffers, packet);
  const auto size = static_cast<std::uint32_t>(packet.size());
  const DriverPiece pieces[] = {{Bench::kBuffers, 20, false},
                                {Bench::kBuffers + 20, size - 20, false}};
  bench.rings[1].AddIndirect(bench.host, pieces, Bench::kTable);
  bench.rings[1].Publish(bench.host);
  bench.driver.Notify(1);
  EXPECT_THAT(bench.host.sent, ElementsAre(frame));
}

TEST_P(DatapathTest, SendsMoreThanABurstAndManyLaps) {
  Bench bench(MakeSetup());
  const ByteVector frame = MakeFrame(64);
  for (int lap = 0; lap < 5; ++lap) {
    ByteVector packet(bench.header_size());
    packet.insert(packet.end(), frame.begin(), frame.end());
    bench.host.WriteMemory(Bench::kBuffers, packet);
    const DriverPiece piece{Bench::kBuffers, static_cast<std::uint32_t>(packet.size()), false};
    for (int i = 0; i < 256; ++i) bench.rings[1].Add(bench.host, {&piece, 1});
    bench.rings[1].Publish(bench.host);
    bench.driver.Notify(1);
  }
  EXPECT_EQ(bench.host.sent.size(), 5u * 256);
  EXPECT_FALSE(bench.NeedsReset());
}

TEST_P(DatapathTest, ReceivesBehindAHeader) {
  Bench bench(MakeSetup());
  const ByteVector frame = MakeFrame(100);
  EXPECT_EQ(bench.Receive(frame), ReceiveResult::kKeep);
  bench.host.waiting.push_back(frame);
  bench.GiveReceive(kIn, 1600);
  EXPECT_TRUE(bench.host.waiting.empty());
  EXPECT_EQ(bench.Memory(kIn + bench.header_size(), frame.size()), frame);
  ByteVector header(bench.header_size());
  if (header.size() > kNumBuffersAt) header[kNumBuffersAt] = 1;
  EXPECT_EQ(bench.Memory(kIn, header.size()), header);
  EXPECT_TRUE(bench.IsUsed(0, 0));
  EXPECT_EQ(bench.Used(0, 0).len, frame.size() + header.size());
}

TEST_P(DatapathTest, MergesBuffers) {
  Bench bench(MakeSetup());
  for (std::uint32_t i = 0; i < 4; ++i) bench.GiveReceive(kIn + i * 0x1000, 100);
  const ByteVector frame = MakeFrame(250);
  EXPECT_EQ(bench.Receive(frame), ReceiveResult::kConsumed);
  ByteVector received = bench.Memory(kIn + kHeader, 100 - kHeader);
  for (std::uint32_t i = 1; i < 3; ++i) {
    const ByteVector part = bench.Memory(kIn + i * 0x1000, i == 1 ? 100 : 62);
    received.insert(received.end(), part.begin(), part.end());
  }
  EXPECT_EQ(received, frame);
  EXPECT_EQ(bench.host.memory[kIn + kNumBuffersAt], 3);
  EXPECT_EQ(bench.Used(0, 2).len, 62u);
  EXPECT_TRUE(bench.IsUsed(0, 2));
  EXPECT_FALSE(bench.IsUsed(0, 3));
  // The one that is left is too small.
  EXPECT_EQ(bench.Receive(frame), ReceiveResult::kKeep);
}

TEST_P(DatapathTest, MergesFramesOfSeveralPieces) {
  Bench bench(MakeSetup());
  for (std::uint32_t i = 0; i < 3; ++i) bench.GiveReceive(kIn + i * 0x1000, 100);
  const ByteVector frame = MakeFrame(250);
  const Bytes pieces[] = {Bytes(frame).first(50), Bytes(frame).subspan(50, 100),
                          Bytes(frame).subspan(150)};
  EXPECT_EQ(bench.device->Receive({pieces, {}}), ReceiveResult::kConsumed);
  ByteVector received = bench.Memory(kIn + kHeader, 100 - kHeader);
  for (std::uint32_t i = 1; i < 3; ++i) {
    const ByteVector part = bench.Memory(kIn + i * 0x1000, i == 1 ? 100 : 62);
    received.insert(received.end(), part.begin(), part.end());
  }
  EXPECT_EQ(received, frame);
}

TEST_P(DatapathTest, CountsMergedBuffersWhereverTheHeaderLies) {
  Bench bench(MakeSetup());
  bench.Give(0, {{kIn, 4, true}, {kIn + 0x100, 7, true}, {kIn + 0x200, 50, true}});
  bench.GiveReceive(kIn + 0x1000, 1000);
  EXPECT_EQ(bench.Receive(MakeFrame(200)), ReceiveResult::kConsumed);
  // Its two bytes are the last of the second piece and the first of the third.
  EXPECT_EQ(bench.Memory(kIn + 0x106, 1), ByteVector{2});
  EXPECT_EQ(bench.Memory(kIn + 0x200, 1), ByteVector{0});
  ByteVector start = MakeFrame(200);
  start.resize(49);
  EXPECT_EQ(bench.Memory(kIn + 0x201, 49), start);
}

TEST_P(DatapathTest, AFrameThatDoesNotFitIsLostWithoutMergeableBuffers) {
  BenchSetup setup = MakeSetup();
  setup.features = Features::Of(feature::kMac);
  Bench bench(setup);
  bench.GiveReceive(kIn, 100);
  EXPECT_EQ(bench.Receive(MakeFrame(200)), ReceiveResult::kConsumed);
  EXPECT_FALSE(bench.IsUsed(0, 0));
  const ByteVector frame = MakeFrame(64);
  EXPECT_EQ(bench.Receive(frame), ReceiveResult::kConsumed);
  EXPECT_TRUE(bench.IsUsed(0, 0));
  EXPECT_EQ(bench.Memory(kIn + bench.header_size(), 64), frame);
  const std::uint8_t expected = bench.header_size() == kHeader ? 1 : frame[0];
  EXPECT_EQ(bench.host.memory[kIn + kNumBuffersAt], expected);
}

TEST_P(DatapathTest, OffloadsPassThrough) {
  BenchSetup setup = MakeSetup();
  setup.features = setup.features | Features::Of(feature::kCsum, feature::kGuestCsum,
                                                 feature::kGuestTso4, feature::kHostTso4);
  setup.options = "vnet_hdr=on";
  Bench bench(setup);
  const Offload offload{Offload::kNeedsChecksum, Offload::kGsoTcp4, 54, 1448, 34, 16};
  bench.Send(MakeFrame(3000), offload);
  EXPECT_THAT(bench.host.offloads, ElementsAre(offload));
  EXPECT_EQ(bench.device->ReceiveOffloads(), kOffloadChecksum | kOffloadTcp4);
  bench.GiveReceive(kIn, 4000);
  bench.Receive(MakeFrame(3000), offload);
  EXPECT_EQ(bench.host.Load<Offload>(kIn), offload);
}

TEST_P(DatapathTest, NothingLeavesWhileTheLinkIsDown) {
  Bench bench(MakeSetup());
  bench.driver.ReadIsr();
  bench.device->SetLink(LinkState::kDown);
  EXPECT_EQ(bench.driver.ReadIsr(), kIsrQueue | kIsrConfig);
  bench.Send(MakeFrame(64));
  EXPECT_TRUE(bench.host.sent.empty());
  EXPECT_TRUE(bench.IsUsed(1, 0));
  bench.device->SetLink(LinkState::kUp);
  bench.Send(MakeFrame(64));
  EXPECT_EQ(bench.host.sent.size(), 1u);
}

TEST_P(DatapathTest, SavesAndLoads) {
  Bench bench(MakeSetup());
  bench.Send(MakeFrame(64));
  bench.GiveReceive(kIn, 2000);
  ByteVector state(bench.device->StateSize());
  bench.device->Save(state);
  bench.device->Reset();
  ASSERT_TRUE(bench.device->Load(state));
  ByteVector again(bench.device->StateSize());
  bench.device->Save(again);
  EXPECT_EQ(again, state);
  EXPECT_EQ(bench.Receive(MakeFrame(64)), ReceiveResult::kConsumed);
  bench.Send(MakeFrame(80));
  EXPECT_EQ(bench.host.sent.back(), MakeFrame(80));
  state.back() = 7;
  EXPECT_FALSE(bench.device->Load(state));
  state.pop_back();
  EXPECT_FALSE(bench.device->Load(state));
}

}  // namespace
}  // namespace nicreplay::virtio
