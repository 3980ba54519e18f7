// SPDX-License-Identifier: MIT
// What drivers of virtio-net do, and some of what they do not.
#include "fuzz/virtio_generator.h"
#include "models/pci_config.h"
#include "models/virtio/net_spec.h"

namespace nicreplay {

using virtio::Driver;
using virtio::DriverPiece;
using virtio::DriverRing;
namespace feature = virtio::feature;

namespace {

constexpr std::uint64_t kBufferBytes = 0x80000;
constexpr std::uint8_t kMsixControl = 0x9a;  // of a device with the modern interface

}  // namespace

GuestAddress VirtioGenerator::Buffer(std::uint32_t size) {
  return buffers_ + random_.Below(kBufferBytes - size);
}

// Tables of buffers to receive into must stay as they are for long: each slot has its own.
GuestAddress VirtioGenerator::Table(std::uint16_t queue) {
  constexpr std::uint64_t kSmall = 8 * virtio::kDescriptorSize;
  constexpr std::uint64_t kLarge = 64 * virtio::kDescriptorSize;
  if (queue == kReceive) return tables_ + 0x10000 + rings_[queue].next() * kSmall;
  return tables_ + (queue == kTransmit ? 0 : 0x2000) + random_.Below(8) * kLarge;
}

std::uint32_t VirtioGenerator::AnyFrameSize() {
  switch (random_.Below(10)) {
    case 0:
      return static_cast<std::uint32_t>(random_.Between(18, 40));
    case 1:
      return static_cast<std::uint32_t>(random_.Between(1500, 1530));
    case 2:
      return static_cast<std::uint32_t>(random_.Between(2000, 20000));
    case 3:
      if (filtering_) return 60;
      return static_cast<std::uint32_t>(random_.Between(1, 20));
    default:
      return static_cast<std::uint32_t>(random_.Between(42, 300));
  }
}

// Makes it IP, with what hashing looks at.
void VirtioGenerator::AnyPacket(std::vector<std::uint8_t>* frame) {
  constexpr std::uint8_t kProtocols[] = {6, 17, 1, 6, 17};
  constexpr std::uint8_t kHeaders[] = {6, 17, 6, 17, 0, 43, 44, 60};
  const bool ipv6 = random_.OneIn(3);
  (*frame)[12] = ipv6 ? 0x86 : 0x08;
  (*frame)[13] = ipv6 ? 0xdd : 0x00;
  (*frame)[14] = ipv6 ? 0x60 : 0x45;
  if (frame->size() < 24) return;
  if (ipv6) {
    (*frame)[20] = random_.Pick(kHeaders);
    return;
  }
  (*frame)[20] = random_.OneIn(6) ? 0x20 : 0x40;
  (*frame)[21] = 0;
  (*frame)[23] = random_.Pick(kProtocols);
}

std::vector<std::uint8_t> VirtioGenerator::AnyFrame() {
  std::vector<std::uint8_t> frame(AnyFrameSize());
  constexpr std::uint8_t kStations[][6] = {{0x52, 0x54, 0x00, 0x12, 0x34, 0x56},
                                           {0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
                                           {0x01, 0x00, 0x5e, 0x00, 0x00, 0x01},
                                           {0x02, 0x00, 0x00, 0x00, 0x00, 0x01},
                                           {0x33, 0x33, 0x00, 0x00, 0x00, 0x02}};
  const auto& station = kStations[random_.Below(5)];
  const std::uint64_t seed = random_.Next();
  for (std::size_t i = 0; i < frame.size(); ++i) {
    frame[i] = i < 6 ? station[i] : static_cast<std::uint8_t>(seed >> i % 57);
  }
  if (frame.size() < 18) return frame;
  frame[5] = static_cast<std::uint8_t>(frame[5] + (random_.OneIn(4) ? 1 : 0));
  if (random_.OneIn(3)) {  // a VLAN of few
    frame[12] = 0x81;
    frame[13] = 0x00;
    frame[14] = static_cast<std::uint8_t>(random_.OneIn(8) ? 0x1f : 0);
    frame[15] = static_cast<std::uint8_t>(random_.Below(12));
  } else {
    AnyPacket(&frame);
  }
  return frame;
}

// Pieces of at least `least` bytes each, in order, not always touching.
VirtioGenerator::Pieces VirtioGenerator::Cut(GuestAddress address, std::uint32_t size,
                                             bool device_writes, std::uint32_t least) {
  Pieces pieces;
  const std::uint64_t most = random_.OneIn(3) ? 1 : random_.Between(1, 6);
  while (size >= 2 * least && pieces.size() + 1 < most) {
    const auto part =
        static_cast<std::uint32_t>(random_.Between(least, std::min(size - least, 4 * least)));
    pieces.push_back({address, part, device_writes});
    address += part;
    size -= part;
  }
  pieces.push_back({address, size, device_writes});
  return pieces;
}

void VirtioGenerator::Transmit() {
  // QEMU 7.2 loses count of a packed ring that it drops.
  if (!link_up_ && Has(feature::kRingPacked)) return;
  DriverRing& ring = rings_[kTransmit];
  const std::uint64_t count = random_.Between(1, 4);
  std::uint32_t descriptors = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    std::vector<std::uint8_t> packet(HeaderSize());
    for (auto& byte : packet) byte = static_cast<std::uint8_t>(random_.OneIn(6) ? 1 : 0);
    const std::vector<std::uint8_t> frame = AnyFrame();
    packet.insert(packet.end(), frame.begin(), frame.end());
    const auto size = static_cast<std::uint32_t>(packet.size());
    const GuestAddress at = Buffer(size);
    const Pieces pieces =
        Cut(at, size, false, !broken_ && !Has(feature::kRingPacked) && random_.OneIn(2) ? 4 : 24);
    descriptors += static_cast<std::uint32_t>(pieces.size());
    if (descriptors > ring.size()) break;
    WriteMemory(at, packet);
    Give(kTransmit, pieces);
  }
  ring.Publish(*this);
  driver_.Notify(kTransmit);
}

// More than a pass takes, or a whole lap.
void VirtioGenerator::TransmitMany() {
  if (!link_up_ && Has(feature::kRingPacked)) return;
  const std::uint32_t size = HeaderSize() + 30;
  const GuestAddress at = Buffer(size);
  WriteMemory(at, std::vector<std::uint8_t>(size, 0x5a));
  const DriverPiece piece{at, size, false};
  for (std::uint32_t i = 0; i < rings_[kTransmit].size(); ++i) {
    rings_[kTransmit].Add(*this, {&piece, 1});
  }
  rings_[kTransmit].Publish(*this);
  driver_.Notify(kTransmit);
}

void VirtioGenerator::PostBuffers() {
  const std::uint64_t count = random_.Between(1, 6);
  for (std::uint64_t i = 0; i < count; ++i) {
    const bool small = Has(feature::kMrgRxbuf) && random_.OneIn(2);
    const auto size =
        static_cast<std::uint32_t>(small ? random_.Between(40, 200) : random_.Between(300, 3000));
    const GuestAddress at = Buffer(size);
    // Whatever slots a driver that lost count writes over: no buffer is shorter than a header.
    Pieces pieces;
    std::uint32_t start = 0;
    if (!Has(feature::kRingPacked) && random_.OneIn(3)) {
      start = static_cast<std::uint32_t>(random_.Between(5, HeaderSize()));
      pieces.push_back({at, start, true});
    }
    const Pieces rest = Cut(at + start, size - start, true, 24);
    pieces.insert(pieces.end(), rest.begin(), rest.end());
    // QEMU 7.2 puts back only one descriptor of a packed chain.
    if (Has(feature::kRingPacked) && !Has(feature::kMrgRxbuf)) pieces = {{at, size, true}};
    const auto descriptors = static_cast<std::uint32_t>(pieces.size());
    if (posted_descriptors_ + descriptors > rings_[kReceive].size()) break;
    Give(kReceive, pieces);
    posted_.push_back({size, descriptors});
    posted_descriptors_ += descriptors;
  }
  if (!Show(kReceive)) return;
  blocked_ = false;
  Consume();
}

// What a device that works would do with the frames that wait.
void VirtioGenerator::Consume() {
  while (!waiting_.empty()) {
    std::uint64_t left = waiting_.front() + HeaderSize();
    std::uint64_t all = 0;
    for (const PostedBuffer& buffer : posted_) all += buffer.bytes;
    if (posted_.empty() || (Has(feature::kMrgRxbuf) && all < left)) {
      blocked_ = true;
      return;
    }
    waiting_.pop_front();
    if (!Has(feature::kMrgRxbuf)) {
      if (posted_.front().bytes >= left) {
        posted_descriptors_ -= posted_.front().descriptors;
        posted_.pop_front();
      }
      continue;
    }
    while (left != 0 && !posted_.empty()) {
      const PostedBuffer buffer = posted_.front();
      posted_.pop_front();
      posted_descriptors_ -= buffer.descriptors;
      left -= std::min<std::uint64_t>(left, buffer.bytes);
    }
  }
}

void VirtioGenerator::NoteOffered(std::uint32_t size) {
  waiting_.push_back(size);
  if (!blocked_) Consume();
}

void VirtioGenerator::Receive() {
  if (random_.OneIn(2)) PostBuffers();
  const std::uint64_t count = random_.Between(1, 3);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::vector<std::uint8_t> frame = AnyFrame();
    Offer(frame);
    if (link_up_ && !filtering_) NoteOffered(static_cast<std::uint32_t>(frame.size()));
  }
}

