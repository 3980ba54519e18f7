// SPDX-License-Identifier: MIT
#include "models/net/describe_frame.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace nicreplay {
namespace {

using Buffer = std::vector<std::uint8_t>;

Buffer FromHex(std::string_view hex) {
  Buffer bytes;
  std::string digits;
  for (const char c : hex) {
    if (c == ' ') continue;
    digits += c;
    if (digits.size() < 2) continue;
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(digits, nullptr, 16)));
    digits.clear();
  }
  return bytes;
}

const std::string kMacs = "525400123456 525500000002 ";
const std::string kTcp4 = "4500 05dc 0001 4000 4006 0000 0a00020f 0a000202 ";
const std::string kTcp =
    "1389 002c 00000001 00000002 8012 ffff 0000 0000 0101 0101 0101 0101 0101 0101 ";
const std::string kUdp = "0044 0043 0010 0000 0102030405060708 ";

std::string Text(const std::string& hex) { return DescribeFrame(FromHex(hex)); }

TEST(DescribeFrame, Arp) {
  const std::string arp = kMacs + "0806 0001 0800 06 04 ";
  EXPECT_EQ(Text(arp + "0001 525400123456 0a00020f 000000000000 0a000202"),
            "ARP who-has 10.0.2.2 tell 10.0.2.15");
  EXPECT_EQ(Text(arp + "0002 525500000002 0a000202 525400123456 0a00020f 0000"),
            "ARP 10.0.2.2 is-at 52:55:00:00:00:02");
  EXPECT_EQ(Text(arp + "0003 525500000002 0a000202 525400123456 0a00020f"),
            "ARP operation 3 from 10.0.2.2");
}

TEST(DescribeFrame, Tcp) {
  EXPECT_EQ(Text(kMacs + "0800" + kTcp4 + kTcp),
            "IPv4 TCP 10.0.2.15:5001 > 10.0.2.2:44 [SA] seq 1 ack 2 len 1448");
}

// Padding is not payload; a total length of 0 means the rest of the frame.
TEST(DescribeFrame, LengthIsTheHeaders) {
  const std::string start = kMacs + "0800 4500 ";
  const std::string rest =
      " 0001 4000 4006 0000 0a00020f 0a000202 0001 0002 00000003 00000000 50"
      "18 ffff 0000 0000 ";
  EXPECT_EQ(Text(start + "0028" + rest + "000000000000"),
            "IPv4 TCP 10.0.2.15:1 > 10.0.2.2:2 [PA] seq 3 ack 0 len 0");
  EXPECT_EQ(Text(start + "0000" + rest + "aabbcc"),
            "IPv4 TCP 10.0.2.15:1 > 10.0.2.2:2 [PA] seq 3 ack 0 len 3");
}

TEST(DescribeFrame, UdpIcmpAndOthers) {
  EXPECT_EQ(Text(kMacs + "0800 4500 0024 0001 0000 4011 0000 00000000 ffffffff" + kUdp),
            "IPv4 UDP 0.0.0.0:68 > 255.255.255.255:67 len 8");
  EXPECT_EQ(
      Text(kMacs + "0800 4500 001c 0001 0000 4001 0000 0a00020f 0a000202 0800 0000 0102 0003"),
      "IPv4 ICMP 10.0.2.15 > 10.0.2.2 echo request id 258 seq 3");
  EXPECT_EQ(
      Text(kMacs + "0800 4500 001c 0001 0000 4001 0000 0a00020f 0a000202 0303 0000 0102 0003"),
      "IPv4 ICMP 10.0.2.15 > 10.0.2.2 type 3 code 3");
  EXPECT_EQ(Text(kMacs + "0800 4500 0018 0001 0000 402f 0000 0a00020f 0a000202 00000000"),
            "IPv4 10.0.2.15 > 10.0.2.2 protocol 47 len 4");
}

TEST(DescribeFrame, Fragments) {
  EXPECT_EQ(Text(kMacs + "0800 4500 0024 0001 2000 4011 0000 00000000 ffffffff" + kUdp),
            "IPv4 UDP 0.0.0.0:68 > 255.255.255.255:67 len 8 first fragment");
  EXPECT_EQ(Text(kMacs + "0800 4500 0024 0001 2002 4011 0000 00000000 ffffffff" + kUdp),
            "IPv4 0.0.0.0 > 255.255.255.255 protocol 17 fragment at 16 len 16");
}

const std::string kAddresses6 =
    "fe80000000000000000000000000000f ff020000000000000000000000000002 ";

