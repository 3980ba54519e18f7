// SPDX-License-Identifier: MIT
// The suite's own tools, against figures that were worked out elsewhere.
#include <gtest/gtest.h>

#include "qtest/suite/frames.h"
#include "qtest/suite/suite_target.h"

namespace nicreplay::suite {
namespace {

const ByteVector kEthernetIpv4 = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00};
const ByteVector kEthernetIpv6 = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xdd};

TEST(SuiteFrames, NetworkChecksumOfAKnownHeader) {
  const ByteVector header = {0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
                             0xb8, 0x61, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7};
  ByteVector frame = Joined(kEthernetIpv4, header);
  EXPECT_TRUE(NetworkChecksumHolds(frame));
  frame[20] ^= 1;
  EXPECT_FALSE(NetworkChecksumHolds(frame));
}

TEST(SuiteFrames, TransportChecksumOfKnownPackets) {
  const ByteVector ipv4 = {0x45, 0, 0, 31, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2};
  ByteVector ipv6 = {0x60, 0, 0, 0, 0, 11, 17, 64};
  for (const std::uint8_t last : ByteVector{1, 2}) {
    ipv6 = Joined(ipv6, {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last});
  }
  const ByteVector udp4 = {0, 1, 0, 2, 0, 11, 0x27, 0x70, 'a', 'b', 'c'};
  const ByteVector udp6 = {0, 1, 0, 2, 0, 11, 0xdf, 0xfd, 'a', 'b', 'c'};
  EXPECT_TRUE(TransportChecksumHolds(Joined(Joined(kEthernetIpv4, ipv4), udp4)));
  EXPECT_FALSE(TransportChecksumHolds(Joined(Joined(kEthernetIpv4, ipv4), udp6)));
  EXPECT_TRUE(TransportChecksumHolds(Joined(Joined(kEthernetIpv6, ipv6), udp6)));
  EXPECT_FALSE(TransportChecksumHolds(Joined(Joined(kEthernetIpv6, ipv6), udp4)));
}

TEST(SuiteFrames, TagsAndPadding) {
  const ByteVector frame = MakeFrame(20);
  const ByteVector tagged = Tagged(frame, 0x6123);
  EXPECT_EQ(Slice(tagged, 0, 12), Slice(frame, 0, 12));
  EXPECT_EQ(Be32(tagged, 12), 0x81006123u);
  EXPECT_EQ(Slice(tagged, 16, 8), Slice(frame, 12, 8));
  EXPECT_EQ(Padded(frame), Joined(frame, ByteVector(40)));
}

TEST(SuiteVersions, ColumnOfAName) {
  EXPECT_EQ(VersionIn("QEMU 7.2.22 e1000"), QemuVersion::k7_2);
  EXPECT_EQ(VersionIn("hw/net/e1000.c of QEMU 7.2.22, unmodified"), QemuVersion::k7_2);
  EXPECT_EQ(VersionIn("QEMU 10.0.13 e1000"), QemuVersion::k10_0);
  EXPECT_EQ(VersionIn("hw/net/e1000.c of QEMU 10.2.2, unmodified"), QemuVersion::k10_2);
  EXPECT_EQ(VersionIn("QEMU 8.2.0"), QemuVersion::k10_0);
  EXPECT_EQ(VersionIn("QEMU 11"), QemuVersion::k10_2);
  EXPECT_EQ(VersionIn("a model of its own"), QemuVersion::k7_2);
}

}  // namespace
}  // namespace nicreplay::suite