void VirtioGenerator::Interrupts() {
  DriverRing& ring = rings_[random_.Below(kQueues)];
  switch (random_.Below(4)) {
    case 0:
      ring.SetInterrupts(*this, random_.OneIn(2));
      break;
    case 1: {
      const bool packed = Has(feature::kRingPacked);
      std::uint64_t place = packed ? random_.Below(ring.size()) : ring.added();
      if (packed) {
        place |= random_.Below(2) << 15;
      } else {
        place += random_.Below(3) - 1;
      }
      ring.SetUsedEvent(*this, static_cast<std::uint16_t>(place));
      break;
    }
    default:
      driver_.ReadIsr();
  }
}

void VirtioGenerator::Msix() {
  if (!msix_) return;
  const auto vector = static_cast<std::uint16_t>(random_.Below(4));
  switch (random_.Below(5)) {
    case 0: {
      const bool masked = random_.OneIn(2);
      const auto data = static_cast<std::uint32_t>(random_.Next());
      driver_.SetVector(vector, messages_ + 16 * random_.Below(8), data, masked);
      break;
    }
    case 1:
      Write({virtio::kMsixBar, 4, vector * 16u + 12}, random_.Below(2));
      break;
    case 2:
      Read({virtio::kMsixBar, 8, 2048});
      Read({virtio::kMsixBar, 4, vector * 16u + 4 * static_cast<std::uint32_t>(random_.Below(4))});
      break;
    case 3:  // function mask, and off
      if (!has_modern_) break;
      ConfigWrite(kMsixControl, 2, static_cast<std::uint32_t>(random_.Below(4)) << 14);
      if (random_.OneIn(2)) Transmit();
      ConfigWrite(kMsixControl, 2, 0x8000);
      break;
    default:
      driver_.SetConfigVector(static_cast<std::uint16_t>(random_.Below(6)));
  }
}

