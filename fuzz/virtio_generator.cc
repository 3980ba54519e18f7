// SPDX-License-Identifier: MIT
#include "fuzz/virtio_generator.h"

#include "models/pci_config.h"
#include "models/virtio/net_spec.h"

namespace nicreplay {

using virtio::Driver;
using virtio::DriverRing;
using virtio::Features;
namespace feature = virtio::feature;

namespace {

constexpr GuestAddress kRingStride = 0x4000;
constexpr std::uint32_t kDefaultSize = 256;

// What a driver may ask for beside what its interface needs.
constexpr unsigned kChoices[] = {
    feature::kMrgRxbuf,         feature::kEventIdx,    feature::kIndirectDesc,
    feature::kStatus,           feature::kCtrlRx,      feature::kCtrlVlan,
    feature::kCtrlRxExtra,      feature::kCtrlMacAddr, feature::kMq,
    feature::kGuestAnnounce,    feature::kRss,         feature::kCsum,
    feature::kGuestCsum,        feature::kGuestTso4,   feature::kHostTso4,
    feature::kHashReport,       feature::kAnyLayout,   feature::kRingReset,
    feature::kInOrder,          feature::kGso,         feature::kHostTso6,
    feature::kGuestTso6,        feature::kMtu,         feature::kSpeedDuplex,
    feature::kCtrlGuestOffloads};

}  // namespace

const VirtioGenerator::Mode VirtioGenerator::kModes[] = {
    {"transmit", 16, &VirtioGenerator::Transmit},
    {"transmit-many", 1, &VirtioGenerator::TransmitMany},
    {"post-buffers", 8, &VirtioGenerator::PostBuffers},
    {"receive", 16, &VirtioGenerator::Receive},
    {"interrupts", 8, &VirtioGenerator::Interrupts},
    {"msix", 5, &VirtioGenerator::Msix},
    {"registers", 5, &VirtioGenerator::Registers},
    {"device-configuration", 3, &VirtioGenerator::DeviceConfiguration},
    {"odd-registers", 4, &VirtioGenerator::OddRegisters},
    {"window", 2, &VirtioGenerator::Window},
    {"link", 2, &VirtioGenerator::Link},
    {"command", 10, &VirtioGenerator::Command},
    {"pci-command", 1, &VirtioGenerator::PciCommand},
    {"reset-queue", 2, &VirtioGenerator::ResetQueue},
    {"status", 1, &VirtioGenerator::Status},
    {"hostile", 3, &VirtioGenerator::Hostile},
    {"restart", 1, &VirtioGenerator::Restart},
};

std::vector<std::string_view> VirtioGenerator::ModeNames() {
  std::vector<std::string_view> names;
  names.reserve(std::size(kModes));
  for (const Mode& mode : kModes) names.push_back(mode.name);
  return names;
}

VirtioGenerator::VirtioGenerator(std::uint64_t seed, OperationSink& sink, GeneratorWindow window)
    : random_(seed),
      sink_(sink),
      window_(window),
      rings_base_(window.base + 0x10000),
      tables_(window.base + 0x20000),
      messages_(window.base + 0x28000),
      buffers_(window.base + 0x40000),
      driver_(*this, Driver::Mode::kModern) {}

void VirtioGenerator::Do(Stimulus operation) { sink_.Do(operation); }

std::uint64_t VirtioGenerator::Read(const Access& access) {
  return sink_.Do({.offset = access.offset,
                   .kind = StimulusKind::kRead,
                   .bar = access.bar,
                   .size = access.size});
}

void VirtioGenerator::Write(const Access& access, std::uint64_t value) {
  const std::uint64_t mask =
      access.size == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << 8 * access.size) - 1;
  Do({.value = value & mask,
      .offset = access.offset,
      .kind = StimulusKind::kWrite,
      .bar = access.bar,
      .size = access.size});
}

std::uint32_t VirtioGenerator::ConfigRead(std::uint8_t offset, std::uint8_t size) {
  return static_cast<std::uint32_t>(
      sink_.Do({.offset = offset, .kind = StimulusKind::kConfigRead, .size = size}));
}

void VirtioGenerator::ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint32_t value) {
  Do({.value = value, .offset = offset, .kind = StimulusKind::kConfigWrite, .size = size});
}

void VirtioGenerator::WriteMemory(GuestAddress address, Bytes bytes) {
  Do({.value = address,
      .data = bytes.data(),
      .data_size = static_cast<std::uint32_t>(bytes.size()),
      .kind = StimulusKind::kMemory});
}

void VirtioGenerator::Offer(Bytes frame) {
  Do({.data = frame.data(),
      .data_size = static_cast<std::uint32_t>(frame.size()),
      .kind = StimulusKind::kFrame});
}

// Which interfaces there are; then all of configuration space.
void VirtioGenerator::Discover() {
  Do({.kind = StimulusKind::kReset});
  has_legacy_ = ConfigRead(2, 2) != virtio::kModernNetId;
  has_modern_ = (ConfigRead(PciConfig::kBar0 + 4 * virtio::kModernBar, 4) & 0xf) != 0;
  for (int offset = 0; offset < 0x100; offset += 4) {
    ConfigRead(static_cast<std::uint8_t>(offset), 4);
  }
  driver_.MapBars();
}

