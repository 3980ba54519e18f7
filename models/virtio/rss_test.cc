// SPDX-License-Identifier: MIT
// Hashing, with the vectors that Microsoft publishes for RSS, and what a device does with hashes.
#include "models/virtio/rss.h"

#include <algorithm>

#include "models/virtio/test_bench.h"

namespace nicreplay::virtio {
namespace {

constexpr GuestAddress kIn = Bench::kBuffers + 0x20000;

constexpr std::array<std::uint8_t, kRssKeySize> kKey = {
    0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
    0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
    0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};

constexpr std::uint32_t kHashTcp4 = 0x51ccc178;
constexpr std::uint32_t kHashIp4 = 0x323e8fc2;
constexpr std::uint32_t kHashTcp6 = 0x40207d3d;
constexpr std::uint32_t kHashIp6 = 0x2cc18cd5;

constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;

// Ports 2794 to 1766.
void AppendPorts(ByteVector* frame) {
  frame->insert(frame->end(), {0x0a, 0xea, 0x06, 0xe6});
  frame->resize(frame->size() + 16);
}

// 66.9.149.187 to 161.142.100.80.
ByteVector Ipv4(std::uint8_t protocol, std::uint8_t fragment = 0) {
  ByteVector frame(12);
  frame.insert(frame.end(), {0x08, 0x00, 0x45, 0, 0, 60, 0, 0, fragment, 0, 64, protocol, 0, 0});
  frame.insert(frame.end(), {66, 9, 149, 187, 161, 142, 100, 80});
  AppendPorts(&frame);
  return frame;
}

// 3ffe:2501:200:1fff::7 to 3ffe:2501:200:3::1, with these headers before TCP.
ByteVector Ipv6(std::uint8_t next, const ByteVector& extensions = {}) {
  ByteVector frame(12);
  frame.insert(frame.end(), {0x86, 0xdd, 0x60, 0, 0, 0, 0, 20, next, 64});
  frame.insert(frame.end(), {0x3f, 0xfe, 0x25, 1, 2, 0, 0x1f, 0xff, 0, 0, 0, 0, 0, 0, 0, 7});
  frame.insert(frame.end(), {0x3f, 0xfe, 0x25, 1, 2, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 1});
  frame.insert(frame.end(), extensions.begin(), extensions.end());
  AppendPorts(&frame);
  return frame;
}

Hashed Hash(const ByteVector& frame, std::uint32_t types) {
  RssConfig config;
  config.hash_types = types;
  config.key = kKey;
  return HashFlow(ParseFlow(frame), config);
}

TEST(RssTest, HashesAreThoseThatMicrosoftPublishes) {
  EXPECT_EQ(Hash(Ipv4(kTcp), hash_type::kAll).value, kHashTcp4);
  EXPECT_EQ(Hash(Ipv4(kTcp), hash_type::kIpv4).value, kHashIp4);
  EXPECT_EQ(Hash(Ipv6(kTcp), hash_type::kTcpv6).value, kHashTcp6);
  EXPECT_EQ(Hash(Ipv6(kTcp), hash_type::kIpv6).value, kHashIp6);
}

TEST(RssTest, TheMostSpecificTypeIsReported) {
  EXPECT_EQ(Hash(Ipv4(kTcp), hash_type::kAll).report, 2);
  EXPECT_EQ(Hash(Ipv4(kUdp), hash_type::kAll).report, 3);
  EXPECT_EQ(Hash(Ipv4(1), hash_type::kAll).report, 1);
  EXPECT_EQ(Hash(Ipv4(kUdp), hash_type::kTcpv4).report, 0);
  EXPECT_EQ(Hash(Ipv6(kTcp), hash_type::kAll).report, 8);
  EXPECT_EQ(Hash(Ipv6(kTcp), hash_type::kTcpv6 | hash_type::kIpv6).report, 5);
  EXPECT_EQ(Hash(Ipv6(kUdp), hash_type::kAll).report, 9);
  EXPECT_EQ(Hash(Ipv6(kUdp), hash_type::kUdpv6).report, 6);
  EXPECT_EQ(Hash(Ipv6(1), hash_type::kAll).report, 7);
  EXPECT_EQ(Hash(Ipv6(1), hash_type::kIpv6).report, 4);
  EXPECT_EQ(Hash(MakeFrame(60), hash_type::kAll).report, 0);
}

TEST(RssTest, FragmentsHaveNoPorts) {
  EXPECT_EQ(Hash(Ipv4(kTcp, 0x20), hash_type::kAll).value, kHashIp4);
  ByteVector fragment(8);
  fragment[0] = kTcp;
  EXPECT_EQ(Hash(Ipv6(44, fragment), hash_type::kAll).report, 7);
  EXPECT_EQ(Hash(Ipv6(44, fragment), hash_type::kAll).value, kHashIp6);
}

TEST(RssTest, TagsAndExtensionHeadersAreStepped) {
  ByteVector tagged = Ipv4(kTcp);
  const std::uint8_t tag[] = {0x81, 0, 0, 5};
  tagged.insert(tagged.begin() + 12, std::begin(tag), std::end(tag));
  EXPECT_EQ(Hash(tagged, hash_type::kAll).value, kHashTcp4);
  ByteVector options(16);
  options[0] = kTcp;
  options[1] = 1;
  EXPECT_EQ(Hash(Ipv6(0, options), hash_type::kAll).value, kHashTcp6);
}

TEST(RssTest, ExtendedTypesTakeAddressesFromExtensionHeaders) {
  const ByteVector plain = Ipv6(kTcp);
  // Another source as home address, another destination in a routing header.
  ByteVector headers = {43, 2, 0, 0, 1, 0, 0xc9, 16};
  headers.insert(headers.end(), plain.begin() + 22, plain.begin() + 38);
  headers.insert(headers.end(), {kTcp, 2, 2, 1, 0, 0, 0, 0});
  headers.insert(headers.end(), plain.begin() + 38, plain.begin() + 54);
  ByteVector frame = Ipv6(60, headers);
  frame[37] = 0x77;
  frame[53] = 0x77;
  EXPECT_EQ(Hash(frame, hash_type::kTcpEx).value, kHashTcp6);
  EXPECT_NE(Hash(frame, hash_type::kTcpv6).value, kHashTcp6);
}

TEST(RssTest, FramesThatEndEarlyAreNoTrouble) {
  for (const ByteVector& whole :
       {Ipv4(kTcp), Ipv6(0, ByteVector(24)), Ipv6(60, ByteVector(24, 3))}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      Hash({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)}, hash_type::kAll);
    }
  }
}

