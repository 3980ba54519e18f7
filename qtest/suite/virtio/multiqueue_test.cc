// SPDX-License-Identifier: MIT
// Several queues: how many are used, and which one a frame takes.  The network of a live QEMU has
// one queue, so that its device has one pair; steering between more is tried on models.
#include <bit>

#include "qtest/suite/virtio/conformance.h"

namespace nicreplay::virtio {
namespace {

class Multiqueue : public Conformance {
 protected:
  static constexpr Features kMultiqueue = Nic::kUsual | Features::Of(feature::kMq, feature::kRss);

  void StartRss() {
    Restart("mq=on,rss=on");
    nic().Start(kMultiqueue);
  }
  std::uint8_t SetPairs(std::uint16_t pairs) {
    return nic().Command(
        control::kMq, control::kMqPairsSet,
        {static_cast<std::uint8_t>(pairs & 0xff), static_cast<std::uint8_t>(pairs >> 8)});
  }
  std::uint8_t Rss(const ByteVector& config) {
    return nic().Command(control::kMq, control::kMqRssConfig, config);
  }

  // struct virtio_net_rss_config (5.1.6.5.7.1).
  struct RssConfig {
    std::uint32_t hash_types = hash_type::kIpv4 | hash_type::kTcpv4;
    std::uint16_t mask = 1;
    std::uint16_t unclassified = 0;
    std::vector<std::uint16_t> table = {0, 0};
    std::uint16_t pairs = 1;
    std::uint8_t key_size = kRssKeySize;

    ByteVector Bytes() const {
      ByteVector bytes;
      Put(&bytes, hash_types);
      Put(&bytes, mask);
      Put(&bytes, unclassified);
      for (const std::uint16_t entry : table) Put(&bytes, entry);
      Put(&bytes, pairs);
      bytes.push_back(key_size);
      for (std::uint8_t i = 0; i < key_size; ++i) bytes.push_back(kKey[i % kKey.size()]);
      return bytes;
    }

   private:
    template <typename T>
    static void Put(ByteVector* bytes, T value) {
      for (std::size_t i = 0; i < sizeof(T); ++i) {
        bytes->push_back(static_cast<std::uint8_t>(value >> 8 * i));
      }
    }
  };

