// SPDX-License-Identifier: MIT
#include "models/virtio/net_device.h"

#include <algorithm>
#include <cstring>

namespace nicreplay::virtio {
NetDevice::NetDevice(const Settings& settings, const Memory& memory, Interrupts& interrupts,
                     Host& host)
    : VirtioDevice(settings.offered, settings.queue_slots(), memory, interrupts),
      settings_(settings),
      host_(host),
      packet_(kMaxFrame) {
  CreateQueues(1);
  filter_.Reset(settings.mac);
}

// Pairs of receive and transmit queues, and the control queue after the last (5.1.2).
void NetDevice::CreateQueues(std::uint32_t pairs) {
  if (queue_count() == 2 * pairs + 1) return;
  for (std::uint32_t i = 0; i < queue_slots(); ++i) {
    std::uint32_t size = i % 2 == 0 ? settings_.rx_queue_size : settings_.tx_queue_size;
    if (i == 2 * pairs) size = kControlQueueSize;
    if (i > 2 * pairs) size = 0;
    // A queue that stays what it was keeps its rings.
    if (queue(i).default_size() != size) queue(i).Resize(size);
  }
}

void NetDevice::ReadConfig(std::uint32_t offset, MutableBytes out) const {
  NetConfig config{};
  std::copy(filter_.mac().begin(), filter_.mac().end(), config.mac);
  config.status = net_status_;
  config.max_virtqueue_pairs = static_cast<std::uint16_t>(settings_.queue_pairs);
  config.mtu = settings_.mtu;
  config.speed = settings_.speed;
  config.duplex = settings_.duplex;
  config.rss_max_key_size = kRssKeySize;
  config.rss_max_indirection_table_length = offered().Has(feature::kRss) ? kRssTableLength : 1;
  config.supported_hash_types = hash_type::kAll;
  std::array<std::uint8_t, sizeof(config)> bytes;
  std::memcpy(bytes.data(), &config, sizeof(config));
  std::copy_n(bytes.begin() + offset, out.size(), out.begin());
}

// Only a legacy driver without the command for it writes: its station address (5.1.4.2).
void NetDevice::WriteConfig(std::uint32_t offset, Bytes data) {
  if (Has(feature::kCtrlMacAddr) || Has(feature::kVersion1)) return;
  MacAddress mac = filter_.mac();
  for (std::size_t i = 0; i < data.size() && offset + i < mac.size(); ++i) {
    mac[offset + i] = data[i];
  }
  filter_.set_mac(mac);
}

void NetDevice::OnFeatures(Features features) {
  multiqueue_ = features.Has(feature::kMq) || features.Has(feature::kRss);
  CreateQueues(multiqueue_ ? settings_.queue_pairs : 1);
  mergeable_ = features.Has(feature::kMrgRxbuf);
  if (features.Has(feature::kVersion1)) {
    header_size_ = features.Has(feature::kHashReport) ? kHashHeader : kHeader;
  } else {
    header_size_ = mergeable_ ? kHeader : kShortHeader;
  }
  guest_offloads_ = features & kGuestOffloads;
  filter_.ClearVlans(features.Has(feature::kCtrlVlan) ? VlanFilter::kPassNone
                                                      : VlanFilter::kPassAll);
}

// Frames may have waited for the driver, the link or a queue.
void NetDevice::FlushQueuedFrames(std::uint8_t status) {
  if ((status & status::kDriverOk) != 0 && IsLinkUp()) host_.FlushReceive();
}

void NetDevice::OnStatus(std::uint8_t status) { FlushQueuedFrames(status); }

void NetDevice::OnReset() {
  filter_.Reset(settings_.mac);
  rss_ = {};
  flows_.Clear();
  current_pairs_ = 1;
  net_status_ &= static_cast<std::uint16_t>(~net_status::kAnnounce);
}

void NetDevice::SetLink(LinkState state) {
  const std::uint16_t old_status = net_status_;
  if (state == LinkState::kUp) {
    net_status_ |= net_status::kLinkUp;
  } else {
    net_status_ &= static_cast<std::uint16_t>(~net_status::kLinkUp);
  }
  if (net_status_ != old_status) InterruptConfig();
  FlushQueuedFrames(status());
}

void NetDevice::OnNotify(std::uint32_t number) {
  if (number + 1 == queue_count()) {
    Control(queue(number));
  } else if (number % 2 == 0) {
    host_.FlushReceive();
  } else {
    Transmit(number);
  }
}

OffloadSet NetDevice::ReceiveOffloads() const {
  OffloadSet set = 0;
  if (settings_.backend == Backend::kPlain || !IsRunning()) return set;
  if (guest_offloads_.Has(feature::kGuestCsum)) set |= kOffloadChecksum;
  if (guest_offloads_.Has(feature::kGuestTso4)) set |= kOffloadTcp4;
  if (guest_offloads_.Has(feature::kGuestTso6)) set |= kOffloadTcp6;
  if (guest_offloads_.Has(feature::kGuestEcn)) set |= kOffloadEcn;
  if (guest_offloads_.Has(feature::kGuestUfo)) set |= kOffloadUdp;
  return set;
}

}  // namespace nicreplay::virtio