std::uint32_t VirtioGenerator::HeaderSize() const {
  if (Has(feature::kVersion1)) {
    return Has(feature::kHashReport) ? virtio::kHashHeader : virtio::kHeader;
  }
  return Has(feature::kMrgRxbuf) ? virtio::kHeader : virtio::kShortHeader;
}

void VirtioGenerator::BringUp() {
  const bool legacy = has_legacy_ && (!has_modern_ || random_.OneIn(3));
  driver_ = Driver(*this, legacy ? Driver::Mode::kLegacy : Driver::Mode::kModern);
  ConfigWrite(PciConfig::kCommand, 2, 7);
  if (random_.OneIn(4)) NegotiateOddly();
  Features wanted = Features::Of(feature::kMac, feature::kCtrlVq);
  for (const unsigned bit : kChoices) {
    if (random_.Below(3) != 0) wanted = wanted | Features::Of(bit);
  }
  if (!legacy) wanted = wanted | Features::Of(feature::kVersion1);
  if (!legacy && random_.OneIn(2)) wanted = wanted | Features::Of(feature::kRingPacked);
  if (legacy && random_.OneIn(4)) wanted = wanted | Features::Of(feature::kNotifyOnEmpty);
  accepted_ = driver_.Negotiate(wanted);
  msix_ = random_.OneIn(2);
  driver_.EnableMsix(msix_);
  if (msix_) SetUpMsix();
  SetUpRings();
  driver_.Start();
  driver_.ReadStatus();
  filtering_ = false;
  broken_ = false;
  episodes_ = static_cast<unsigned>(random_.Between(10, 120));
  posted_.clear();
  posted_descriptors_ = 0;
  // What was offered before DRIVER_OK is lost when it is written.
  waiting_.clear();
  blocked_ = false;
}

// More than is offered, in part, or what only broken drivers take; what became of it.
void VirtioGenerator::NegotiateOddly() {
  driver_.SetStatus(0);
  const auto words = static_cast<std::uint32_t>(random_.OneIn(2) ? 0xffffffff : random_.Next());
  if (driver_.mode() == Driver::Mode::kLegacy) {
    Write({virtio::kLegacyBar, 4, virtio::legacy::kDriverFeatures}, words);
  } else {
    Write({virtio::kModernBar, 4, virtio::common::kDriverFeatureSelect}, random_.Below(3));
    Write({virtio::kModernBar, 4, virtio::common::kDriverFeature}, words);
    Read({virtio::kModernBar, 4, virtio::common::kDriverFeature});
  }
  if (has_legacy_) Read({virtio::kLegacyBar, 4, virtio::legacy::kDriverFeatures});
}

void VirtioGenerator::SetUpRings() {
  constexpr std::uint32_t kSizes[] = {256, 256, 64, 16, 8, 5, 100};
  const auto format =
      Has(feature::kRingPacked) ? DriverRing::Format::kPacked : DriverRing::Format::kSplit;
  for (std::uint16_t i = 0; i < kQueues; ++i) {
    std::uint32_t size = i == kControl ? virtio::kControlQueueSize : kDefaultSize;
    if (driver_.mode() == Driver::Mode::kModern) size = std::min(size, random_.Pick(kSizes));
    rings_[i] = DriverRing(format, rings_base_ + i * kRingStride, size);
    rings_[i].Clear(*this);
    driver_.SetUpQueue(i, rings_[i], static_cast<std::uint16_t>(random_.Below(4)));
    if (random_.OneIn(4)) rings_[i].SetInterrupts(*this, false);
  }
}

void VirtioGenerator::SetUpMsix() {
  for (std::uint16_t i = 0; i < 4; ++i) {
    driver_.SetVector(i, messages_ + 16u * i, 0x4000u + i, random_.OneIn(6));
  }
  driver_.SetConfigVector(
      static_cast<std::uint16_t>(random_.OneIn(5) ? virtio::kNoVector : random_.Below(5)));
}

void VirtioGenerator::Give(std::uint16_t queue, const Pieces& pieces) {
  if (Has(feature::kIndirectDesc) && pieces.size() <= 32 && random_.OneIn(3)) {
    rings_[queue].AddIndirect(*this, pieces, Table(queue));
  } else {
    rings_[queue].Add(*this, pieces);
  }
}

bool VirtioGenerator::Show(std::uint16_t queue) {
  rings_[queue].Publish(*this);
  if (random_.OneIn(12)) return false;
  driver_.Notify(queue);
  return true;
}

void VirtioGenerator::Run() {
  unsigned total = 0;
  for (const Mode& mode : kModes) total += mode.weight;
  Discover();
  while (!sink_.Done()) {
    BringUp();
    while (!sink_.Done() && episodes_-- != 0) {
      std::uint64_t ticket = random_.Below(total);
      for (const Mode& mode : kModes) {
        if (ticket < mode.weight) {
          (this->*mode.episode)();
          break;
        }
        ticket -= mode.weight;
      }
    }
  }
}

}  // namespace nicreplay
