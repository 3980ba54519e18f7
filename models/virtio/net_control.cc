// SPDX-License-Identifier: MIT
// The control virtqueue (virtio 1.2, 5.1.6.5).
#include <algorithm>
#include <bit>
#include <cstring>

#include "models/virtio/net_device.h"

namespace nicreplay::virtio {
namespace {

constexpr std::size_t kMacSize = 6;
constexpr std::uint16_t kMaxVlan = 4096;

// struct virtio_net_rss_config up to its table, and what follows the table (5.1.6.5.7.1).
struct RssStart {
  std::uint32_t hash_types;
  std::uint16_t indirection_table_mask;
  std::uint16_t unclassified_queue;
};
static_assert(sizeof(RssStart) == 8);
constexpr std::size_t kRssTailSize = 3;  // max_tx_vq, hash_key_length

// What a command carries behind its header.
class Arguments {
 public:
  Arguments(const Memory& memory, const PieceList& pieces) : memory_(memory), pieces_(pieces) {}

  std::uint64_t left() const {
    const std::uint64_t size = pieces_.size();
    return size > at_ ? size - at_ : 0;
  }
  bool Take(MutableBytes out) {
    if (left() < out.size()) return false;
    pieces_.Read(memory_, at_, out);
    at_ += out.size();
    return true;
  }
  template <typename T>
  bool Take(T* value) {
    std::array<std::uint8_t, sizeof(T)> bytes;
    if (!Take(MutableBytes(bytes))) return false;
    std::memcpy(value, bytes.data(), sizeof(T));
    return true;
  }
  void Skip(std::uint64_t size) { at_ += size; }

