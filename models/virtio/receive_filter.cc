// SPDX-License-Identifier: MIT
#include "models/virtio/receive_filter.h"

#include <algorithm>

#include "models/net/byte_order.h"

namespace nicreplay::virtio {
namespace {

constexpr std::size_t kAddressSize = 6;
constexpr std::size_t kTypeAt = 12;
constexpr std::uint16_t kVlanType = 0x8100;
constexpr std::size_t kLookedAt = 16;  // bytes of a frame

}  // namespace

void ReceiveFilter::Reset(const MacAddress& mac) {
  mac_ = mac;
  modes_ = {};
  modes_[control::kRxPromisc] = true;
  table_ = {};
  ClearVlans(VlanFilter::kPassNone);
}

void ReceiveFilter::ClearVlans(VlanFilter start) {
  vlans_.fill(start == VlanFilter::kPassAll ? 0xff : 0);
}

bool ReceiveFilter::SetMode(std::uint8_t command, bool on) {
  if (command >= kModes) return false;
  modes_[command] = on;
  return true;
}

void ReceiveFilter::SetVlan(std::uint16_t id, bool on) {
  const auto bit = static_cast<std::uint8_t>(1u << id % 8);
  std::uint8_t& byte = vlans_[id / 8];
  byte = static_cast<std::uint8_t>(on ? byte | bit : byte & ~bit);
}

bool ReceiveFilter::TableHas(const std::uint8_t* address, std::uint32_t from,
                             std::uint32_t to) const {
  for (std::uint32_t i = from; i < to; ++i) {
    if (std::equal(address, address + kAddressSize, &table_.addresses[i * kAddressSize])) {
      return true;
    }
  }
  return false;
}

bool ReceiveFilter::PassesMulticast(const std::uint8_t* address) const {
  const bool broadcast =
      std::all_of(address, address + kAddressSize, [](std::uint8_t byte) { return byte == 0xff; });
  if (broadcast) return !modes_[control::kRxNoBroadcast];
  if (modes_[control::kRxNoMulti]) return false;
  if (modes_[control::kRxAllMulti] || table_.multicast_overflow) return true;
  return TableHas(address, table_.unicast, table_.all);
}

bool ReceiveFilter::PassesUnicast(const std::uint8_t* address) const {
  if (modes_[control::kRxNoUni]) return false;
  if (modes_[control::kRxAllUni] || table_.unicast_overflow) return true;
  if (std::equal(mac_.begin(), mac_.end(), address)) return true;
  return TableHas(address, 0, table_.unicast);
}

bool ReceiveFilter::Passes(Bytes frame) const {
  if (modes_[control::kRxPromisc]) return true;
  std::array<std::uint8_t, kLookedAt> start{};
  std::copy_n(frame.begin(), std::min(frame.size(), start.size()), start.begin());
  if (LoadBe16(&start[kTypeAt]) == kVlanType) {
    const std::uint16_t id = LoadBe16(&start[kTypeAt + 2]) & 0xfff;
    if ((vlans_[id / 8] >> id % 8 & 1) == 0) return false;
  }
  return (start[0] & 1) != 0 ? PassesMulticast(start.data()) : PassesUnicast(start.data());
}

}  // namespace nicreplay::virtio
