// SPDX-License-Identifier: MIT
// What `nicreplay bench` lets a driver do.
#pragma once

#include <span>
#include <string_view>

#include "models/result.h"
#include "replay/bench/packet.h"

namespace nicreplay::bench {

struct Workload {
  std::string_view name;
  std::string_view meaning;
  bool receives;   // the packet comes from the network, ...
  bool transmits;  // the guest sends it; both: each packet received is answered with `answer`
  PacketShape packet;
  PacketShape answer = {};
};

std::span<const Workload> Workloads();
// Error kUsage that lists the names.
Result<const Workload*> FindWorkload(std::string_view name);

}  // namespace nicreplay::bench