 private:
  const Memory& memory_;
  PieceList pieces_;
  std::uint64_t at_ = control::kHeaderSize;
};

// One kind of addresses of a MAC table, behind those that it has.  False: malformed.
bool TakeAddresses(Arguments* arguments, ReceiveFilter::MacTable* table, bool* overflow,
                   bool* complete) {
  std::uint32_t entries = 0;
  if (!arguments->Take(&entries)) return false;
  const std::uint64_t size = std::uint64_t{entries} * kMacSize;
  if (size > arguments->left()) return false;
  *complete = size == arguments->left();
  if (entries > kMaxMacEntries - table->all) {
    *overflow = true;
    arguments->Skip(size);
    return true;
  }
  arguments->Take(MutableBytes(table->addresses)
                      .subspan(table->all * kMacSize, static_cast<std::size_t>(size)));
  table->all += entries;
  return true;
}

}  // namespace

void NetDevice::Control(Queue& ring) {
  for (std::uint32_t i = 0; i < kMaxElementsAtOnce && Take(ring, &command_); ++i) {
    if (!ControlElement()) {
      Break();
      ring.Forget(command_);
      return;
    }
    ring.GiveBack(memory(), command_, 1);
    Interrupt(ring);
  }
}

bool NetDevice::ControlElement() {
  std::array<std::uint8_t, control::kHeaderSize> header;
  if (command_.in().size() < 1 || command_.out().size() < header.size()) return false;
  command_.out().Read(memory(), 0, header);
  const std::uint8_t ack = Command(header[0], header[1]);
  command_.in().Write(memory(), 0, {&ack, 1});
  return true;
}

std::uint8_t NetDevice::Command(std::uint8_t command_class, std::uint8_t command) {
  switch (command_class) {
    case control::kRx:
      return SetReceiveMode(command);
    case control::kMac:
      return SetMac(command);
    case control::kVlan:
      return SetVlan(command);
    case control::kAnnounce:
      return AcknowledgeAnnouncement(command);
    case control::kMq:
      return SetQueuePairs(command);
    case control::kGuestOffloads:
      return SetGuestOffloads(command);
    default:
      return control::kError;
  }
}

std::uint8_t NetDevice::SetReceiveMode(std::uint8_t command) {
  std::uint8_t on = 0;
  if (!Arguments(memory(), command_.out()).Take(&on)) return control::kError;
  return filter_.SetMode(command, on != 0) ? control::kOk : control::kError;
}

std::uint8_t NetDevice::SetMac(std::uint8_t command) {
  if (command == control::kMacTableSet) return SetMacTable();
  Arguments arguments(memory(), command_.out());
  MacAddress mac;
  if (command != control::kMacAddrSet || arguments.left() != mac.size()) return control::kError;
  arguments.Take(MutableBytes(mac));
  filter_.set_mac(mac);
  return control::kOk;
}

std::uint8_t NetDevice::SetMacTable() {
  Arguments arguments(memory(), command_.out());
  ReceiveFilter::MacTable table;
  bool complete = false;
  if (!TakeAddresses(&arguments, &table, &table.unicast_overflow, &complete)) {
    return control::kError;
  }
  table.unicast = table.all;
  if (!TakeAddresses(&arguments, &table, &table.multicast_overflow, &complete) || !complete) {
    return control::kError;
  }
  filter_.SetTable(table);
  return control::kOk;
}

std::uint8_t NetDevice::SetVlan(std::uint8_t command) {
  std::uint16_t id = 0;
  if (!Arguments(memory(), command_.out()).Take(&id) || id >= kMaxVlan) return control::kError;
  if (command != control::kVlanAdd && command != control::kVlanDelete) return control::kError;
  filter_.SetVlan(id, command == control::kVlanAdd);
  return control::kOk;
}

std::uint8_t NetDevice::AcknowledgeAnnouncement(std::uint8_t command) {
  if (command != control::kAnnounceAck || (net_status_ & net_status::kAnnounce) == 0) {
    return control::kError;
  }
  net_status_ &= static_cast<std::uint16_t>(~net_status::kAnnounce);
  return control::kOk;
}

std::uint8_t NetDevice::SetQueuePairs(std::uint8_t command) {
  rss_.enabled = false;
  std::uint32_t pairs = 0;
  if (command == control::kMqHashConfig) {
    return ConfigureRss(false) != 0 ? control::kOk : control::kError;
  }
  if (command == control::kMqRssConfig) {
    pairs = ConfigureRss(true);
  } else if (command == control::kMqPairsSet && Has(feature::kMq)) {
    std::uint16_t wanted = 0;
    if (!Arguments(memory(), command_.out()).Take(&wanted)) return control::kError;
    pairs = wanted;
  }
  if (pairs == 0 || pairs > settings_.queue_pairs || !multiqueue_) return control::kError;
  current_pairs_ = static_cast<std::uint16_t>(pairs);
  FlushQueuedFrames(status());
  return control::kOk;
}

// Returns the number of queue pairs to be used, 0 where the command makes no sense.
std::uint32_t NetDevice::ConfigureRss(bool with_queues) {
  if (!Has(with_queues ? feature::kRss : feature::kHashReport)) return 0;
  Arguments arguments(memory(), command_.out());
  RssStart start;
  if (!arguments.Take(&start)) return 0;
  RssConfig config;
  config.hash_types = start.hash_types;
  config.table_length = with_queues ? start.indirection_table_mask + 1u : 1;
  config.default_queue = with_queues ? start.unclassified_queue : 0;
  if (!std::has_single_bit(config.table_length) || config.table_length > kRssTableLength ||
      config.default_queue >= settings_.queue_pairs) {
    return 0;
  }
  for (std::uint32_t i = 0; i < config.table_length; ++i) {
    if (!arguments.Take(&config.table[i])) return 0;
  }
  std::array<std::uint8_t, kRssTailSize> tail;
  if (!arguments.Take(MutableBytes(tail))) return 0;
  const std::uint32_t pairs = with_queues ? tail[0] | tail[1] << 8 : current_pairs_;
  const std::size_t key_size = tail[2];
  if (pairs == 0 || pairs > settings_.queue_pairs || key_size > kRssKeySize) return 0;
  if (key_size == 0) return config.hash_types == 0 ? pairs : 0;
  config.key = rss_.key;  // a short key replaces only its part
  if (!arguments.Take(MutableBytes(config.key).first(key_size))) return 0;
  config.enabled = true;
  rss_ = config;
  return pairs;
}

std::uint8_t NetDevice::SetGuestOffloads(std::uint8_t command) {
  std::uint64_t offloads = 0;
  if (!Has(feature::kCtrlGuestOffloads) || !Arguments(memory(), command_.out()).Take(&offloads) ||
      command != control::kGuestOffloadsSet || settings_.backend == Backend::kPlain) {
    return control::kError;
  }
  const Features wanted(offloads);
  if (wanted.Without(accepted() & kGuestOffloads).bits() != 0) return control::kError;
  guest_offloads_ = wanted;
  return control::kOk;
}

}  // namespace nicreplay::virtio