TEST(DescribeFrame, Ip6) {
  EXPECT_EQ(Text(kMacs + "86dd 60000000 0010 3a ff " + kAddresses6 +
                 "8500 0000 00000000 0000000000000000"),
            "IPv6 ICMPv6 fe80::f > ff02::2 type 133 code 0");
  EXPECT_EQ(Text(kMacs + "86dd 60000000 0010 11 ff " + kAddresses6 + kUdp),
            "IPv6 UDP [fe80::f]:68 > [ff02::2]:67 len 8");
  EXPECT_EQ(Text(kMacs + "86dd 60000000 0018 00 ff " + kAddresses6 + "1100 010400000000" + kUdp),
            "IPv6 UDP [fe80::f]:68 > [ff02::2]:67 len 8");
}

TEST(DescribeFrame, Ip6ExtensionHeaders) {
  const std::string tcp = "0001 0002 00000003 00000000 5002 ffff 0000 0000 aabb";
  EXPECT_EQ(Text(kMacs + "86dd 60000000 001e 00 ff " + kAddresses6 + "0600 010400000000" + tcp),
            "IPv6 TCP [fe80::f]:1 > [ff02::2]:2 [S] seq 3 len 2");
  EXPECT_EQ(Text(kMacs + "86dd 60000000 0018 00 ff " + kAddresses6 + "1103 010400000000" + kUdp),
            "IPv6 fe80::f > ff02::2 protocol 0 len 24");
  EXPECT_EQ(Text(kMacs + "86dd 60000000 0018 2c ff " + kAddresses6 + "1100 0008 00000000" + kUdp),
            "IPv6 fe80::f > ff02::2 protocol 44 len 24");
}

TEST(DescribeFrame, Tags) {
  const std::string arp = "0806 0001 0800 06 04 0001 525400123456 0a00020f 000000000000 0a000202";
  EXPECT_EQ(Text(kMacs + "8100 0064" + arp), "VLAN 100 ARP who-has 10.0.2.2 tell 10.0.2.15");
  EXPECT_EQ(Text(kMacs + "88a8 600a 8100 0064" + arp),
            "VLAN 10 priority 3 VLAN 100 ARP who-has 10.0.2.2 tell 10.0.2.15");
}

TEST(DescribeFrame, WhatItDoesNotKnow) {
  EXPECT_EQ(Text(kMacs + "88cc 0102"),
            "ethertype 0x88cc 52:55:00:00:00:02 > 52:54:00:12:34:56 len 2");
  EXPECT_EQ(Text("5254"), "2 bytes, no Ethernet header");
  EXPECT_EQ(DescribeFrame({}), "0 bytes, no Ethernet header");
  EXPECT_EQ(Text(kMacs + "0800 4500"),
            "ethertype 0x0800 52:55:00:00:00:02 > 52:54:00:12:34:56 len 2");
}

TEST(DescribeFrame, BadLengths) {
  EXPECT_EQ(Text(kMacs + "0800 4400 0024 0001 0000 4011 0000 00000000 ffffffff" + kUdp),
            "IPv4 0.0.0.0 > 255.255.255.255 bad header length");
  EXPECT_EQ(Text(kMacs + "0800 4500 0010 0001 0000 4011 0000 00000000 ffffffff" + kUdp),
            "IPv4 0.0.0.0 > 255.255.255.255 bad header length");
  EXPECT_EQ(
      Text(kMacs + "0800 4500 001c 0001 0000 4011 0000 00000000 ffffffff 0044 0043 0007 0000"),
      "IPv4 UDP 0.0.0.0:68 > 255.255.255.255:67 bad length 7");
}

// For the sanitizers: prefixes and bit flips of every frame form.
TEST(DescribeFrame, SafeOnGarbage) {
  const Buffer frames[] = {
      FromHex(kMacs + "0800" + kTcp4 + kTcp),
      FromHex(kMacs + "8100 0064 86dd 60000000 0018 00 ff " + kAddresses6 + "2c00 010400000000" +
              "1100000000000000" + kUdp),
      FromHex(kMacs + "0806 0001 0800 06 04 0001 525400123456 0a00020f 000000000000 0a000202"),
  };
  std::mt19937 random(5);
  for (int round = 0; round < 20000; ++round) {
    Buffer bytes = frames[round % 3];
    for (std::size_t flips = random() % 4; flips > 0; --flips) {
      bytes[12 + random() % (bytes.size() - 12)] = static_cast<std::uint8_t>(random() >> 9);
    }
    bytes.resize(random() % (bytes.size() + 1));
    bytes.shrink_to_fit();
    const std::string text = DescribeFrame(bytes);
    ASSERT_FALSE(text.empty());
    ASSERT_LT(text.size(), 300u);
  }
}

}  // namespace
}  // namespace nicreplay
