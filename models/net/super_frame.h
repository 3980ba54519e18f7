// SPDX-License-Identifier: MIT
// Super-frames made to order, for tests and generators: packets with valid headers and a partial
// checksum, as a sender that offloads makes them.
#pragma once

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "models/net/byte_order.h"
#include "models/net/checksum.h"
#include "models/net/segment.h"

namespace nicreplay {

struct SuperFrame {
  std::vector<std::uint8_t> bytes;
  Offload offload;
};

// What to make; every field may be anything that the protocol allows.
struct SuperFrameRecipe {
  std::uint8_t gso_type = Offload::kGsoTcp4;
  std::uint16_t gso_size = 1448;
  std::size_t payload = 4000;
  std::size_t tags = 0;          // VLAN
  std::size_t tcp_options = 12;  // bytes, a multiple of 4 up to 40
  std::uint8_t tcp_flags = 0x18;
  std::uint32_t seed = 1;  // of payload, addresses, sequence number
};

// Half of a generator's time went into a better one: it fills tens of kilobytes a frame.
using PayloadRandom =
    std::linear_congruential_engine<std::uint64_t, 6364136223846793005u, 1442695040888963407u, 0>;

inline SuperFrame MakeSuperFrame(const SuperFrameRecipe& recipe) {
  PayloadRandom random(recipe.seed);
  const bool tcp6 = recipe.gso_type == Offload::kGsoTcp6;
  const bool udp = recipe.gso_type == Offload::kGsoUdp;
  const std::size_t network = 14 + 4 * recipe.tags;
  const std::size_t transport = network + (tcp6 ? 40 : 20);
  const std::size_t header = transport + (udp ? 8 : 20 + recipe.tcp_options);
  SuperFrame frame;
  std::vector<std::uint8_t>& b = frame.bytes;
  b.resize(header + recipe.payload);
  for (std::size_t at = 0; at < b.size(); at += 8) {
    const std::uint64_t word = random();
    std::memcpy(&b[at], &word, std::min<std::size_t>(8, b.size() - at));
  }
  const std::uint8_t addresses[] = {0x02, 0, 0, 0, 0, 0x99, 0x02, 0, 0, 0, 0, 0x98};
  std::memcpy(b.data(), addresses, 12);
  for (std::size_t i = 0; i < recipe.tags; ++i) StoreBe32(&b[12 + 4 * i], 0x81000000 + 5);
  StoreBe16(&b[network - 2], tcp6 ? 0x86dd : 0x0800);
  std::uint8_t* ip = &b[network];
  const auto length = static_cast<std::uint32_t>(b.size() - transport);
  std::uint32_t pseudo = (udp ? 17u : 6u) + length;
  if (tcp6) {
    StoreBe32(ip, 0x60000000);
    StoreBe16(ip + 4, length);
    ip[6] = 6;
    pseudo += ChecksumAdd({ip + 8, 32});
  } else {
    ip[0] = 0x45;
    StoreBe16(ip + 2, length + 20);
    StoreBe16(ip + 6, 0x4000);
    ip[9] = udp ? 17 : 6;
    pseudo += ChecksumAdd({ip + 12, 8});
    StoreBe16(ip + 10, 0);
    StoreBe16(ip + 10, ChecksumFinish(ChecksumAdd({ip, 20})));
  }
  std::uint8_t* next = &b[transport];
  if (udp) {
    StoreBe16(next + 4, length);
  } else {
    next[12] = static_cast<std::uint8_t>((20 + recipe.tcp_options) / 4 << 4);
    next[13] = recipe.tcp_flags;
  }
  StoreBe16(next + (udp ? 6 : 16), static_cast<std::uint16_t>(~ChecksumFinish(pseudo)));
  frame.offload = {.flags = Offload::kNeedsChecksum,
                   .gso_type = recipe.gso_type,
                   .header_length = static_cast<std::uint16_t>(header),
                   .gso_size = recipe.gso_size,
                   .checksum_start = static_cast<std::uint16_t>(transport),
                   .checksum_offset = static_cast<std::uint16_t>(udp ? 6 : 16)};
  return frame;
}

// Cuts bytes into up to `pieces` pieces at random places; some may be empty.
inline std::vector<Bytes> Shatter(Bytes bytes, std::size_t pieces, std::mt19937& random) {
  std::vector<Bytes> parts;
  parts.reserve(pieces);
  for (std::size_t i = 1; i < pieces; ++i) {
    const std::size_t size = random() % (bytes.size() + 1);
    parts.push_back(bytes.first(size));
    bytes = bytes.subspan(size);
  }
  parts.push_back(bytes);
  return parts;
}

inline std::vector<std::uint8_t> Join(std::span<const Bytes> pieces) {
  std::vector<std::uint8_t> whole;
  for (const Bytes& piece : pieces) whole.insert(whole.end(), piece.begin(), piece.end());
  return whole;
}

}  // namespace nicreplay
