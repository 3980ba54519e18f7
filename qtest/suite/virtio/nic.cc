// SPDX-License-Identifier: MIT
#include "qtest/suite/virtio/nic.h"

namespace nicreplay::virtio {
namespace {

constexpr std::uint8_t kCapabilities = 0x34;
constexpr std::uint8_t kVendorCapability = 0x09;
constexpr std::uint8_t kCapabilityType = 3;
constexpr int kMostCapabilities = 48;

}  // namespace

void Nic::ResetBus() {
  Stimulus stimulus;
  stimulus.kind = StimulusKind::kReset;
  target_.Apply(stimulus);
  Enable();
}

std::uint32_t Nic::DeviceConfig(std::uint32_t offset, std::uint8_t size) {
  if (IsLegacy()) return Legacy(legacy::kConfig + offset, size);
  return static_cast<std::uint32_t>(ReadBar(kModernBar, kDeviceRegion + offset, size));
}

void Nic::SetDeviceConfig(std::uint32_t offset, std::uint8_t size, std::uint32_t value) {
  if (IsLegacy()) {
    SetLegacy(legacy::kConfig + offset, size, value);
  } else {
    WriteBar(kModernBar, kDeviceRegion + offset, size, value);
  }
}

void Nic::SelectQueue(std::uint16_t queue) {
  if (IsLegacy()) {
    SetLegacy(legacy::kQueueSelect, 2, queue);
  } else {
    SetCommon(common::kQueueSelect, 2, queue);
  }
}

std::uint16_t Nic::QueueSize(std::uint16_t queue) {
  SelectQueue(queue);
  return static_cast<std::uint16_t>(IsLegacy() ? Legacy(legacy::kQueueSize, 2)
                                               : Common(common::kQueueSize, 2));
}

Features Nic::Offered() {
  std::uint64_t offered = 0;
  for (const std::uint32_t word : {0, 1}) {
    SetCommon(common::kDeviceFeatureSelect, 4, word);
    offered |= std::uint64_t{Common(common::kDeviceFeature, 4)} << 32 * word;
  }
  return Features(offered);
}

std::uint8_t Nic::FindCapability(std::uint8_t id) {
  auto at = static_cast<std::uint8_t>(Config(kCapabilities, 1));
  for (int i = 0; i < kMostCapabilities && at != 0; ++i) {
    if (Config(at, 1) == id) return at;
    at = static_cast<std::uint8_t>(Config(static_cast<std::uint8_t>(at + 1), 1));
  }
  return 0;
}

std::uint8_t Nic::FindVirtioCapability(std::uint8_t type) {
  auto at = static_cast<std::uint8_t>(Config(kCapabilities, 1));
  for (int i = 0; i < kMostCapabilities && at != 0; ++i) {
    const bool is_virtio = Config(at, 1) == kVendorCapability;
    if (is_virtio && Config(static_cast<std::uint8_t>(at + kCapabilityType), 1) == type) return at;
    at = static_cast<std::uint8_t>(Config(static_cast<std::uint8_t>(at + 1), 1));
  }
  return 0;
}

void Nic::Prepare(Features features, std::uint16_t pairs) {
  Features wanted = features;
  if (!IsLegacy()) wanted = wanted | Features::Of(feature::kVersion1);
  if (IsPacked()) wanted = wanted | Features::Of(feature::kRingPacked);
  accepted_ = driver_.Negotiate(wanted);
  pairs_ = pairs;
  for (std::uint16_t i = 0; i <= control_queue(); ++i) {
    const std::uint16_t size = sizes_[i] != 0 ? sizes_[i] : QueueSize(i);
    rings_[i] = DriverRing(kind_.format, kRings + i * kRingStride, size);
    rings_[i].Clear(bus_);
    given_[i].clear();
    driver_.SetUpQueue(i, rings_[i], i);
  }
}

void Nic::Start(Features features, std::uint16_t pairs) {
  Prepare(features, pairs);
  driver_.Start();
}

std::size_t Nic::header_size() const {
  if (accepted_.Has(feature::kHashReport)) return kHashHeader;
  const bool long_header = accepted_.Has(feature::kVersion1) || accepted_.Has(feature::kMrgRxbuf);
  return long_header ? kHeader : kShortHeader;
}

void Nic::Add(std::uint16_t queue, const std::vector<DriverPiece>& pieces) {
  given_[queue].push_back({rings_[queue].next(), rings_[queue].wrap()});
  rings_[queue].Add(bus_, pieces);
}

void Nic::AddIndirect(std::uint16_t queue, const std::vector<DriverPiece>& pieces,
                      GuestAddress table) {
  given_[queue].push_back({rings_[queue].next(), rings_[queue].wrap()});
  rings_[queue].AddIndirect(bus_, pieces, table);
}

void Nic::Show(std::uint16_t queue) {
  rings_[queue].Publish(bus_);
  driver_.Notify(queue);
}

void Nic::SendWith(const ByteVector& header, const ByteVector& frame) {
  const ByteVector packet = Joined(header, frame);
  Poke(kOut, packet);
  Give(kTransmitQueue, {{kOut, static_cast<std::uint32_t>(packet.size()), false}});
}

void Nic::Receive(const ByteVector& frame) {
  Stimulus stimulus;
  stimulus.kind = StimulusKind::kFrame;
  stimulus.data = frame.data();
  stimulus.data_size = static_cast<std::uint32_t>(frame.size());
  target_.Apply(stimulus);
}

std::uint8_t Nic::Command(std::uint8_t command_class, std::uint8_t command,
                          const ByteVector& data) {
  constexpr GuestAddress kAck = kOut + 0x8000;
  const ByteVector bytes = Joined({command_class, command}, data);
  Poke(kOut, bytes);
  Poke(kAck, {kNoAck});
  Give(control_queue(), {{kOut, static_cast<std::uint32_t>(bytes.size()), false}, {kAck, 1, true}});
  return Load<std::uint8_t>(kAck);
}

bool Nic::IsUsed(std::uint16_t queue, std::uint16_t number) {
  const DriverRing& ring = rings_[queue];
  if (!IsPacked()) {
    const auto index = Load<std::uint16_t>(ring.device_area() + kRingIndex);
    return static_cast<std::int16_t>(index - number) > 0;
  }
  const Given given = given_[queue][number];
  const auto now = Load<PackedDescriptor>(ring.descriptors() + given.slot * kDescriptorSize);
  constexpr std::uint16_t kBoth = descriptor::kAvail | descriptor::kUsed;
  return (now.flags & kBoth) == (given.wrap ? kBoth : 0);
}

UsedElement Nic::Used(std::uint16_t queue, std::uint16_t number) {
  const DriverRing& ring = rings_[queue];
  if (!IsPacked()) {
    return Load<UsedElement>(ring.device_area() + kRingEntries +
                             number % ring.size() * sizeof(UsedElement));
  }
  const auto now =
      Load<PackedDescriptor>(ring.descriptors() + SlotOf(queue, number) * kDescriptorSize);
  return {now.id, now.len};
}

std::uint16_t Nic::UsedCount(std::uint16_t queue) {
  if (!IsPacked()) return Load<std::uint16_t>(rings_[queue].device_area() + kRingIndex);
  std::uint16_t count = 0;
  while (count < given_[queue].size() && IsUsed(queue, count)) ++count;
  return count;
}

void Nic::SetLink(LinkState state) {
  Stimulus stimulus;
  stimulus.kind = StimulusKind::kLink;
  stimulus.detail = state == LinkState::kUp ? 1 : 0;
  target_.Apply(stimulus);
}

ByteVector Nic::Peek(GuestAddress address, std::size_t size) {
  ByteVector bytes(size);
  target_.ReadMemory(address, bytes);
  return bytes;
}

}  // namespace nicreplay::virtio
