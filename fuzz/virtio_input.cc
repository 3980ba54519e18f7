// SPDX-License-Identifier: MIT
#include "fuzz/virtio_input.h"

#include "fuzz/input_frames.h"
#include "models/pci_config.h"
#include "models/virtio/net_spec.h"

namespace nicreplay {

using virtio::Driver;
using virtio::DriverRing;
using virtio::Features;
namespace feature = virtio::feature;

namespace {

constexpr GuestAddress kRings = 0x10000;
constexpr GuestAddress kRingStride = 0x4000;
constexpr std::uint32_t kLegacySize = 256;

// What a driver takes of features, by bits of an item: those that it can do without.
constexpr unsigned kChoices[] = {
    feature::kMrgRxbuf,      feature::kEventIdx,    feature::kIndirectDesc,
    feature::kStatus,        feature::kCtrlRx,      feature::kCtrlVlan,
    feature::kCtrlRxExtra,   feature::kCtrlMacAddr, feature::kMq,
    feature::kGuestAnnounce, feature::kRss,         feature::kCsum,
    feature::kGuestCsum,     feature::kGuestTso4,   feature::kHostTso4,
    feature::kHashReport,    feature::kAnyLayout,   feature::kRingReset,
    feature::kInOrder,       feature::kGso,         feature::kHostTso6,
    feature::kGuestTso6,     feature::kMtu,         feature::kSpeedDuplex,
    feature::kGuestEcn,      feature::kGuestUfo,    feature::kCtrlGuestOffloads,
    feature::kHostEcn,       feature::kHostUfo,     feature::kNotifyOnEmpty,
    feature::kUnused,        feature::kCtrlVq};
static_assert(std::size(kChoices) == 32);

}  // namespace

const VirtioInput::Kind VirtioInput::kKinds[] = {
    {{"bring-up", 6}, &VirtioInput::PlayBringUp},
    {{"transmit", 14}, &VirtioInput::PlayTransmit},
    {{"buffers", 5}, &VirtioInput::PlayBuffers},
    {{"frame", kFrameOperands, false, 0, true}, &VirtioInput::PlayFrame},
    {{"super-frame", kSuperFrameOperands, false, 0, true}, &VirtioInput::PlaySuperFrame},
    {{"raw-frame", 2, true, 0, true}, &VirtioInput::PlayRawFrame},
    {{"command", 4, true}, &VirtioInput::PlayCommand},
    {{"mac-table", 4}, &VirtioInput::PlayMacTable},
    {{"rss", 9}, &VirtioInput::PlayRss},
    {{"register", 5, false, 64}, &VirtioInput::PlayRegister},
    {{"read", 1, false, 64}, &VirtioInput::PlayRead},
    {{"access", 7}, &VirtioInput::PlayAccess},
    {{"config", 5}, &VirtioInput::PlayConfig},
    {{"memory", 10, true}, &VirtioInput::PlayMemory},
    {{"descriptor", 9}, &VirtioInput::PlayDescriptor},
    {{"available", 4}, &VirtioInput::PlayAvailable},
    {{"wanted", 3}, &VirtioInput::PlayWanted},
    {{"notify", 1}, &VirtioInput::PlayNotify},
    {{"msix", 4}, &VirtioInput::PlayMsix},
    {{"queue", 2}, &VirtioInput::PlayQueue},
    {{"window", 7}, &VirtioInput::PlayWindow},
    {{"time", 1}, &VirtioInput::PlayTime},
    {{"event", 0}, &VirtioInput::PlayEvent},
};

// Opcodes beyond the kinds that are listed once go to the frequent ones again.
const VirtioInput::Kind& VirtioInput::KindOf(std::uint8_t opcode) {
  using enum VirtioItem;
  static constexpr VirtioItem kFrequent[] = {kBringUp, kTransmit, kTransmit, kBuffers, kBuffers,
                                             kFrame,   kFrame,    kCommand,  kNotify};
  const std::size_t number = opcode % kOpcodeKinds;
  const std::size_t kinds = std::size(kKinds);
  static_assert(std::size(kKinds) + std::size(kFrequent) == kOpcodeKinds);
  return kKinds[number < kinds ? number : static_cast<std::size_t>(kFrequent[number - kinds])];
}

const ItemGrammar& VirtioGrammar() {
  using enum VirtioItem;
  static constexpr ItemScenario kScenarios[] = {
      {3, {VirtioOpcode(kBuffers), VirtioOpcode(kFrame), VirtioOpcode(kFrame, 1)}},
      {3, {VirtioOpcode(kTransmit, 2), VirtioOpcode(kTransmit), VirtioOpcode(kRead)}},
      {3, {VirtioOpcode(kCommand), VirtioOpcode(kBuffers), VirtioOpcode(kFrame)}},
      {3, {VirtioOpcode(kMacTable), VirtioOpcode(kBuffers), VirtioOpcode(kFrame)}},
      {3, {VirtioOpcode(kRss), VirtioOpcode(kBuffers, 4), VirtioOpcode(kSuperFrame)}},
      {4,
       {VirtioOpcode(kDescriptor), VirtioOpcode(kDescriptor), VirtioOpcode(kAvailable),
        VirtioOpcode(kNotify)}},
      {4,
       {VirtioOpcode(kMsix), VirtioOpcode(kTransmit), VirtioOpcode(kMsix, 1), VirtioOpcode(kRead)}},
      {3, {VirtioOpcode(kEvent, 1), VirtioOpcode(kTransmit), VirtioOpcode(kEvent, 0)}},
      {3, {VirtioOpcode(kQueue), VirtioOpcode(kBuffers), VirtioOpcode(kFrame)}},
      {3, {VirtioOpcode(kWanted), VirtioOpcode(kTransmit), VirtioOpcode(kTransmit)}},
      {3, {VirtioOpcode(kBringUp), VirtioOpcode(kBuffers), VirtioOpcode(kFrame)}},
  };
  static constexpr std::uint8_t kTurns[] = {VirtioOpcode(kNotify), VirtioOpcode(kWanted),
                                            VirtioOpcode(kTime, 3), VirtioOpcode(kEvent, 3)};
  static constexpr ItemGrammar kGrammar = {
      [](std::uint8_t opcode) -> const ItemKind& { return VirtioInput::KindOf(opcode).item; },
      kScenarios, kTurns};
  return kGrammar;
}

VirtioInput::VirtioInput(Bytes input, const InputStart& start, OperationSink& sink)
    : items_(input.subspan(start.items_at)),
      header_(start.header),
      sink_(sink),
      driver_(*this, Driver::Mode::kModern) {}

void VirtioInput::Run() {
  if ((header_.flags & InputHeader::kBare) == 0) {
    MapDevice();
    // As a driver of today does it, until an item does it otherwise.
    const std::uint8_t usual[] = {0xff, 0xff, 0xff, 0x8f, 0, 0};
    PlayBringUp(InputReader(usual), header_.switches & 3u);
  }
  while (!items_.empty() && !sink_.Done() && count_ < kMaxOperations) {
    const std::uint8_t opcode = items_.Byte();
    const Kind& kind = KindOf(opcode);
    InputReader operands(items_.Some(kind.item.operands));
    (this->*kind.play)(operands, opcode >> 5);
  }
}

std::uint64_t VirtioInput::Do(Stimulus operation) {
  if (++count_ > kMaxOperations) return 0;
  operation.time = now_;
  return sink_.Do(operation);
}

std::uint64_t VirtioInput::Read(const Access& access) {
  return Do({.offset = access.offset,
             .kind = StimulusKind::kRead,
             .bar = access.bar,
             .size = access.size});
}

void VirtioInput::Write(const Access& access, std::uint64_t value) {
  const std::uint64_t mask =
      access.size == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << 8 * access.size) - 1;
  Do({.value = value & mask,
      .offset = access.offset,
      .kind = StimulusKind::kWrite,
      .bar = access.bar,
      .size = access.size});
}

