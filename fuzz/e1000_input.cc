// SPDX-License-Identifier: MIT
#include "fuzz/e1000_input.h"

#include "models/e1000/fields.h"
#include "models/pci_config.h"

namespace nicreplay {

namespace {

constexpr std::uint32_t kBar0 = 0xfebc0000;
constexpr std::uint32_t kBar1 = 0xc000;
// Rings of the manual's largest lengths take longer than the rest of an input; they are left to raw
// items.
constexpr std::uint32_t kRingLengthMask = 0xf80;
constexpr auto kRows = static_cast<std::uint8_t>(e1000::kRegisters.size());

}  // namespace

// Opcodes beyond the kinds that are listed once go to the frequent ones again.
const E1000Input::Kind E1000Input::kKinds[] = {
    {{"write", 5, false, kRows}, &E1000Input::PlayWrite},
    {{"table", 7}, &E1000Input::PlayTable},
    {{"read", 1, false, kRows}, &E1000Input::PlayRead},
    {{"access", 12}, &E1000Input::PlayAccess},
    {{"config", 5}, &E1000Input::PlayConfig},
    {{"start-transmit", 3}, &E1000Input::PlayStartTransmit},
    {{"transmit", 8}, &E1000Input::PlayTransmit},
    {{"context", 12}, &E1000Input::PlayContext},
    {{"descriptor", 16}, &E1000Input::PlayDescriptor},
    {{"start-receive", 6}, &E1000Input::PlayStartReceive},
    {{"doorbell", 1}, &E1000Input::PlayDoorbell},
    {{"frame", 5, false, 0, true}, &E1000Input::PlayFrame},
    {{"super-frame", 7, false, 0, true}, &E1000Input::PlaySuperFrame},
    {{"raw-frame", 2, true, 0, true}, &E1000Input::PlayRawFrame},
    {{"memory", 10, true}, &E1000Input::PlayMemory},
    {{"packet", 5}, &E1000Input::PlayPacket},
    {{"time", 1}, &E1000Input::PlayTime},
    {{"event", 0}, &E1000Input::PlayEvent},
    {{"phy", 3}, &E1000Input::PlayPhy},
    {{"eeprom", 2}, &E1000Input::PlayEeprom},
    {{"statistics", 2}, &E1000Input::PlayStatistics},
};

std::span<const E1000Input::Kind> E1000Input::Kinds() { return kKinds; }

const E1000Input::Kind& E1000Input::KindOf(std::uint8_t opcode) {
  using enum E1000Item;
  static constexpr E1000Item kFrequent[] = {kWrite,    kWrite,   kRead,         kTransmit,
                                            kTransmit, kContext, kStartReceive, kDoorbell,
                                            kFrame,    kFrame,   kTime};
  const std::size_t number = opcode & 31u;
  const std::size_t kinds = std::size(kKinds);
  static_assert(std::size(kKinds) + std::size(kFrequent) == 32);
  return kKinds[number < kinds ? number : static_cast<std::size_t>(kFrequent[number - kinds])];
}

const ItemGrammar& E1000Grammar() {
  using enum E1000Item;
  static constexpr ItemScenario kScenarios[] = {
      {4,
       {E1000Opcode(kStartReceive), E1000Opcode(kFrame), E1000Opcode(kFrame), E1000Opcode(kRead)}},
      {4,
       {E1000Opcode(kStartTransmit), E1000Opcode(kTransmit), E1000Opcode(kTransmit),
        E1000Opcode(kRead)}},
      {4,
       {E1000Opcode(kPacket), E1000Opcode(kContext), E1000Opcode(kTransmit, 2),
        E1000Opcode(kTransmit)}},
      {4,
       {E1000Opcode(kPacket, 4), E1000Opcode(kContext, 7), E1000Opcode(kPacket),
        E1000Opcode(kContext, 4)}},
      {4,
       {E1000Opcode(kStartReceive), E1000Opcode(kEvent, 5), E1000Opcode(kTransmit),
        E1000Opcode(kStatistics)}},
      {3, {E1000Opcode(kTable, 4), E1000Opcode(kFrame), E1000Opcode(kStatistics)}},
      {4,
       {E1000Opcode(kEvent, 3), E1000Opcode(kTime, 6), E1000Opcode(kEvent, 2),
        E1000Opcode(kTime, 7)}},
      {3, {E1000Opcode(kWrite), E1000Opcode(kTime, 4), E1000Opcode(kRead)}},
      {4,
       {E1000Opcode(kSuperFrame), E1000Opcode(kSuperFrame, 1), E1000Opcode(kFrame, 1),
        E1000Opcode(kFrame)}},
  };
  static constexpr std::uint8_t kTurns[] = {E1000Opcode(kEvent), E1000Opcode(kEvent, 1),
                                            E1000Opcode(kTime, 3), E1000Opcode(kTime, 4),
                                            E1000Opcode(kTime, 5)};
  static constexpr ItemGrammar kGrammar = {
      [](std::uint8_t opcode) -> const ItemKind& { return E1000Input::KindOf(opcode).item; },
      kScenarios, kTurns};
  return kGrammar;
}

E1000Input::E1000Input(Bytes input, const InputStart& start, OperationSink& sink)
    : items_(input.subspan(start.items_at)), header_(start.header), sink_(sink) {}

void E1000Input::Run() {
  if ((header_.flags & InputHeader::kBare) == 0) ResetAndMap();
  while (!items_.empty() && !sink_.Done() && count_ < kMaxOperations) {
    const std::uint8_t opcode = items_.Byte();
    const Kind& kind = KindOf(opcode);
    InputReader operands(items_.Some(kind.item.operands));
    (this->*kind.play)(operands, opcode >> 5);
  }
}

std::uint64_t E1000Input::Do(Stimulus operation) {
  if (++count_ > kMaxOperations) return 0;
  operation.time = now_;
  return sink_.Do(operation);
}

std::uint32_t E1000Input::Read(std::uint32_t offset, std::uint8_t size) {
  return static_cast<std::uint32_t>(
      Do({.offset = offset, .kind = StimulusKind::kRead, .size = size}));
}

// What it writes to ring registers is what Push goes by.
void E1000Input::Write(std::uint32_t offset, std::uint64_t value, std::uint8_t size) {
  if (size < 8) value &= (std::uint64_t{1} << (8 * size)) - 1;
  const auto low = static_cast<std::uint32_t>(value);
  switch (offset) {
    case e1000::kTDBAL:
      tx_.base = low & ~0xfu;
      break;
    case e1000::kTDLEN:
      tx_.count = low / 16;
      break;
    case e1000::kTDT:
      tx_.tail = low;
      break;
    case e1000::kRDLEN:
      rx_.count = low / 16;
      break;
    default:
      break;
  }
  Do({.value = value, .offset = offset, .kind = StimulusKind::kWrite, .size = size});
}

void E1000Input::Config(std::uint8_t offset, std::uint8_t size, std::uint32_t value) {
  Do({.value = value, .offset = offset, .kind = StimulusKind::kConfigWrite, .size = size});
}

void E1000Input::Memory(GuestAddress address, Bytes bytes) {
  Do({.value = address,
      .data = bytes.data(),
      .data_size = static_cast<std::uint32_t>(bytes.size()),
      .kind = StimulusKind::kMemory});
}

void E1000Input::ResetAndMap() {
  Do({.kind = StimulusKind::kReset});
  Config(PciConfig::kBar0, 4, kBar0);
  Config(PciConfig::kBar0 + 4, 4, kBar1);
  Config(PciConfig::kCommand, 2, 7);
}

// register, value
void E1000Input::PlayWrite(InputReader operands, unsigned variant) {
  const std::uint8_t pick = operands.Byte();
  const std::size_t row = pick % e1000::kRegisters.size();
  const e1000::RegisterRow& reg = e1000::kRegisters[row];
  std::uint32_t value = operands.Take<std::uint32_t>();
  std::uint8_t size = 4;
  switch (variant) {
    case 2:
      value &= 0xff;
      break;
    case 3:
      value = std::uint32_t{1} << (value & 31);
      break;
    case 4:
      value = (value & 0xff) << 12;
      break;
    case 5:
      value = written_[row] ^ std::uint32_t{1} << (value & 31);
      break;
    case 6:
      size = (value & 1) != 0 ? 1 : 2;
      break;
    case 7:
      if (reg.offset % 8 == 0) size = 8;
      break;
    default:
      break;
  }
  if (reg.offset == e1000::kTDLEN || reg.offset == e1000::kRDLEN) value &= kRingLengthMask;
  written_[row] = value;
  Write(reg.offset, size == 8 ? value * 0x1'0000'0001u : value, size);
}

// table, element, value
void E1000Input::PlayTable(InputReader operands, unsigned variant) {
  static constexpr std::uint32_t kTables[] = {e1000::kMTA, e1000::kRA,   e1000::kRA, e1000::kVFTA,
                                              e1000::kPBM, e1000::kFFMT, e1000::kRA, e1000::kWUPM};
  const std::uint8_t table = operands.Byte();
  const e1000::RegisterRow& reg = *e1000::FindRegister(kTables[table % std::size(kTables)]);
  const auto element = operands.Take<std::uint16_t>() % reg.count;
  const std::uint32_t offset = reg.offset + 4u * element;
  std::uint32_t value = operands.Take<std::uint32_t>();
  if (variant == 1) {
    Read(offset);
    return;
  }
  if (variant == 2) value = ~std::uint32_t{0};
  // An address that frames carry, too.
  if (variant >= 4 && reg.offset == e1000::kRA) {
    value = (element & 1u) == 0 ? 0x12005452 : 0x80000034 | (0x56 + element / 2) << 8;
  }
  Write(offset, value);
}

// register
void E1000Input::PlayRead(InputReader operands, unsigned variant) {
  static constexpr std::uint8_t kSizes[] = {4, 4, 4, 4, 1, 2, 8, 4};
  const std::uint8_t size = kSizes[variant];
  const std::uint32_t offset = e1000::kRegisters[operands.Byte() % e1000::kRegisters.size()].offset;
  Read(size == 8 ? offset & ~7u : offset, size);
}

// offset with the size's logarithm in bits 25:24, BAR in bit 26, write in bit 27; value
void E1000Input::PlayAccess(InputReader operands, unsigned) {
  const auto where = operands.Take<std::uint32_t>();
  const auto value = operands.Take<std::uint64_t>();
  Stimulus access;
  access.kind = (where >> 27 & 1) != 0 ? StimulusKind::kWrite : StimulusKind::kRead;
  access.size = static_cast<std::uint8_t>(1u << (where >> 24 & 3));
  access.bar = where >> 26 & 1;
  access.offset = where & (access.bar == 0 ? 0x1ffff : 0x3f) & ~(access.size - 1u);
  if (access.kind == StimulusKind::kRead) {
    Do(access);
  } else if (access.bar == 0) {
    Write(access.offset, value, access.size);
  } else {
    access.value = value & 0xffffffff;
    Do(access);
  }
}

// offset, value
void E1000Input::PlayConfig(InputReader operands, unsigned variant) {
  static constexpr std::uint8_t kSizes[] = {2, 4, 1, 2};
  Stimulus access;
  access.size = kSizes[variant & 3];
  access.offset = operands.Byte() & ~(access.size - 1u);
  access.kind = variant < 4 ? StimulusKind::kConfigWrite : StimulusKind::kConfigRead;
  if (variant < 4) {
    access.value = operands.Take<std::uint32_t>();
    if (access.size < 4) access.value &= (1u << 8 * access.size) - 1;
  }
  Do(access);
}

// start, count: a run of statistics, which clear as they are read
void E1000Input::PlayStatistics(InputReader operands, unsigned) {
  const std::uint32_t first = e1000::kCRCERRS + 4u * (operands.Byte() & 63u);
  const std::uint32_t count = 1 + (operands.Byte() & 15u);
  for (std::uint32_t n = 0; n < count; ++n) Read(first + 4 * n);
}

// mantissa; the variant is a third of the exponent's bits
void E1000Input::PlayTime(InputReader operands, unsigned variant) {
  now_ += Nanoseconds{operands.Byte()} << (4 * variant);
}

void E1000Input::PlayEvent(InputReader, unsigned variant) {
  constexpr std::uint32_t kWritePhyControl = 1u << 26 | 1u << 21;
  switch (variant) {
    case 0:
      Do({.kind = StimulusKind::kWork});
      break;
    case 1:
      Do({.kind = StimulusKind::kPoll});
      break;
    case 2:
    case 3:
      Do({.kind = StimulusKind::kLink, .detail = static_cast<std::uint8_t>(variant == 2 ? 1 : 0)});
      break;
    case 4:
      ResetAndMap();
      break;
    case 5:  // loopback on, off
      Write(e1000::kMDIC, kWritePhyControl | 0x4000);
      break;
    case 6:
      Write(e1000::kMDIC, kWritePhyControl | 0x1140);
      break;
    default:
      Do({.kind = StimulusKind::kReset});
  }
}

// register, value; the variant: read, interrupt, another PHY
void E1000Input::PlayPhy(InputReader operands, unsigned variant) {
  const std::uint32_t reg = operands.Byte() & 31u;
  const std::uint32_t value = operands.Take<std::uint16_t>();
  std::uint32_t command = value | reg << 16 | ((variant & 4) != 0 ? 2u : 1u) << 21;
  command |= (variant & 1) != 0 ? 1u << 27 : 1u << 26;
  if ((variant & 2) != 0) command |= 1u << 29;
  Write(e1000::kMDIC, command);
  Read(e1000::kMDIC);
}

// 5.3.1: a microwire command, shifted in with its start bit; then 16 bits out.
void E1000Input::PlayEeprom(InputReader operands, unsigned variant) {
  using namespace e1000::eecd;
  const std::uint32_t word = operands.Take<std::uint16_t>();
  if (variant >= 4) {
    Write(e1000::kEERD, variant >= 6 ? word : (word & 63) << 8 | 1);
    Read(e1000::kEERD);
    return;
  }
  const std::uint32_t command = variant == 0 ? 0x180 | (word & 63) : word;
  if (variant != 3) Write(e1000::kEECD, 0);
  Write(e1000::kEECD, kCS);
  for (int bit = 8; bit >= 0; --bit) {
    const std::uint32_t data = (command >> bit & 1) != 0 ? kDI : 0;
    Write(e1000::kEECD, kCS | data);
    Write(e1000::kEECD, kCS | data | kSK);
  }
  for (int bit = variant == 1 ? 3 : 16; bit > 0; --bit) {
    Write(e1000::kEECD, kCS);
    Read(e1000::kEECD);
    Write(e1000::kEECD, kCS | kSK);
  }
}

}  // namespace nicreplay
