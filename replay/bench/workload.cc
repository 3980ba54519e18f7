// SPDX-License-Identifier: MIT
#include "replay/bench/workload.h"

#include <fmt/format.h>

#include <array>

namespace nicreplay::bench {

namespace {

// No multiple of the MSS: stock e1000 follows such a packet with a frame of headers alone.
constexpr PacketShape kSuperFrame = {Transport::kTcp, 65'000, 1'460, TransportChecksum::kPartial};
constexpr PacketShape kFullFrame = {Transport::kTcp, 1'460, 0, TransportChecksum::kPartial};
constexpr PacketShape kSmallFrame = {Transport::kUdp, 18, 0, TransportChecksum::kComplete};
constexpr PacketShape kRequest = {Transport::kTcp, 146, 0, TransportChecksum::kComplete};
constexpr PacketShape kAnswer = {Transport::kTcp, 970, 0, TransportChecksum::kPartial};

PacketShape constexpr Complete(PacketShape shape) {
  shape.checksum = TransportChecksum::kComplete;
  return shape;
}

constexpr std::array kWorkloads = {
    Workload{"tx-tso", "TCP segmentation: 65000 bytes of payload a packet, MSS 1460", false, true,
             kSuperFrame},
    Workload{"tx-mtu", "frames of 1514 bytes, TCP checksum left to the device", false, true,
             kFullFrame},
    Workload{"tx-64", "frames of 64 bytes with FCS", false, true, kSmallFrame},
    Workload{"rx-super", "super-frames of 65000 bytes of TCP payload, MSS 1460, from the network",
             true, false, kSuperFrame},
    Workload{"rx-mtu", "frames of 1514 bytes", true, false, Complete(kFullFrame)},
    Workload{"rx-64", "frames of 64 bytes with FCS", true, false, kSmallFrame},
    Workload{"exchange", "requests of 200 bytes, 16 at a time, each answered with 1024 bytes", true,
             true, kRequest, kAnswer},
};

}  // namespace

std::span<const Workload> Workloads() { return kWorkloads; }

Result<const Workload*> FindWorkload(std::string_view name) {
  std::string known;
  for (const Workload& workload : kWorkloads) {
    if (workload.name == name) return &workload;
    known += fmt::format(" {}", workload.name);
  }
  return Fail(ErrorCode::kUsage, fmt::format("no workload '{}'; there are:{}", name, known));
}

}  // namespace nicreplay::bench