std::uint32_t VirtioInput::ConfigRead(std::uint8_t offset, std::uint8_t size) {
  return static_cast<std::uint32_t>(
      Do({.offset = offset, .kind = StimulusKind::kConfigRead, .size = size}));
}

void VirtioInput::ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint32_t value) {
  Do({.value = value, .offset = offset, .kind = StimulusKind::kConfigWrite, .size = size});
}

void VirtioInput::WriteMemory(GuestAddress address, Bytes bytes) {
  Do({.value = address,
      .data = bytes.data(),
      .data_size = static_cast<std::uint32_t>(bytes.size()),
      .kind = StimulusKind::kMemory});
}

void VirtioInput::MapDevice() {
  Do({.kind = StimulusKind::kReset});
  driver_.MapBars();
  layout_.known = false;
  mapped_ = true;
}

// Where QEMU has it, too: behind the pairs that there are if the driver knows of more than one.
std::uint16_t VirtioInput::ControlQueue() const {
  const bool two_pairs = SettingsOf(header_).starts_with("queue_pairs=2");
  return two_pairs && (Has(feature::kMq) || Has(feature::kRss)) ? 4 : 2;
}

std::size_t VirtioInput::HeaderSize() const {
  if (Has(feature::kVersion1)) {
    return Has(feature::kHashReport) ? virtio::kHashHeader : virtio::kHeader;
  }
  return Has(feature::kMrgRxbuf) ? virtio::kHeader : virtio::kShortHeader;
}

