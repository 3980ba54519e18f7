// SPDX-License-Identifier: MIT
// Which queue a frame goes to, and the hash that is reported with it (virtio 1.2, 5.1.6.4.3 and
// 5.1.6.5.7).
#pragma once

#include <array>
#include <cstdint>

#include "models/device.h"
#include "models/virtio/net_spec.h"

namespace nicreplay::virtio {

// What a frame's headers say.
struct Flow {
  enum class Network : std::uint8_t { kOther, kIpv4, kIpv6 };
  enum class Transport : std::uint8_t { kOther, kTcp, kUdp };  // kOther for fragments, too

  Network network = Network::kOther;
  Transport transport = Transport::kOther;
  std::array<std::uint8_t, 16> source{};  // 4 bytes of IPv4
  std::array<std::uint8_t, 16> destination{};
  std::array<std::uint8_t, 4> ports{};  // as they lie in the header
  // IPv6: from a home address option and a routing header of type 2, where the frame has them.
  std::array<std::uint8_t, 16> source_ex{};
  std::array<std::uint8_t, 16> destination_ex{};
};

// Bytes from the start of a frame that ParseFlow looks at.
inline constexpr std::size_t kFlowBytes = 256;
Flow ParseFlow(Bytes start);

// Toeplitz hash.
std::uint32_t HashBytes(Bytes input, const std::array<std::uint8_t, kRssKeySize>& key);

struct RssConfig {
  bool enabled = false;
  std::uint32_t hash_types = 0;
  std::uint16_t default_queue = 0;
  std::uint32_t table_length = 1;  // a power of two
  std::array<std::uint16_t, kRssTableLength> table{};
  std::array<std::uint8_t, kRssKeySize> key{};

  template <typename Self, typename Archive>
  static void Archived(Self& self, Archive& archive) {
    archive.Flag(self.enabled);
    archive.Number(self.hash_types);
    archive.Number(self.default_queue);
    archive.Bounded(self.table_length, kRssTableLength);
    for (auto& queue : self.table) archive.Number(queue);
    archive.Buffer(self.key);
  }
};

// What hashing says about a flow.
struct Hashed {
  std::uint16_t report = 0;  // VIRTIO_NET_HASH_REPORT_*; 0: no hash
  std::uint32_t value = 0;
};
Hashed HashFlow(const Flow& flow, const RssConfig& config);

// Automatic steering without RSS (5.1.6.5.5): what comes back goes to the queue pair that sent.
class FlowTable {
 public:
  void Learn(const Flow& flow, std::uint16_t pair) { pairs_[Slot(flow)] = pair; }
  std::uint16_t PairOf(const Flow& flow) const { return pairs_[Slot(flow)]; }
  void Clear() { pairs_.fill(0); }

  template <typename Self, typename Archive>
  static void Archived(Self& self, Archive& archive) {
    for (auto& pair : self.pairs_) archive.Number(pair);
  }

 private:
  static constexpr std::size_t kSlots = 256;
  static std::size_t Slot(const Flow& flow);

  std::array<std::uint16_t, kSlots> pairs_{};
};

}  // namespace nicreplay::virtio