ByteVector Config(std::uint32_t types, const std::vector<std::uint16_t>& table,
                  std::uint16_t unclassified, std::uint16_t pairs) {
  ByteVector bytes;
  const auto append16 = [&](std::size_t value) {
    bytes.push_back(static_cast<std::uint8_t>(value));
    bytes.push_back(static_cast<std::uint8_t>(value >> 8));
  };
  append16(types);
  append16(0);
  append16(table.size() - 1);
  append16(unclassified);
  for (const std::uint16_t queue : table) append16(queue);
  append16(pairs);
  bytes.push_back(kRssKeySize);
  bytes.insert(bytes.end(), kKey.begin(), kKey.end());
  return bytes;
}

BenchSetup WithQueues() {
  BenchSetup setup;
  setup.options = "mq=on,rss=on,hash=on,queue_pairs=4,vnet_hdr=on";
  return setup;
}

// Two queue pairs and the control queue of four, driven by hand.
class SteeringTest : public testing::Test {
 protected:
  SteeringTest() : bench_(WithQueues()) {
    bench_.driver.Negotiate(Features::Of(feature::kVersion1, feature::kMac, feature::kCtrlVq,
                                         feature::kMq, feature::kRss));
    for (const std::uint16_t queue : std::initializer_list<std::uint16_t>{0, 1, 2, 3, 8}) {
      const std::size_t slot = queue == 8 ? 4 : queue;
      rings_[slot] = DriverRing(DriverRing::Format::kSplit, 0x10000 + slot * 0x4000, 64);
      rings_[slot].Clear(bench_.host);
      bench_.driver.SetUpQueue(queue, rings_[slot], kNoVector);
    }
    bench_.driver.Start();
    for (const std::uint16_t queue : std::initializer_list<std::uint16_t>{0, 2}) {
      for (std::uint32_t i = 0; i < 4; ++i) {
        const DriverPiece piece{kIn + queue * 0x4000u + i * 0x800, 0x800, true};
        rings_[queue].Add(bench_.host, {&piece, 1});
      }
      rings_[queue].Publish(bench_.host);
    }
  }

  std::uint8_t Command(std::uint8_t command, const ByteVector& data) {
    ByteVector bytes = {control::kMq, command};
    bytes.insert(bytes.end(), data.begin(), data.end());
    bench_.host.WriteMemory(Bench::kBuffers, bytes);
    const DriverPiece pieces[] = {
        {Bench::kBuffers, static_cast<std::uint32_t>(bytes.size()), false},
        {Bench::kBuffers + 0x8000, 1, true}};
    rings_[4].Add(bench_.host, pieces);
    rings_[4].Publish(bench_.host);
    bench_.driver.Notify(8);
    return bench_.host.memory[Bench::kBuffers + 0x8000];
  }
  int Received(std::size_t ring) const {
    return bench_.host.Load<std::uint16_t>(rings_[ring].device_area() + kRingIndex);
  }

  Bench bench_;
  std::array<DriverRing, 5> rings_;
};

TEST_F(SteeringTest, QueuePairsAreSwitchedOn) {
  EXPECT_EQ(Command(control::kMqPairsSet, {2, 0}), control::kOk);
  for (const std::uint8_t pairs : std::initializer_list<std::uint8_t>{0, 5}) {
    EXPECT_EQ(Command(control::kMqPairsSet, {pairs, 0}), control::kError);
  }
  EXPECT_EQ(Command(control::kMqPairsSet, {1}), control::kError);
  EXPECT_EQ(Command(3, {1, 0}), control::kError);
}