// features (kChoices), more of them, ring sizes.  The variant: legacy, MSI-X, not started.
void VirtioInput::PlayBringUp(InputReader operands, unsigned variant) {
  const bool legacy = (variant & 1) != 0;
  driver_ = Driver(*this, legacy ? Driver::Mode::kLegacy : Driver::Mode::kModern);
  // Inverted, so that zeros ask for much.
  const std::uint32_t chosen = operands.Take<std::uint32_t>() ^ 0xffff'ffffu;
  const std::uint8_t more = operands.Byte();
  Features wanted = Features::Of(feature::kMac);
  for (unsigned i = 0; i < std::size(kChoices); ++i) {
    const bool unusual = kChoices[i] == feature::kUnused || kChoices[i] == feature::kInOrder;
    if (((chosen >> i & 1) != 0) != unusual) wanted = wanted | Features::Of(kChoices[i]);
  }
  if (!legacy && (more & 1) == 0) wanted = wanted | Features::Of(feature::kVersion1);
  if (!legacy && (more & 2) != 0) wanted = wanted | Features::Of(feature::kRingPacked);
  accepted_ = driver_.Negotiate(wanted);
  const bool msix = (variant & 2) != 0;
  driver_.EnableMsix(msix);
  if (msix) {
    for (std::uint16_t i = 0; i < 4; ++i) {
      driver_.SetVector(i, VirtioLayout::kMessages + 16u * i, 0x4000u + i, (more >> 4 & i) != 0);
    }
    driver_.SetConfigVector(more >> 6);
  }
  SetUpRings(operands.Byte(), msix ? more >> 2 & 3 : virtio::kNoVector);
  // What the device does not have does not reset it either.
  const bool heard = !SettingsOf(header_).starts_with(legacy ? "disable-legacy" : "disable-modern");
  layout_.known = mapped_ && heard;
  layout_.event_index = Has(feature::kEventIdx);
  if ((variant & 4) == 0) driver_.Start();
}

void VirtioInput::SetUpRings(std::uint8_t sizes, std::uint16_t vectors) {
  constexpr std::uint32_t kSizes[] = {16, 64, 8, 5};
  const auto format =
      Has(feature::kRingPacked) ? DriverRing::Format::kPacked : DriverRing::Format::kSplit;
  const std::uint16_t control = ControlQueue();
  const auto rings = static_cast<std::uint16_t>(layout_.rings.size());
  for (std::uint16_t i = 0; i < rings; ++i) {
    ++layout_.epochs[i];
    layout_.rings[i] = {};
    if (i > control) continue;
    std::uint32_t size = kSizes[sizes >> (2 * std::min<unsigned>(i, 2)) & 3];
    if (driver_.mode() == Driver::Mode::kLegacy) {
      size = i == control ? virtio::kControlQueueSize : kLegacySize;
    }
    DriverRing& ring = layout_.rings[i];
    ring = DriverRing(format, kRings + i * kRingStride, size);
    ring.Clear(*this);
    driver_.SetUpQueue(
        i, ring, vectors == virtio::kNoVector ? vectors : static_cast<std::uint16_t>(vectors ^ i));
  }
}

// offset in 4 bytes in the common configuration (or the legacy registers), value.  The variant:
// bytes, the offset's lower bits.
void VirtioInput::PlayRegister(InputReader operands, unsigned variant) {
  constexpr std::uint8_t kSizes[] = {2, 4, 1, 2};
  const std::uint8_t size = kSizes[variant & 3];
  const std::uint32_t pick = operands.Byte();
  const auto value = operands.Take<std::uint32_t>();
  LoseTrack();
  if ((pick & 0x80) != 0) {
    Write({virtio::kLegacyBar, size, pick % 32 & ~(size - 1u)}, value);
  } else {
    Write({virtio::kModernBar, size, pick % 64 & ~(size - 1u)}, value);
  }
}

// offset; the variant: where
void VirtioInput::PlayRead(InputReader operands, unsigned variant) {
  const std::uint32_t pick = operands.Byte();
  switch (variant) {
    case 0:
      driver_.ReadIsr();
      break;
    case 1:
      driver_.ReadStatus();
      break;
    case 2:
      Read({virtio::kLegacyBar, 1, pick % 64});
      break;
    case 3:
      Read({virtio::kLegacyBar, 4, pick % 64 & ~3u});
      break;
    case 4:
      Read({virtio::kMsixBar, 4, (pick & 0x80) != 0 ? 2048 : pick % 32 * 4});
      break;
    case 5:
      Read({virtio::kModernBar, 4, virtio::kDeviceRegion + pick % 64});
      break;
    case 6:
      Read({virtio::kModernBar, 2, pick % 64 & ~1u});
      break;
    default:
      Read({virtio::kModernBar, 4, pick % 64 & ~3u});
  }
}