void VirtioGenerator::Registers() {
  if (driver_.mode() == Driver::Mode::kLegacy) {
    for (std::uint32_t offset = 0; offset < 32; offset += 4) Read({virtio::kLegacyBar, 4, offset});
    Read({virtio::kLegacyBar, 1, static_cast<std::uint32_t>(random_.Below(32))});
    Read({virtio::kLegacyBar, 2, static_cast<std::uint32_t>(random_.Below(16)) * 2});
    return;
  }
  Write({virtio::kModernBar, 2, virtio::common::kQueueSelect}, random_.Below(6));
  for (std::uint32_t offset = 0; offset < 64; offset += 2) Read({virtio::kModernBar, 2, offset});
  constexpr std::uint8_t kSizes[] = {1, 2, 4, 8};
  const std::uint8_t size = random_.Pick(kSizes);
  Read({virtio::kModernBar, size,
        static_cast<std::uint32_t>(random_.Below(virtio::kModernBarSize / size) * size)});
}

void VirtioGenerator::DeviceConfiguration() {
  constexpr std::uint8_t kSizes[] = {1, 2, 4};
  const std::uint8_t size = random_.Pick(kSizes);
  const auto inside = static_cast<std::uint32_t>(random_.Below(28 / size) * size);
  if (driver_.mode() == Driver::Mode::kModern) {
    Read({virtio::kModernBar, size, virtio::kDeviceRegion + inside});
    if (random_.OneIn(2)) {
      Write({virtio::kModernBar, size, virtio::kDeviceRegion + inside}, random_.Next());
    }
    return;
  }
  const std::uint32_t at = msix_ ? virtio::legacy::kConfigWithMsix : virtio::legacy::kConfig;
  if (at + inside + size > 32) return;
  // QEMU 7.2 writes on top of what was last read.
  Read({virtio::kLegacyBar, 1, at});
  if (random_.OneIn(2)) Write({virtio::kLegacyBar, size, at + inside}, random_.Next());
  Read({virtio::kLegacyBar, size, at + inside});
}

