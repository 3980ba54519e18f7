// SPDX-License-Identifier: MIT
#include "fuzz/receive_checksums.h"

#include <algorithm>

#include "models/e1000/descriptors.h"
#include "models/net/byte_order.h"
#include "models/net/checksum.h"

namespace nicreplay {

namespace {

namespace rxd = e1000::rxd;

constexpr std::uint8_t kClaim = rxd::kIPCS | rxd::kTCPCS;
constexpr std::uint8_t kJudged = kClaim | rxd::kIXSM;
constexpr GuestAddress kStatusPlace = 12;  // in a descriptor

// `before`: what stock found in the status, which stays.  In a burst that laps the ring that may
// be its own IXSM, which the other side never set.
bool IsClaim(std::uint8_t before, std::uint8_t left, std::uint8_t right) {
  const int claimed = (left & ~rxd::kIXSM) | kClaim;
  return (left & rxd::kIXSM) != 0 &&
         (right == claimed || right == (claimed | (before & rxd::kIXSM)));
}

// Of memory as it is, not as a device reads it.
std::uint8_t ByteAt(CapturingMachine* machine, GuestAddress address) {
  std::uint8_t byte = 0;
  machine->Machine::DmaRead(address, {&byte, 1});
  return byte;
}

}  // namespace

bool ChecksumsHold(Bytes frame) {
  std::size_t network = 14;
  if (frame.size() >= network && LoadBe16(&frame[12]) == 0x8100) network += 4;
  if (frame.size() < network + 20 || LoadBe16(&frame[network - 2]) != 0x0800) return false;
  const Bytes ip = frame.subspan(network);
  const std::size_t header = (ip[0] & 0xfu) * std::size_t{4};
  const std::size_t total = LoadBe16(&ip[2]);
  if (ip[0] >> 4 != 4 || header < 20 || total < header || total > ip.size()) return false;
  if ((LoadBe16(&ip[6]) & 0x3fff) != 0) return false;
  if (ChecksumFinish(ChecksumAdd(ip.first(header))) != 0) return false;
  const Bytes transport = ip.subspan(header, total - header);
  if (ip[9] == 17) {
    if (transport.size() < 8 || LoadBe16(&transport[6]) == 0) return false;
  } else if (ip[9] != 6 || transport.size() < 20) {
    return false;
  }
  const std::uint32_t pseudo =
      ChecksumAdd(ip.subspan(12, 8)) + ip[9] + static_cast<std::uint32_t>(transport.size());
  return ChecksumFinish(pseudo + ChecksumAdd(transport)) == 0;
}

std::uint64_t AcceptCheckedStatus(CapturingMachine* left, CapturingMachine* right) {
  std::vector<GuestAddress> claims;
  right->ForEachWrite([&](GuestAddress address, MutableBytes bytes) {
    // The first status byte of a descriptor at or after `address`.
    std::uint64_t offset = (kStatusPlace - address) % 16;
    for (; offset < bytes.size(); offset += 16) {
      const GuestAddress at = address + offset;
      if (ByteAt(left, at) != ByteAt(right, at)) claims.push_back(at);
    }
  });
  std::erase_if(claims, [&](GuestAddress at) {
    return !IsClaim(left->StatusRead(at), ByteAt(left, at), ByteAt(right, at));
  });
  if (claims.empty()) return 0;
  const auto& frames = left->delivered();
  const bool deserved = frames.empty() || std::ranges::any_of(frames, [](const auto& frame) {
                          return ChecksumsHold(frame);
                        });
  if (!deserved) return 0;
  const auto mask = [&](GuestAddress address, MutableBytes bytes) {
    for (const GuestAddress claim : claims) {
      if (claim - address < bytes.size()) {
        bytes[claim - address] &= static_cast<std::uint8_t>(~kJudged);
      }
    }
  };
  left->ForEachWrite(mask);
  right->ForEachWrite(mask);
  std::sort(claims.begin(), claims.end());
  claims.erase(std::unique(claims.begin(), claims.end()), claims.end());
  for (const GuestAddress claim : claims) {
    const std::uint8_t expected = ByteAt(left, claim);
    right->Machine::DmaWrite(claim, {&expected, 1});
  }
  return claims.size();
}

}  // namespace nicreplay