// offset, BAR and size's logarithm (bits 3:2 and 1:0, 7: read), value
void VirtioInput::PlayAccess(InputReader operands, unsigned) {
  constexpr std::uint8_t kBars[] = {virtio::kModernBar, virtio::kLegacyBar, virtio::kMsixBar, 2};
  const std::uint32_t where = operands.Take<std::uint16_t>();
  const std::uint8_t how = operands.Byte();
  const auto size = static_cast<std::uint8_t>(1u << (how & 3));
  const Access access{kBars[how >> 2 & 3], size, where % 0x5000 & ~(size - 1u)};
  const std::uint64_t value = operands.Take<std::uint32_t>();
  if ((how & 0x80) != 0) {
    Read(access);
    return;
  }
  LoseTrack();
  if (access.bar == virtio::kMsixBar) mapped_ = false;
  Write(access, value | value << 32);
}

// offset, value
void VirtioInput::PlayConfig(InputReader operands, unsigned variant) {
  constexpr std::uint8_t kSizes[] = {2, 4, 1, 2};
  const std::uint8_t size = kSizes[variant & 3];
  const auto offset = static_cast<std::uint8_t>(operands.Byte() & ~(size - 1u));
  if (variant >= 4) {
    ConfigRead(offset, size);
    return;
  }
  LoseTrack();
  mapped_ = false;
  const auto value = operands.Take<std::uint32_t>();
  ConfigWrite(offset, size, size < 4 ? value & ((1u << 8 * size) - 1) : value);
}

// BAR, length, offset, value.  The variant: read it, write it, both.
void VirtioInput::PlayWindow(InputReader operands, unsigned variant) {
  constexpr std::uint8_t kWindow = 0x84;  // of a device with the modern interface
  ConfigWrite(kWindow + 4, 1, operands.Byte() ^ virtio::kModernBar);
  ConfigWrite(kWindow + 12, 4, operands.Byte() ^ 4u);
  ConfigWrite(kWindow + 8, 4, operands.Take<std::uint16_t>() % 0x4010u);
  if ((variant & 1) != 0) {
    LoseTrack();
    ConfigWrite(kWindow + 16, (variant & 4) != 0 ? 2 : 4, operands.Take<std::uint16_t>());
  }
  if ((variant & 2) != 0) ConfigRead(kWindow + 17, 1);
  ConfigRead(kWindow + 16, 4);
}

// vector, address, data.  The variant: what changes.
void VirtioInput::PlayMsix(InputReader operands, unsigned variant) {
  constexpr std::uint8_t kControl = 0x9a;  // of a device with the modern interface
  const std::uint16_t vector = operands.Byte() % 6;
  const GuestAddress address =
      VirtioLayout::kMessages + operands.Byte() * 4u % (VirtioLayout::kMessageBytes - 4);
  const auto data = operands.Take<std::uint16_t>();
  switch (variant) {
    case 0:
      driver_.SetVector(vector, address, data, (data & 1) != 0);
      break;
    case 1:
    case 2:
      Write({virtio::kMsixBar, 4, vector * 16u + 12}, variant - 1);
      break;
    case 3:
      driver_.SetConfigVector(vector == 5 ? data : vector);
      break;
    case 4:
    case 5:  // function mask, off
      ConfigWrite(kControl, 2, (data & 3u) << 14);
      break;
    case 6:
      driver_.EnableMsix((data & 1) == 0);
      break;
    default:
      Write({virtio::kModernBar, 2, virtio::common::kQueueSelect}, vector);
      Write({virtio::kModernBar, 2, virtio::common::kQueueMsixVector}, data % 6);
  }
}

// mantissa; the variant is a third of the exponent's bits
void VirtioInput::PlayTime(InputReader operands, unsigned variant) {
  now_ += Nanoseconds{operands.Byte()} << (4 * variant);
}

void VirtioInput::PlayEvent(InputReader, unsigned variant) {
  constexpr std::uint8_t kStatuses[] = {0x03, 0x0b, 0x8f, 0x07};
  switch (variant) {
    case 0:
    case 1:
      Do({.kind = StimulusKind::kLink, .detail = static_cast<std::uint8_t>(1 - variant)});
      break;
    case 2:
      MapDevice();
      break;
    case 3:
      driver_.Start();
      break;
    default:
      LoseTrack();
      driver_.SetStatus(kStatuses[variant - 4]);
  }
}

}  // namespace nicreplay