// Registers that change nothing that a ring depends on.
void VirtioGenerator::OddRegisters() {
  const auto value =
      static_cast<std::uint32_t>(random_.OneIn(2) ? random_.Next() : random_.Below(8));
  if (driver_.mode() == Driver::Mode::kLegacy) {
    constexpr std::uint32_t kOffsets[] = {0, 12, 14, 16, 19, 1, 5, 9};
    const std::uint32_t offset = random_.Pick(kOffsets);
    if (offset == 14 || offset == 16) {
      Write({virtio::kLegacyBar, 2, offset}, random_.OneIn(2) ? random_.Below(3) : 700);
    } else {
      Write({virtio::kLegacyBar, 1, offset}, value);
    }
    return;
  }
  constexpr std::uint32_t kOffsets[] = {0, 4, 8, 12, 18, 20 + 1, 30, 56, 57, 60, 0x1000, 0x200};
  const std::uint32_t offset = random_.Pick(kOffsets);
  const std::uint8_t size = offset % 4 == 0 ? 4 : 1;
  Write({virtio::kModernBar, size, offset}, value);
  Read({virtio::kModernBar, size, offset});
  // Notifications at odd places.
  Write({virtio::kModernBar, 4, virtio::kNotifyRegion + 4 * (3 + value % 100)}, value);
  if (Has(feature::kVersion1) && random_.OneIn(10)) {
    Write({virtio::kModernBar, 2, virtio::common::kQueueEnable}, value | 2);
    broken_ = true;
    episodes_ = std::min(episodes_, 5u);
  }
}

