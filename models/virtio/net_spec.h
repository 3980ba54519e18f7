// SPDX-License-Identifier: MIT
// Numbers and layouts of the network device (virtio 1.2, 5.1).
#pragma once

#include <cstddef>
#include <cstdint>

#include "models/device.h"
#include "models/virtio/spec.h"

namespace nicreplay::virtio {

// Device configuration (5.1.4).
struct NetConfig {
  std::uint8_t mac[6];
  std::uint16_t status;
  std::uint16_t max_virtqueue_pairs;
  std::uint16_t mtu;
  std::uint32_t speed;
  std::uint8_t duplex;
  std::uint8_t rss_max_key_size;
  std::uint16_t rss_max_indirection_table_length;
  std::uint32_t supported_hash_types;
};
static_assert(sizeof(NetConfig) == 24 && offsetof(NetConfig, speed) == 12 &&
              offsetof(NetConfig, supported_hash_types) == 20);

namespace net_status {
inline constexpr std::uint16_t kLinkUp = 1;
inline constexpr std::uint16_t kAnnounce = 2;
}  // namespace net_status

// What VIRTIO_NET_CTRL_GUEST_OFFLOADS switches (5.1.6.5.6).
inline constexpr Features kGuestOffloads =
    Features::Of(feature::kGuestCsum, feature::kGuestTso4, feature::kGuestTso6, feature::kGuestEcn,
                 feature::kGuestUfo);

// What precedes every packet (5.1.6): legacy without mergeable buffers, with them or since
// version 1, with hash report.
inline constexpr std::size_t kShortHeader = 10;
inline constexpr std::size_t kHeader = 12;
inline constexpr std::size_t kHashHeader = 20;
inline constexpr std::size_t kNumBuffersAt = 10;
inline constexpr std::size_t kHashAt = 12;

// The first ten bytes of the header are struct Offload of models/device.h.
static_assert(sizeof(Offload) == kShortHeader && offsetof(Offload, checksum_offset) == 8);

// What follows them where a hash is reported (5.1.6.4.3).
struct HashReport {
  std::uint32_t value;
  std::uint16_t report;
  std::uint16_t padding;
};
static_assert(sizeof(HashReport) == kHashHeader - kHashAt);

// Control virtqueue (5.1.6.5).
namespace control {
inline constexpr std::size_t kHeaderSize = 2;  // class, command
inline constexpr std::uint8_t kOk = 0;
inline constexpr std::uint8_t kError = 1;

inline constexpr std::uint8_t kRx = 0;
inline constexpr std::uint8_t kRxPromisc = 0;
inline constexpr std::uint8_t kRxAllMulti = 1;
inline constexpr std::uint8_t kRxAllUni = 2;
inline constexpr std::uint8_t kRxNoMulti = 3;
inline constexpr std::uint8_t kRxNoUni = 4;
inline constexpr std::uint8_t kRxNoBroadcast = 5;

inline constexpr std::uint8_t kMac = 1;
inline constexpr std::uint8_t kMacTableSet = 0;
inline constexpr std::uint8_t kMacAddrSet = 1;

inline constexpr std::uint8_t kVlan = 2;
inline constexpr std::uint8_t kVlanAdd = 0;
inline constexpr std::uint8_t kVlanDelete = 1;

inline constexpr std::uint8_t kAnnounce = 3;
inline constexpr std::uint8_t kAnnounceAck = 0;

inline constexpr std::uint8_t kMq = 4;
inline constexpr std::uint8_t kMqPairsSet = 0;
inline constexpr std::uint8_t kMqRssConfig = 1;
inline constexpr std::uint8_t kMqHashConfig = 2;

inline constexpr std::uint8_t kGuestOffloads = 5;
inline constexpr std::uint8_t kGuestOffloadsSet = 0;
}  // namespace control

inline constexpr std::uint32_t kControlQueueSize = 64;
inline constexpr std::size_t kMaxMacEntries = 64;
inline constexpr std::size_t kRssKeySize = 40;
inline constexpr std::uint32_t kRssTableLength = 128;

// Hash types (5.1.6.4.3.1).
namespace hash_type {
inline constexpr std::uint32_t kIpv4 = 1 << 0;
inline constexpr std::uint32_t kTcpv4 = 1 << 1;
inline constexpr std::uint32_t kUdpv4 = 1 << 2;
inline constexpr std::uint32_t kIpv6 = 1 << 3;
inline constexpr std::uint32_t kTcpv6 = 1 << 4;
inline constexpr std::uint32_t kUdpv6 = 1 << 5;
inline constexpr std::uint32_t kIpEx = 1 << 6;
inline constexpr std::uint32_t kTcpEx = 1 << 7;
inline constexpr std::uint32_t kUdpEx = 1 << 8;
inline constexpr std::uint32_t kAll = (1 << 9) - 1;
}  // namespace hash_type

// QEMU's network layer takes no longer packets, header included.
inline constexpr std::size_t kMaxFrame = 4096 + 65536;
// Packets of one transmit pass, as QEMU's x-txburst.
inline constexpr std::uint32_t kTransmitBurst = 256;

}  // namespace nicreplay::virtio
