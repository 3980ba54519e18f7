// SPDX-License-Identifier: MIT
#include "models/net/describe_frame.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>

namespace nicreplay {
namespace {

constexpr std::size_t kMacSize = 6;
constexpr std::size_t kEthernetSize = 14;
constexpr std::size_t kArpSize = 28;
constexpr std::size_t kIp4Size = 20;
constexpr std::size_t kIp6Size = 40;
constexpr std::size_t kUdpSize = 8;
constexpr std::size_t kTcpSize = 20;
constexpr int kMaxTags = 2;        // 802.1ad
constexpr int kMaxExtensions = 8;  // IPv6 extension headers worth following

enum EtherType : std::uint16_t {
  kIp4 = 0x0800,
  kArp = 0x0806,
  kVlan = 0x8100,
  kIp6 = 0x86dd,
  kServiceVlan = 0x88a8,
};

enum Protocol : std::uint8_t {
  kHopByHop = 0,
  kIcmp = 1,
  kTcp = 6,
  kUdp = 17,
  kRouting = 43,
  kFragment = 44,
  kIcmp6 = 58,
  kDestination = 60,
};

std::uint16_t Be16(Bytes bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}
std::uint32_t Be32(Bytes bytes, std::size_t at) {
  return std::uint32_t{Be16(bytes, at)} << 16 | Be16(bytes, at + 2);
}

std::string Mac(Bytes bytes) {
  return fmt::format("{:02x}", fmt::join(bytes.first(kMacSize), ":"));
}
std::string Ip4(Bytes bytes) { return fmt::format("{}", fmt::join(bytes.first(4), ".")); }
std::string Ip6(Bytes bytes) {
  char text[INET6_ADDRSTRLEN];
  return inet_ntop(AF_INET6, bytes.data(), text, sizeof text);
}

// Where a packet of a layer goes, and what it carries as far as the frame has it.
struct Route {
  std::string name;  // "IPv4"
  std::string from;
  std::string to;
  std::uint8_t protocol;
  Bytes payload;
  std::size_t claimed;  // bytes of payload that the header says
};

std::string WithPorts(const Route& route) {
  const char* left = route.name == "IPv6" ? "[" : "";
  const char* right = route.name == "IPv6" ? "]" : "";
  return fmt::format("{}{}{}:{} > {}{}{}:{}", left, route.from, right, Be16(route.payload, 0), left,
                     route.to, right, Be16(route.payload, 2));
}

std::string DescribeTcp(const Route& route) {
  const Bytes tcp = route.payload;
  const std::size_t header = std::size_t{4} * (tcp[12] >> 4);
  std::string flags;
  for (int bit = 0; bit < 8; ++bit) {
    if ((tcp[13] >> bit & 1) != 0) flags += "FSRPAUEC"[bit];
  }
  std::string text =
      fmt::format("{} TCP {} [{}] seq {}", route.name, WithPorts(route), flags, Be32(tcp, 4));
  if ((tcp[13] & 0x10) != 0) text += fmt::format(" ack {}", Be32(tcp, 8));
  if (header < kTcpSize || header > route.claimed) return text + " bad header length";
  return text + fmt::format(" len {}", route.claimed - header);
}

std::string DescribeUdp(const Route& route) {
  const std::size_t length = Be16(route.payload, 4);
  std::string text = fmt::format("{} UDP {}", route.name, WithPorts(route));
  if (length < kUdpSize) return text + fmt::format(" bad length {}", length);
  return text + fmt::format(" len {}", length - kUdpSize);
}

std::string DescribeIcmp(const Route& route) {
  const bool six = route.protocol == kIcmp6;
  const std::uint8_t type = route.payload[0];
  std::string text =
      fmt::format("{} {} {} > {}", route.name, six ? "ICMPv6" : "ICMP", route.from, route.to);
  const bool request = type == (six ? 128 : 8);
  const bool reply = type == (six ? 129 : 0);
  if (!request && !reply) return text + fmt::format(" type {} code {}", type, route.payload[1]);
  return text + fmt::format(" echo {} id {} seq {}", request ? "request" : "reply",
                            Be16(route.payload, 4), Be16(route.payload, 6));
}

std::string DescribeTransport(const Route& route) {
  const std::size_t have = route.payload.size();
  if (route.protocol == kTcp && have >= kTcpSize) return DescribeTcp(route);
  if (route.protocol == kUdp && have >= kUdpSize) return DescribeUdp(route);
  if ((route.protocol == kIcmp || route.protocol == kIcmp6) && have >= 8)
    return DescribeIcmp(route);
  return fmt::format("{} {} > {} protocol {} len {}", route.name, route.from, route.to,
                     route.protocol, route.claimed);
}

std::string DescribeArp(Bytes arp) {
  const std::uint16_t operation = Be16(arp, 6);
  const std::string sender = Ip4(arp.subspan(14));
  if (operation == 1) {
    return fmt::format("ARP who-has {} tell {}", Ip4(arp.subspan(24)), sender);
  }
  if (operation == 2) return fmt::format("ARP {} is-at {}", sender, Mac(arp.subspan(8)));
  return fmt::format("ARP operation {} from {}", operation, sender);
}

std::string DescribeIp4(Bytes packet) {
  const std::size_t header = std::size_t{4} * (packet[0] & 0xf);
  // A super-frame may leave the total length 0.
  const std::size_t total = Be16(packet, 2) != 0 ? Be16(packet, 2) : packet.size();
  Route route{"IPv4", Ip4(packet.subspan(12)), Ip4(packet.subspan(16)), packet[9], {}, 0};
  if (header < kIp4Size || header > packet.size() || header > total) {
    return fmt::format("IPv4 {} > {} bad header length", route.from, route.to);
  }
  route.claimed = total - header;
  route.payload = packet.subspan(header, std::min(route.claimed, packet.size() - header));
  const std::uint16_t fragment = Be16(packet, 6);
  if ((fragment & 0x1fff) != 0) {
    return fmt::format("IPv4 {} > {} protocol {} fragment at {} len {}", route.from, route.to,
                       route.protocol, 8 * (fragment & 0x1fff), route.claimed);
  }
  return DescribeTransport(route) + ((fragment & 0x2000) != 0 ? " first fragment" : "");
}

std::string DescribeIp6(Bytes packet) {
  Route route{"IPv6",    Ip6(packet.subspan(8)),   Ip6(packet.subspan(24)),
              packet[6], packet.subspan(kIp6Size), 0};
  route.claimed = Be16(packet, 4) != 0 ? Be16(packet, 4) : route.payload.size();
  route.payload = route.payload.first(std::min(route.claimed, route.payload.size()));
  for (int i = 0; i < kMaxExtensions; ++i) {
    const std::uint8_t kind = route.protocol;
    if (kind != kHopByHop && kind != kRouting && kind != kFragment && kind != kDestination) break;
    if (route.payload.size() < 8) break;
    if (kind == kFragment && (Be16(route.payload, 2) & 0xfff8) != 0) break;
    const std::size_t size = kind == kFragment ? 8 : std::size_t{8} * (route.payload[1] + 1);
    if (size > route.payload.size()) break;
    route.protocol = route.payload[0];
    route.payload = route.payload.subspan(size);
    route.claimed -= size;
  }
  return DescribeTransport(route);
}

}  // namespace

std::string DescribeFrame(Bytes frame) {
  if (frame.size() < kEthernetSize)
    return fmt::format("{} bytes, no Ethernet header", frame.size());
  std::string tags;
  std::uint16_t type = Be16(frame, 2 * kMacSize);
  Bytes payload = frame.subspan(kEthernetSize);
  for (int i = 0; i < kMaxTags && (type == kVlan || type == kServiceVlan); ++i) {
    if (payload.size() < 4) break;
    const std::uint16_t tag = Be16(payload, 0);
    tags += fmt::format("VLAN {} ", tag & 0xfff);
    if (tag >> 13 != 0) tags += fmt::format("priority {} ", tag >> 13);
    type = Be16(payload, 2);
    payload = payload.subspan(4);
  }
  if (type == kArp && payload.size() >= kArpSize) return tags + DescribeArp(payload);
  if (type == kIp4 && payload.size() >= kIp4Size) return tags + DescribeIp4(payload);
  if (type == kIp6 && payload.size() >= kIp6Size) return tags + DescribeIp6(payload);
  return tags + fmt::format("ethertype 0x{:04x} {} > {} len {}", type, Mac(frame.subspan(kMacSize)),
                            Mac(frame), payload.size());
}

}  // namespace nicreplay
