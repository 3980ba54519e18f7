// SPDX-License-Identifier: MIT
#include "models/virtio/settings.h"

#include <array>
#include <bit>
#include <string>

#include "models/virtio/net_spec.h"

namespace nicreplay::virtio {
namespace {

constexpr std::uint32_t kClassEthernet = 0x020000;
constexpr std::uint64_t kMinRomSize = 2048;
constexpr std::uint64_t kMaxRomSize = 16 << 20;
constexpr std::uint64_t kMaxQueuePairs = 63;
constexpr std::uint64_t kMinQueueSize = 256;

struct Switch {
  const char* name;
  unsigned bit;
  bool on;
  const char* help;
};

constexpr Switch kSwitches[] = {
    {"csum", feature::kCsum, true, "VIRTIO_NET_F_CSUM"},
    {"guest_csum", feature::kGuestCsum, true, "VIRTIO_NET_F_GUEST_CSUM"},
    {"gso", feature::kGso, true, "VIRTIO_NET_F_GSO"},
    {"guest_tso4", feature::kGuestTso4, true, "VIRTIO_NET_F_GUEST_TSO4"},
    {"guest_tso6", feature::kGuestTso6, true, "VIRTIO_NET_F_GUEST_TSO6"},
    {"guest_ecn", feature::kGuestEcn, true, "VIRTIO_NET_F_GUEST_ECN"},
    {"guest_ufo", feature::kGuestUfo, true, "VIRTIO_NET_F_GUEST_UFO"},
    {"guest_announce", feature::kGuestAnnounce, true, "VIRTIO_NET_F_GUEST_ANNOUNCE"},
    {"host_tso4", feature::kHostTso4, true, "VIRTIO_NET_F_HOST_TSO4"},
    {"host_tso6", feature::kHostTso6, true, "VIRTIO_NET_F_HOST_TSO6"},
    {"host_ecn", feature::kHostEcn, true, "VIRTIO_NET_F_HOST_ECN"},
    {"host_ufo", feature::kHostUfo, true, "VIRTIO_NET_F_HOST_UFO"},
    {"mrg_rxbuf", feature::kMrgRxbuf, true, "VIRTIO_NET_F_MRG_RXBUF"},
    {"status", feature::kStatus, true, "VIRTIO_NET_F_STATUS"},
    {"ctrl_vq", feature::kCtrlVq, true, "VIRTIO_NET_F_CTRL_VQ"},
    {"ctrl_rx", feature::kCtrlRx, true, "VIRTIO_NET_F_CTRL_RX"},
    {"ctrl_vlan", feature::kCtrlVlan, true, "VIRTIO_NET_F_CTRL_VLAN"},
    {"ctrl_rx_extra", feature::kCtrlRxExtra, true, "VIRTIO_NET_F_CTRL_RX_EXTRA"},
    {"ctrl_mac_addr", feature::kCtrlMacAddr, true, "VIRTIO_NET_F_CTRL_MAC_ADDR"},
    {"ctrl_guest_offloads", feature::kCtrlGuestOffloads, true, "VIRTIO_NET_F_CTRL_GUEST_OFFLOADS"},
    {"mq", feature::kMq, false, "VIRTIO_NET_F_MQ"},
    {"rss", feature::kRss, false, "VIRTIO_NET_F_RSS"},
    {"hash", feature::kHashReport, false, "VIRTIO_NET_F_HASH_REPORT"},
    {"indirect_desc", feature::kIndirectDesc, true, "VIRTIO_F_INDIRECT_DESC"},
    {"event_idx", feature::kEventIdx, true, "VIRTIO_F_EVENT_IDX"},
    {"notify_on_empty", feature::kNotifyOnEmpty, true, "VIRTIO_F_NOTIFY_ON_EMPTY"},
    {"any_layout", feature::kAnyLayout, true, "VIRTIO_F_ANY_LAYOUT"},
    {"packed", feature::kRingPacked, false, "VIRTIO_F_RING_PACKED"},
    {"in_order", feature::kInOrder, false, "VIRTIO_F_IN_ORDER"},
    {"queue_reset", feature::kRingReset, true, "VIRTIO_F_RING_RESET"},
};

// What needs a network that takes headers, as QEMU's needs a TAP with vnet_hdr.
constexpr Features kBackendFeatures =
    Features::Of(feature::kCsum, feature::kHostTso4, feature::kHostTso6, feature::kHostEcn,
                 feature::kHostUfo, feature::kGuestCsum, feature::kGuestTso4, feature::kGuestTso6,
                 feature::kGuestEcn, feature::kGuestUfo, feature::kHashReport);

// Bytes of struct NetConfig up to the last field that some feature offers (5.1.4).
std::uint32_t ConfigSize(Features offered) {
  struct Row {
    Features features;
    std::uint32_t end;
  };
  constexpr Row kRows[] = {
      {Features::Of(feature::kStatus), offsetof(NetConfig, max_virtqueue_pairs)},
      {Features::Of(feature::kMq), offsetof(NetConfig, mtu)},
      {Features::Of(feature::kMtu), offsetof(NetConfig, speed)},
      {Features::Of(feature::kSpeedDuplex), offsetof(NetConfig, rss_max_key_size)},
      {Features::Of(feature::kRss, feature::kHashReport), sizeof(NetConfig)},
  };
  std::uint32_t size = offsetof(NetConfig, status);
  for (const Row& row : kRows) {
    if ((offered & row.features).bits() != 0) size = row.end;
  }
  return size;
}

// Takes a number into `to`, whatever its width.
template <typename T>
Result<std::monostate> TakeNumber(Options& options, const std::string& key, T* to,
                                  std::uint64_t max) {
  const auto value = options.TakeNumber(key, *to, max);
  if (!value) return tl::make_unexpected(value.error());
  *to = static_cast<T>(*value);
  return {};
}

Result<bool> TakeSwitchOf(Options& options, const char* key, bool fallback) {
  return options.TakeSwitch(key, fallback);
}

Result<std::monostate> TakeFeatures(Options& options, Settings* settings) {
  for (const Switch& row : kSwitches) {
    const auto on = TakeSwitchOf(options, row.name, row.on);
    if (!on) return tl::make_unexpected(on.error());
    if (*on) settings->offered = settings->offered | Features::Of(row.bit);
  }
  return {};
}

Result<std::monostate> TakeInterface(Options& options, Settings* settings) {
  const auto no_legacy = TakeSwitchOf(options, "disable-legacy", false);
  if (!no_legacy) return tl::make_unexpected(no_legacy.error());
  const auto no_modern = TakeSwitchOf(options, "disable-modern", false);
  if (!no_modern) return tl::make_unexpected(no_modern.error());
  if (*no_legacy && *no_modern) {
    return Fail(ErrorCode::kUsage, "disable-legacy and disable-modern leave no device");
  }
  if (*no_legacy) settings->interface = Interface::kModern;
  if (*no_modern) settings->interface = Interface::kLegacy;
  return {};
}

Result<std::monostate> TakeNet(Options& options, Settings* settings) {
  if (auto r = TakeNumber(options, "host_mtu", &settings->mtu, 0xffff); !r) return r;
  if (settings->mtu != 0) settings->offered = settings->offered | Features::Of(feature::kMtu);
  if (auto r = TakeNumber(options, "speed", &settings->speed, 0xffffffff); !r) return r;
  const std::string duplex = options.TakeText("duplex", "unknown");
  if (duplex != "unknown" && duplex != "half" && duplex != "full") {
    return Fail(ErrorCode::kUsage, "duplex must be half, full or unknown");
  }
  if (duplex != "unknown") settings->duplex = duplex == "full" ? 1 : 0;
  if (duplex != "unknown" || settings->speed != 0xffffffff) {
    settings->offered = settings->offered | Features::Of(feature::kSpeedDuplex);
  }
  return {};
}

Result<std::monostate> TakeQueues(Options& options, Settings* settings) {
  if (auto r = TakeNumber(options, "queue_pairs", &settings->queue_pairs, kMaxQueuePairs); !r) {
    return r;
  }
  if (settings->queue_pairs == 0) return Fail(ErrorCode::kUsage, "queue_pairs must not be 0");
  settings->vectors = 2 * settings->queue_pairs + 2;
  if (auto r = TakeNumber(options, "vectors", &settings->vectors, Msix::kMaxVectors); !r) return r;
  const std::array<std::pair<const char*, std::uint32_t*>, 2> sizes = {
      {{"rx_queue_size", &settings->rx_queue_size}, {"tx_queue_size", &settings->tx_queue_size}}};
  for (const auto& [key, size] : sizes) {
    if (auto r = TakeNumber(options, key, size, kMaxQueueSize); !r) return r;
    if (*size < kMinQueueSize || !std::has_single_bit(*size)) {
      return Fail(ErrorCode::kUsage,
                  std::string(key) + " must be a power of two between 256 and 1024");
    }
  }
  return {};
}

Result<std::monostate> TakeRom(Options& options, Settings* settings) {
  if (auto r = TakeNumber(options, "rom_size", &settings->rom_size, kMaxRomSize); !r) return r;
  const std::uint32_t size = settings->rom_size;
  if (size != 0 && (size < kMinRomSize || !std::has_single_bit(size))) {
    return Fail(ErrorCode::kUsage, "rom_size must be 0 or a power of two of at least 2048");
  }
  return {};
}

}  // namespace

Result<Settings> Settings::Take(Options& options) {
  Settings settings;
  const auto mac = options.TakeMac("mac", settings.mac);
  if (!mac) return tl::make_unexpected(mac.error());
  settings.mac = *mac;
  for (const auto take : {TakeInterface, TakeFeatures, TakeNet, TakeQueues, TakeRom}) {
    if (auto taken = take(options, &settings); !taken) return tl::make_unexpected(taken.error());
  }
  const auto offloads = TakeSwitchOf(options, "vnet_hdr", false);
  if (!offloads) return tl::make_unexpected(offloads.error());
  const auto num_buffers = TakeSwitchOf(options, "num_buffers", true);
  if (!num_buffers) return tl::make_unexpected(num_buffers.error());
  settings.num_buffers = *num_buffers ? NumBuffers::kSet : NumBuffers::kUnset;
  settings.backend = *offloads ? Backend::kOffloads : Backend::kPlain;
  // The size is that of all features that were asked for, whatever the network makes of them.
  settings.config_size = ConfigSize(settings.offered);
  if (!*offloads) settings.offered = settings.offered.Without(kBackendFeatures);
  settings.offered = settings.offered | Features::Of(feature::kMac, feature::kUnused);
  if (settings.interface != Interface::kLegacy) {
    settings.offered = settings.offered | Features::Of(feature::kVersion1);
  }
  return settings;
}

std::string SettingsHelp() {
  std::string help =
      "mac=XX:XX:XX:XX:XX:XX  station address (default 52:54:00:12:34:56)\n"
      "disable-legacy=on|off  a device without the legacy interface (default off)\n"
      "disable-modern=on|off  a device with the legacy interface only (default off)\n"
      "queue_pairs=N  receive and transmit queues, 1 to 63 (default 1)\n"
      "vectors=N  of MSI-X, 0: none (default: two more than queues)\n"
      "rx_queue_size=N  256, 512 or 1024 descriptors (default 256)\n"
      "tx_queue_size=N  256, 512 or 1024 descriptors (default 256)\n"
      "host_mtu=N  offered MTU (default 0: none)\n"
      "speed=N  Mbit/s (default: unknown)\n"
      "duplex=half|full  (default: unknown)\n"
      "rom_size=N  bytes of the expansion ROM BAR (default 0: none)\n"
      "vnet_hdr=on|off  the network takes checksum and segmentation offloads (default off)\n"
      "num_buffers=on|off  set it without mergeable buffers, too; QEMU 7.2 does not (default on)";
  for (const Switch& row : kSwitches) {
    help += std::string("\n") + row.name + "=on|off  offer " + row.help + " (default " +
            (row.on ? "on)" : "off)");
  }
  return help;
}

DeviceInfo InfoOf(const Settings& settings) {
  const bool modern_only = settings.interface == Interface::kModern;
  DeviceInfo info;
  info.vendor_id = kVendorId;
  info.device_id = modern_only ? kModernNetId : kTransitionalNetId;
  info.revision = modern_only ? 1 : 0;
  info.class_code = kClassEthernet;
  if (!modern_only) {
    info.bars[kLegacyBar] = {BarInfo::Kind::kIo,
                             PciTransport::LegacyBarSize(settings.vectors, settings.config_size)};
  }
  if (settings.vectors != 0) info.bars[kMsixBar] = {BarInfo::Kind::kMemory32, Msix::kBarSize};
  if (settings.interface != Interface::kLegacy) {
    info.bars[kModernBar] = {BarInfo::Kind::kMemory64, kModernBarSize};
  }
  return info;
}

}  // namespace nicreplay::virtio