  // Microsoft's verification key, and what it makes of flows that they published.
  static constexpr std::array<std::uint8_t, kRssKeySize> kKey = {
      0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
      0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
      0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};
  struct Flow {
    std::array<std::uint8_t, 4> source;
    std::array<std::uint8_t, 4> destination;
    std::uint16_t source_port;
    std::uint16_t destination_port;
    std::uint32_t with_ports;
    std::uint32_t addresses_only;
  };
  static constexpr std::array<Flow, 3> kFlows = {{
      {{66, 9, 149, 187}, {161, 142, 100, 80}, 2794, 1766, 0x51ccc178, 0x323e8fc2},
      {{199, 92, 111, 2}, {65, 69, 140, 83}, 14230, 4739, 0xc626b0ea, 0xd718262a},
      {{24, 19, 198, 95}, {12, 22, 207, 184}, 12898, 38024, 0x5c2b394a, 0xd2d0a5de},
  }};
  static ByteVector FrameOf(const Flow& flow, std::uint16_t fragment = 0) {
    ByteVector frame = MakeFrame(80);
    const auto put16 = [&frame](std::size_t at, std::uint16_t value) {
      frame[at] = static_cast<std::uint8_t>(value >> 8);
      frame[at + 1] = static_cast<std::uint8_t>(value);
    };
    put16(12, 0x0800);
    frame[14] = 0x45;
    put16(16, 66);
    put16(20, fragment);
    frame[23] = 6;
    std::copy(flow.source.begin(), flow.source.end(), frame.begin() + 26);
    std::copy(flow.destination.begin(), flow.destination.end(), frame.begin() + 30);
    put16(34, flow.source_port);
    put16(36, flow.destination_port);
    return frame;
  }
  // The first of Microsoft's over IPv6: 3ffe:2501:200:1fff::7 to 3ffe:2501:200:3::1.
  static ByteVector Ipv6Frame() {
    ByteVector frame = MakeFrame(80);
    const ByteVector packet = {
        0x60,      0,           0,         0,          0,    20,   6,    64,  //
        0x3f,      0xfe,        0x25,      0x01,       0x02, 0x00, 0x1f, 0xff,
        0,         0,           0,         0,          0,    0,    0,    7,  //
        0x3f,      0xfe,        0x25,      0x01,       0x02, 0x00, 0x00, 0x03,
        0,         0,           0,         0,          0,    0,    0,    1,  //
        2794 >> 8, 2794 & 0xff, 1766 >> 8, 1766 & 0xff};
    frame[12] = 0x86;
    frame[13] = 0xdd;
    std::copy(packet.begin(), packet.end(), frame.begin() + 14);
    return frame;
  }
};
NICREPLAY_VIRTIO_INSTANCES(Multiqueue, kSplitDriver, kPackedDriver);

TEST_P(Multiqueue, PairsThatExistCanBeChosen) {
  FromVirtio("5.1.6.5.5");
  Restart("mq=on");
  nic().Start(Nic::kUsual | Features::Of(feature::kMq));
  EXPECT_EQ(SetPairs(1), control::kOk);
  for (const std::uint16_t pairs : Words{0, 2, 64, 0x8000, 0xffff}) {
    EXPECT_EQ(SetPairs(pairs), control::kError) << pairs;
  }
}

TEST_P(Multiqueue, PairsNeedTheirTwoBytes) {
  FromQemu();
  Restart("mq=on");
  nic().Start(Nic::kUsual | Features::Of(feature::kMq));
  EXPECT_EQ(nic().Command(control::kMq, control::kMqPairsSet, {1}), control::kError);
  EXPECT_EQ(nic().Command(control::kMq, control::kMqPairsSet, {}), control::kError);
}

TEST_P(Multiqueue, TrafficGoesOnWithOnePair) {
  FromVirtio("5.1.6.5.5");
  Restart("mq=on");
  nic().Start(Nic::kUsual | Features::Of(feature::kMq));
  SetPairs(1);
  const ByteVector frame = MakeFrame(64);
  nic().Send(frame);
  EXPECT_EQ(nic().Sent(), Frames{frame});
  nic().GiveReceive(0, 2000);
  nic().Receive(frame);
  EXPECT_EQ(nic().UsedCount(Nic::kReceiveQueue), 1);
}

TEST_P(Multiqueue, RssIsConfigured) {
  FromVirtio("5.1.6.5.7.1");
  StartRss();
  EXPECT_EQ(Rss(RssConfig().Bytes()), control::kOk);
  nic().GiveReceive(0, 2000);
  nic().Receive(FrameOf(kFlows[0]));
  EXPECT_EQ(nic().UsedCount(Nic::kReceiveQueue), 1);
}

TEST_P(Multiqueue, RssNeedsItsFeature) {
  FromVirtio("5.1.6.5.7.1");
  Restart("mq=on,rss=on");
  nic().Start(Nic::kUsual | Features::Of(feature::kMq));
  EXPECT_EQ(Rss(RssConfig().Bytes()), control::kError);
}

TEST_P(Multiqueue, HashReportsNeedTheirFeature) {
  FromVirtio("5.1.3");
  FromQemu();
  StartRss();
  EXPECT_EQ(nic().Command(control::kMq, control::kMqHashConfig, RssConfig().Bytes()),
            control::kError);
}

TEST_P(Multiqueue, TablesOfAllLengths) {
  FromVirtio("5.1.6.5.7.1");
  StartRss();
  for (std::uint16_t length = 1; length <= kRssTableLength; length *= 2) {
    RssConfig config;
    config.mask = static_cast<std::uint16_t>(length - 1);
    config.table.assign(length, 0);
    EXPECT_EQ(Rss(config.Bytes()), control::kOk) << length;
  }
}

TEST_P(Multiqueue, TablesThatAreNoPowerOfTwoOrTooLong) {
  FromVirtio("5.1.6.5.7.1");
  StartRss();
  for (const std::uint16_t length : Words{3, 5, 127, 256, 0x8000}) {
    RssConfig config;
    config.mask = static_cast<std::uint16_t>(length - 1);
    config.table.assign(length, 0);
    EXPECT_EQ(Rss(config.Bytes()), control::kError) << length;
  }
  RssConfig config;
  config.mask = 0xffff;
  EXPECT_EQ(Rss(config.Bytes()), control::kError);
}

TEST_P(Multiqueue, QueueForTheUnclassifiedExists) {
  FromVirtio("5.1.6.5.7.1");
  StartRss();
  for (const std::uint16_t queue : Words{1, 2, 0xffff}) {
    RssConfig config;
    config.unclassified = queue;
    EXPECT_EQ(Rss(config.Bytes()), control::kError) << queue;
  }
}

TEST_P(Multiqueue, EntriesBeyondTheQueuesDoNoHarm) {
  FromBug("RSS table value used as a queue index");
  FromQemu();
  StartRss();
  RssConfig config;
  config.table = {7, 0xffff};
  Rss(config.Bytes());
  nic().GiveReceive(0, 2000);
  nic().Receive(FrameOf(kFlows[0]));
  EXPECT_EQ(nic().UsedCount(Nic::kReceiveQueue), 1);
  EXPECT_FALSE(nic().NeedsReset());
}

TEST_P(Multiqueue, PairsOfRssExist) {
  FromVirtio("5.1.6.5.7.1");
  StartRss();
  for (const std::uint16_t pairs : Words{0, 2, 0xffff}) {
    RssConfig config;
    config.pairs = pairs;
    EXPECT_EQ(Rss(config.Bytes()), control::kError) << pairs;
  }
}

TEST_P(Multiqueue, KeysOfAllLengths) {
  FromVirtio("5.1.6.5.7.1");
  FromQemu();
  StartRss();
  for (const std::uint8_t size : ByteVector{1, 8, 39, 40, 41, 255}) {
    RssConfig config;
    config.key_size = size;
    EXPECT_EQ(Rss(config.Bytes()), size <= kRssKeySize ? control::kOk : control::kError)
        << int{size};
  }
}

TEST_P(Multiqueue, NoKeyOnlyWithoutHashes) {
  FromVirtio("5.1.6.5.7.1");
  FromQemu();
  StartRss();
  RssConfig config;
  config.key_size = 0;
  EXPECT_EQ(Rss(config.Bytes()), control::kError);
  config.hash_types = 0;
  EXPECT_EQ(Rss(config.Bytes()), control::kOk);
}

TEST_P(Multiqueue, ConfigurationsCutShortAreRefused) {
  FromVirtio("5.1.6.5.7.1");
  StartRss();
  const ByteVector whole = RssConfig().Bytes();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    ASSERT_EQ(Rss(Slice(whole, 0, size)), control::kError) << size;
  }
  EXPECT_EQ(Rss(whole), control::kOk);
}

TEST_P(Multiqueue, ControlQueueIsBehindAllPairs) {
  FromVirtio("5.1.2");
  if (!RestartModel("mq=on,queue_pairs=4")) GTEST_SKIP() << "QEMU's network has one queue";
  nic().Start(Nic::kUsual | Features::Of(feature::kMq), 4);
  EXPECT_EQ(nic().Common(common::kNumQueues, 2), 9u);
  EXPECT_EQ(nic().DeviceConfig(8, 2), 4u);
  EXPECT_EQ(SetPairs(4), control::kOk);
  EXPECT_EQ(SetPairs(5), control::kError);
  nic().Start();
  EXPECT_EQ(nic().Common(common::kNumQueues, 2), 3u) << "without the feature";
  EXPECT_EQ(nic().Command(control::kRx, control::kRxPromisc, {1}), control::kOk);
}

TEST_P(Multiqueue, OnlyTheFirstPairUntilMoreAreChosen) {
  FromVirtio("5.1.6.5.5");
  if (!RestartModel("mq=on,queue_pairs=4")) GTEST_SKIP() << "QEMU's network has one queue";
  nic().Start(Nic::kUsual | Features::Of(feature::kMq), 4);
  for (std::uint16_t pair = 0; pair < 4; ++pair) {
    for (std::uint32_t i = 0; i < 4; ++i) nic().Give(2 * pair, {{Nic::In(0), 2000, true}});
  }
  for (const Flow& flow : kFlows) nic().Receive(FrameOf(flow));
  EXPECT_EQ(nic().UsedCount(0), 3);
}

// A flow comes back where the driver sent it from.
TEST_P(Multiqueue, FlowsFollowTheDriversChoice) {
  FromVirtio("5.1.6.5.5.1");
  if (!RestartModel("mq=on,queue_pairs=4")) GTEST_SKIP() << "QEMU's network has one queue";
  nic().Start(Nic::kUsual | Features::Of(feature::kMq), 4);
  SetPairs(4);
  for (std::uint16_t pair = 0; pair < 4; ++pair) {
    nic().Give(2 * pair, {{Nic::In(0), 2000, true}});
  }
  const ByteVector packet = Joined(ByteVector(nic().header_size()), FrameOf(kFlows[0]));
  nic().Poke(Nic::kOut, packet);
  nic().Give(5, {{Nic::kOut, static_cast<std::uint32_t>(packet.size()), false}});
  Flow back = kFlows[0];
  std::swap(back.source, back.destination);
  std::swap(back.source_port, back.destination_port);
  nic().Receive(FrameOf(back));
  EXPECT_EQ(nic().UsedCount(4), 1);
}

TEST_P(Multiqueue, RssChoosesByTheHash) {
  FromVirtio("5.1.6.4.3, 5.1.6.5.7.1");
  if (!RestartModel("mq=on,rss=on,queue_pairs=4")) GTEST_SKIP() << "QEMU's network has one queue";
  nic().Start(kMultiqueue, 4);
  RssConfig config;
  config.mask = 3;
  config.table = {0, 1, 2, 3};
  config.unclassified = 3;
  config.pairs = 4;
  ASSERT_EQ(Rss(config.Bytes()), control::kOk);
  for (std::uint16_t pair = 0; pair < 4; ++pair) {
    for (std::uint32_t i = 0; i < 4; ++i) nic().Give(2 * pair, {{Nic::In(0), 2000, true}});
  }
  std::array<std::uint16_t, 4> expected{};
  for (const Flow& flow : kFlows) {
    nic().Receive(FrameOf(flow));
    ++expected[flow.with_ports & 3];
  }
  // The ports of a fragment are not known; what is no IP goes where it was told to.
  nic().Receive(FrameOf(kFlows[0], 0x2000));
  ++expected[kFlows[0].addresses_only & 3];
  nic().Receive(MakeFrame(64));
  ++expected[3];
  for (std::uint16_t pair = 0; pair < 4; ++pair) {
    EXPECT_EQ(nic().UsedCount(2 * pair), expected[pair]) << pair;
  }
}

TEST_P(Multiqueue, HashIsReported) {
  FromVirtio("5.1.6.4.3, 5.1.6.4.3.4");
  if (!RestartModel("hash=on,vnet_hdr=on")) GTEST_SKIP() << "QEMU needs a network with offloads";
  nic().Start(Nic::kUsual | Features::Of(feature::kHashReport));
  ASSERT_EQ(nic().header_size(), kHashHeader);
  RssConfig config;
  config.hash_types |= hash_type::kTcpv6;
  config.mask = 0;
  config.table = {0};
  ASSERT_EQ(nic().Command(control::kMq, control::kMqHashConfig, config.Bytes()), control::kOk);
  std::uint16_t number = 0;
  const auto report_of = [&](const ByteVector& frame) {
    nic().GiveReceive(number, 2000);
    nic().Receive(frame);
    return nic().Load<HashReport>(Nic::In(number++) + kHashAt);
  };
  for (const Flow& flow : kFlows) {
    const HashReport report = report_of(FrameOf(flow));
    EXPECT_EQ(report.value, flow.with_ports);
    EXPECT_EQ(report.report, 2) << "TCPv4";
    const HashReport fragment = report_of(FrameOf(flow, 0x2000));
    EXPECT_EQ(fragment.value, flow.addresses_only);
    EXPECT_EQ(fragment.report, 1) << "IPv4";
  }
  EXPECT_EQ(report_of(MakeFrame(64)).report, 0);
  const HashReport report = report_of(Ipv6Frame());
  EXPECT_EQ(report.value, 0x40207d3du);
  EXPECT_EQ(report.report, 5) << "TCPv6";
}

}  // namespace
}  // namespace nicreplay::virtio