void VirtioGenerator::Window() {
  if (!has_modern_) return;
  constexpr std::uint8_t kWindow = 0x84;
  constexpr std::uint32_t kSizes[] = {1, 2, 4, 4, 3, 0, 8};
  constexpr std::uint32_t kOffsets[] = {0,      4,      18,     20,    21,    24,
                                        0x1000, 0x2000, 0x2003, 0x3ff, 0x4000};
  ConfigWrite(kWindow + 4, 1, static_cast<std::uint32_t>(random_.OneIn(3) ? random_.Next() : 4));
  ConfigWrite(kWindow + 8, 4, random_.Pick(kOffsets));
  ConfigWrite(kWindow + 12, 4, random_.Pick(kSizes));
  ConfigRead(kWindow + 16, 4);
  ConfigRead(kWindow + 17, 1);
  ConfigWrite(kWindow + 8, 4, virtio::common::kDeviceFeatureSelect);
  ConfigWrite(kWindow + 12, 4, 4);
  ConfigWrite(kWindow + 16, 4, static_cast<std::uint32_t>(random_.Below(3)));
  ConfigRead(kWindow + 16, 4);
  if (link_up_ || !Has(feature::kRingPacked)) {
    ConfigWrite(kWindow + 8, 4,
                virtio::kNotifyRegion + 4 * static_cast<std::uint32_t>(random_.Below(4)));
    ConfigWrite(kWindow + 12, 4, 2);
    ConfigWrite(kWindow + 16, 2, 0);
  }
}

void VirtioGenerator::Link() {
  link_up_ = !link_up_ || random_.OneIn(3);
  Do({.kind = StimulusKind::kLink, .detail = static_cast<std::uint8_t>(link_up_ ? 1 : 0)});
  if (random_.OneIn(2)) driver_.ReadIsr();
  DeviceConfiguration();
  if (link_up_) return;
  if (random_.OneIn(2)) Transmit();
  link_up_ = true;
  Do({.kind = StimulusKind::kLink, .detail = 1});
}

void VirtioGenerator::PciCommand() {
  auto command = static_cast<std::uint32_t>(random_.Below(8));
  command |= static_cast<std::uint32_t>(random_.Below(2) << 10);
  ConfigWrite(PciConfig::kCommand, 2, command);
  ConfigRead(PciConfig::kCommand, 4);
  driver_.ReadStatus();
  ConfigWrite(PciConfig::kCommand, 2, 7);
  if (random_.OneIn(2)) driver_.Start();
  driver_.ReadStatus();
  broken_ = true;  // frames may be lost
}

void VirtioGenerator::ResetQueue() {
  if (driver_.mode() == Driver::Mode::kLegacy) return;
  const auto queue = static_cast<std::uint16_t>(random_.Below(kQueues));
  Write({virtio::kModernBar, 2, virtio::common::kQueueSelect}, queue);
  const bool resets = !random_.OneIn(6);
  Write({virtio::kModernBar, 2, virtio::common::kQueueReset}, resets ? 1 : 2);
  Read({virtio::kModernBar, 2, virtio::common::kQueueReset});
  Read({virtio::kModernBar, 2, virtio::common::kQueueEnable});
  if (random_.OneIn(4)) driver_.Notify(queue);
  if (!resets) return;
  rings_[queue].Clear(*this);
  driver_.SetUpQueue(queue, rings_[queue], static_cast<std::uint16_t>(random_.Below(4)));
  if (queue != kReceive) return;
  posted_.clear();
  posted_descriptors_ = 0;
}

void VirtioGenerator::Status() {
  broken_ = true;
  constexpr std::uint8_t kValues[] = {0x03, 0x0b, 0x0f, 0x8f, 0x4f, 0x07, 0x01, 0xff};
  driver_.SetStatus(random_.Pick(kValues));
  driver_.ReadStatus();
  if (random_.OneIn(2)) Receive();
  if (random_.OneIn(2)) Transmit();
  driver_.Start();
  waiting_.clear();
}

void VirtioGenerator::Restart() {
  if (random_.OneIn(4)) {
    Do({.kind = StimulusKind::kReset});
    driver_.MapBars();
  } else if (driver_.mode() == Driver::Mode::kLegacy && random_.OneIn(2)) {
    Write({virtio::kLegacyBar, 4, virtio::legacy::kQueueAddress}, 0);
  }
  driver_.ReadStatus();
  driver_.ReadIsr();
  if (random_.OneIn(2)) driver_.Notify(kTransmit);
  episodes_ = 0;
}

}  // namespace nicreplay