TEST_F(SteeringTest, AnswersComeBackToTheQueueThatSent) {
  ASSERT_EQ(Command(control::kMqPairsSet, {2, 0}), control::kOk);
  EXPECT_EQ(bench_.Receive(Ipv4(kTcp)), ReceiveResult::kConsumed);
  EXPECT_EQ(Received(0), 1);
  ByteVector packet(kHeader);
  ByteVector answered = Ipv4(kTcp);
  std::swap_ranges(&answered[26], &answered[30], &answered[30]);
  packet.insert(packet.end(), answered.begin(), answered.end());
  bench_.host.WriteMemory(Bench::kBuffers, packet);
  const DriverPiece piece{Bench::kBuffers, static_cast<std::uint32_t>(packet.size()), false};
  rings_[3].Add(bench_.host, {&piece, 1});
  rings_[3].Publish(bench_.host);
  bench_.driver.Notify(3);
  EXPECT_EQ(bench_.Receive(Ipv4(kTcp)), ReceiveResult::kConsumed);
  EXPECT_EQ(Received(2), 1);
}

TEST_F(SteeringTest, TheIndirectionTableChooses) {
  const std::uint16_t at = kHashTcp4 & 3;
  std::vector<std::uint16_t> table(4);
  table[at] = 1;
  ASSERT_EQ(Command(control::kMqRssConfig, Config(hash_type::kAll, table, 0, 2)), control::kOk);
  EXPECT_EQ(bench_.Receive(Ipv4(kTcp)), ReceiveResult::kConsumed);
  EXPECT_EQ(Received(2), 1);
  EXPECT_EQ(bench_.Receive(MakeFrame(60)), ReceiveResult::kConsumed);
  EXPECT_EQ(Received(0), 1);
  // A value of the table that is no queue in use stays inside of those that are.
  table[at] = 0xffff;
  ASSERT_EQ(Command(control::kMqRssConfig, Config(hash_type::kAll, table, 0, 2)), control::kOk);
  EXPECT_EQ(bench_.Receive(Ipv4(kTcp)), ReceiveResult::kConsumed);
  EXPECT_EQ(Received(2), 2);
}

TEST_F(SteeringTest, ImpossibleConfigurationsAreRefused) {
  const std::uint32_t all = hash_type::kAll;
  const auto refused = [&](const ByteVector& config) {
    return Command(control::kMqRssConfig, config) == control::kError;
  };
  EXPECT_TRUE(refused(Config(all, std::vector<std::uint16_t>(3), 0, 2)));
  EXPECT_TRUE(refused(Config(all, std::vector<std::uint16_t>(256), 0, 2)));
  EXPECT_TRUE(refused(Config(all, {0}, 4, 2)));
  EXPECT_TRUE(refused(Config(all, {0}, 0, 0)));
  EXPECT_TRUE(refused(Config(all, {0}, 0, 5)));
  ByteVector long_key = Config(all, {0}, 0, 2);
  long_key[12] = 41;
  long_key.resize(200);
  EXPECT_TRUE(refused(long_key));
  ByteVector no_key = Config(all, {0}, 0, 2);
  no_key[12] = 0;
  EXPECT_TRUE(refused(no_key));
  const ByteVector good = Config(all, {0, 1}, 0, 2);
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_TRUE(refused({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)})) << size;
  }
  EXPECT_FALSE(refused(good));
  ByteVector off = Config(0, {0}, 0, 2);
  off[12] = 0;
  EXPECT_FALSE(refused(off));
  EXPECT_EQ(Command(control::kMqHashConfig, good), control::kError);
}

TEST(HashReportTest, TheHeaderCarriesTheHash) {
  BenchSetup setup;
  setup.options = "hash=on,vnet_hdr=on";
  setup.features = Features::Of(feature::kMac, feature::kCtrlVq, feature::kHashReport);
  Bench bench(setup);
  ByteVector config = Config(hash_type::kTcpv4, {0}, 0, 0);
  EXPECT_EQ(bench.Command(control::kMq, control::kMqHashConfig, config), control::kOk);
  bench.GiveReceive(kIn, 2000);
  EXPECT_EQ(bench.Receive(Ipv4(kTcp)), ReceiveResult::kConsumed);
  EXPECT_EQ(bench.host.Load<std::uint32_t>(kIn + kHashAt), kHashTcp4);
  EXPECT_EQ(bench.host.Load<std::uint32_t>(kIn + kHashAt + 4), 2u);
  const ByteVector frame = Ipv4(kTcp);
  EXPECT_EQ(bench.Memory(kIn + kHashHeader, frame.size()), frame);
  bench.GiveReceive(kIn, 2000);
  EXPECT_EQ(bench.Receive(Ipv4(kUdp)), ReceiveResult::kConsumed);
  EXPECT_EQ(bench.host.Load<std::uint64_t>(kIn + kHashAt), 0u);
}

}  // namespace
}  // namespace nicreplay::virtio
