// SPDX-License-Identifier: MIT
#include "models/virtio/rss.h"

#include <algorithm>
#include <optional>

#include "models/net/byte_order.h"

namespace nicreplay::virtio {
namespace {

constexpr std::size_t kTypeAt = 12;
constexpr std::uint16_t kTypeVlan = 0x8100;
constexpr std::uint16_t kTypeServiceVlan = 0x88a8;
constexpr std::uint16_t kTypeIpv4 = 0x0800;
constexpr std::uint16_t kTypeIpv6 = 0x86dd;
constexpr std::size_t kIpv4Header = 20;
constexpr std::size_t kIpv6Header = 40;
constexpr std::uint16_t kIpv4Fragment = 0x3fff;  // more fragments, or an offset

constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kHopByHop = 0;
constexpr std::uint8_t kRouting = 43;
constexpr std::uint8_t kFragmentHeader = 44;
constexpr std::uint8_t kDestinationOptions = 60;
constexpr int kMaxExtensions = 16;
constexpr std::uint8_t kHomeAddressOption = 0xc9;  // RFC 6275, 6.3
constexpr std::uint8_t kRoutingType2 = 2;          // RFC 6275, 6.4

// The bytes from `at` on, or none.
Bytes From(Bytes bytes, std::size_t at) { return at <= bytes.size() ? bytes.subspan(at) : Bytes{}; }

void TakeTransport(std::uint8_t protocol, Bytes header, Flow* flow) {
  if ((protocol != kTcp && protocol != kUdp) || header.size() < flow->ports.size()) return;
  flow->transport = protocol == kTcp ? Flow::Transport::kTcp : Flow::Transport::kUdp;
  std::copy_n(header.begin(), flow->ports.size(), flow->ports.begin());
}

void ParseIpv4(Bytes packet, Flow* flow) {
  if (packet.size() < kIpv4Header || packet[0] >> 4 != 4) return;
  flow->network = Flow::Network::kIpv4;
  std::copy_n(&packet[12], 4, flow->source.begin());
  std::copy_n(&packet[16], 4, flow->destination.begin());
  if ((LoadBe16(&packet[6]) & kIpv4Fragment) != 0) return;
  TakeTransport(packet[9], From(packet, (packet[0] & 0xfu) * 4), flow);
}

// The home address among destination options.
void TakeHomeAddress(Bytes header, Flow* flow) {
  std::size_t at = 2;
  while (at + 2 <= header.size()) {
    if (header[at] == 0) {  // Pad1
      ++at;
      continue;
    }
    const std::size_t length = header[at + 1];
    if (header[at] == kHomeAddressOption && length == 16 && at + 18 <= header.size()) {
      std::copy_n(&header[at + 2], 16, flow->source_ex.begin());
    }
    at += 2 + length;
  }
}

void TakeExtension(std::uint8_t type, Bytes header, Flow* flow) {
  if (type == kDestinationOptions) {
    TakeHomeAddress(header, flow);
  } else if (type == kRouting && header.size() >= 24 && header[2] == kRoutingType2) {
    std::copy_n(&header[8], 16, flow->destination_ex.begin());
  }
}

void ParseIpv6(Bytes packet, Flow* flow) {
  if (packet.size() < kIpv6Header || packet[0] >> 4 != 6) return;
  flow->network = Flow::Network::kIpv6;
  std::copy_n(&packet[8], 16, flow->source.begin());
  std::copy_n(&packet[24], 16, flow->destination.begin());
  flow->source_ex = flow->source;
  flow->destination_ex = flow->destination;
  std::uint8_t type = packet[6];
  Bytes rest = packet.subspan(kIpv6Header);
  for (int i = 0; i < kMaxExtensions; ++i) {
    if (type == kFragmentHeader) return;
    if (type != kHopByHop && type != kRouting && type != kDestinationOptions) break;
    if (rest.size() < 8) return;
    const std::size_t length = 8 * (rest[1] + std::size_t{1});
    TakeExtension(type, rest.first(std::min(length, rest.size())), flow);
    type = rest[0];
    rest = From(rest, length);
  }
  TakeTransport(type, rest, flow);
}

// A kind of hash: what it covers, and the number it is reported by.
struct Kind {
  std::uint32_t type;
  std::uint16_t report;
  bool with_ports;
  bool extended;
};
// (5.1.6.4.3.4)  An "extended" type wins over its plain one.
constexpr Kind kIpv4Kinds[] = {{hash_type::kTcpv4, 2, true, false},
                               {hash_type::kUdpv4, 3, true, false},
                               {hash_type::kIpv4, 1, false, false}};
constexpr Kind kIpv6Kinds[] = {
    {hash_type::kTcpEx, 8, true, true}, {hash_type::kTcpv6, 5, true, false},
    {hash_type::kUdpEx, 9, true, true}, {hash_type::kUdpv6, 6, true, false},
    {hash_type::kIpEx, 7, false, true}, {hash_type::kIpv6, 4, false, false}};

bool Covers(std::uint32_t type, Flow::Transport transport) {
  switch (type) {
    case hash_type::kTcpv4:
    case hash_type::kTcpv6:
    case hash_type::kTcpEx:
      return transport == Flow::Transport::kTcp;
    case hash_type::kUdpv4:
    case hash_type::kUdpv6:
    case hash_type::kUdpEx:
      return transport == Flow::Transport::kUdp;
    default:
      return true;
  }
}

std::optional<Kind> KindOf(const Flow& flow, std::uint32_t types) {
  if (flow.network == Flow::Network::kOther) return std::nullopt;
  const std::span<const Kind> kinds = flow.network == Flow::Network::kIpv4
                                          ? std::span<const Kind>(kIpv4Kinds)
                                          : std::span<const Kind>(kIpv6Kinds);
  for (const Kind& kind : kinds) {
    if ((kind.type & types) != 0 && Covers(kind.type, flow.transport)) return kind;
  }
  return std::nullopt;
}

}  // namespace

Flow ParseFlow(Bytes start) {
  Flow flow;
  std::size_t at = kTypeAt;
  for (int tags = 0; tags <= 2 && at + 2 <= start.size(); ++tags) {
    const std::uint16_t type = LoadBe16(&start[at]);
    if (type == kTypeIpv4) ParseIpv4(From(start, at + 2), &flow);
    if (type == kTypeIpv6) ParseIpv6(From(start, at + 2), &flow);
    if (type != kTypeVlan && type != kTypeServiceVlan) break;
    at += 4;
  }
  return flow;
}

std::uint32_t HashBytes(Bytes input, const std::array<std::uint8_t, kRssKeySize>& key) {
  std::uint32_t hash = 0;
  std::uint32_t window = LoadBe32(key.data());
  for (std::size_t i = 0; i < input.size(); ++i) {
    const std::uint8_t next = i + 4 < key.size() ? key[i + 4] : 0;
    for (int bit = 7; bit >= 0; --bit) {
      if ((input[i] >> bit & 1) != 0) hash ^= window;
      window = window << 1 | (next >> bit & 1);
    }
  }
  return hash;
}

Hashed HashFlow(const Flow& flow, const RssConfig& config) {
  const std::optional<Kind> kind = KindOf(flow, config.hash_types);
  if (!kind) return {};
  std::array<std::uint8_t, 36> input{};
  const std::size_t length = flow.network == Flow::Network::kIpv4 ? 4 : 16;
  const auto& source = kind->extended ? flow.source_ex : flow.source;
  const auto& destination = kind->extended ? flow.destination_ex : flow.destination;
  std::copy_n(source.begin(), length, input.begin());
  std::copy_n(destination.begin(), length, input.begin() + static_cast<std::ptrdiff_t>(length));
  std::size_t size = 2 * length;
  if (kind->with_ports) {
    std::copy(flow.ports.begin(), flow.ports.end(),
              input.begin() + static_cast<std::ptrdiff_t>(size));
    size += flow.ports.size();
  }
  return {kind->report, HashBytes(Bytes(input).first(size), config.key)};
}

// The same for both directions of a flow.
std::size_t FlowTable::Slot(const Flow& flow) {
  std::uint32_t mixed = 0;
  for (std::size_t i = 0; i < 16; i += 4) {
    mixed += LoadBe32(&flow.source[i]) + LoadBe32(&flow.destination[i]);
  }
  mixed += std::uint32_t{LoadBe16(flow.ports.data())} + LoadBe16(flow.ports.data() + 2);
  return (mixed * 0x9e3779b1u) >> 24;
}

}  // namespace nicreplay::virtio
