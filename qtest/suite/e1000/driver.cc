// SPDX-License-Identifier: MIT
#include "qtest/suite/e1000/driver.h"

namespace nicreplay::e1000 {
namespace {

constexpr std::uint8_t kConfigCommand = 0x04;
constexpr std::uint8_t kConfigBar0 = 0x10;
constexpr std::uint8_t kConfigBar1 = 0x14;

constexpr std::uint32_t kMicrowireRead = 6;  // start bit and opcode
constexpr int kMicrowireCommandBits = 9;

constexpr Nanoseconds kFlushTime = kSecond;  // after an RCTL write, until frames are taken

}  // namespace

Stimulus Driver::At(StimulusKind kind) const {
  Stimulus operation;
  operation.kind = kind;
  operation.time = now_;
  return operation;
}

void Driver::Enable(std::uint32_t command) {
  WriteConfig(kConfigBar0, 4, kBar0);
  WriteConfig(kConfigBar1, 4, kBar1);
  WriteConfig(kConfigCommand, 2, command);
}

void Driver::Reset(std::uint32_t command) {
  target_.Apply(At(StimulusKind::kReset));
  Enable(command);
  tx_tail_ = 0;
}

std::uint32_t Driver::Read(std::uint32_t offset) {
  return static_cast<std::uint32_t>(ReadBar(0, offset, 4));
}

void Driver::Write(std::uint32_t offset, std::uint32_t value) { WriteBar(0, offset, 4, value); }

std::uint64_t Driver::ReadBar(std::uint8_t bar, std::uint32_t offset, std::uint8_t size) {
  Stimulus operation = At(StimulusKind::kRead);
  operation.bar = bar;
  operation.offset = offset;
  operation.size = size;
  return target_.Apply(operation);
}

void Driver::WriteBar(std::uint8_t bar, std::uint32_t offset, std::uint8_t size,
                      std::uint64_t value) {
  Stimulus operation = At(StimulusKind::kWrite);
  operation.bar = bar;
  operation.offset = offset;
  operation.size = size;
  operation.value = value;
  target_.Apply(operation);
}

std::uint32_t Driver::ReadConfig(std::uint8_t offset, std::uint8_t size) {
  Stimulus operation = At(StimulusKind::kConfigRead);
  operation.offset = offset;
  operation.size = size;
  return static_cast<std::uint32_t>(target_.Apply(operation));
}

void Driver::WriteConfig(std::uint8_t offset, std::uint8_t size, std::uint32_t value) {
  Stimulus operation = At(StimulusKind::kConfigWrite);
  operation.offset = offset;
  operation.size = size;
  operation.value = value;
  target_.Apply(operation);
}

void Driver::Wait(Nanoseconds time) {
  now_ += time;
  target_.Apply(At(StimulusKind::kTimer));
}

void Driver::SetLink(LinkState state) {
  Stimulus operation = At(StimulusKind::kLink);
  operation.detail = state == LinkState::kUp ? 1 : 0;
  target_.Apply(operation);
}

ByteVector Driver::Peek(GuestAddress address, std::size_t size) {
  ByteVector bytes(size);
  target_.ReadMemory(address, bytes);
  return bytes;
}

void Driver::Poke(GuestAddress address, Bytes bytes) {
  if (bytes.empty()) return;
  Stimulus operation = At(StimulusKind::kMemory);
  operation.value = address;
  operation.data = bytes.data();
  operation.data_size = static_cast<std::uint32_t>(bytes.size());
  target_.Apply(operation);
}

GuestAddress Driver::Store(const ByteVector& bytes) {
  const GuestAddress address = next_data_;
  next_data_ += bytes.size();
  Poke(address, bytes);
  return address;
}

std::uint16_t Driver::ReadEeprom(std::uint8_t word) {
  Write(kEERD, std::uint32_t{word} << eerd::kADDR_SHIFT | eerd::kSTART);
  return static_cast<std::uint16_t>(Read(kEERD) >> eerd::kDATA_SHIFT);
}

void Driver::ClockEeprom(std::uint32_t pins) {
  Write(kEECD, eecd::kCS | pins);
  Write(kEECD, eecd::kCS | pins | eecd::kSK);
  Write(kEECD, eecd::kCS | pins);
}

std::uint16_t Driver::ReadEepromPins(std::uint8_t word) {
  return static_cast<std::uint16_t>(ReadEepromPins(word, 16));
}

std::uint32_t Driver::ReadEepromPins(std::uint8_t word, int bits) {
  Write(kEECD, eecd::kCS);
  const std::uint32_t command = kMicrowireRead << 6 | word;
  for (int bit = kMicrowireCommandBits - 1; bit >= 0; --bit) {
    ClockEeprom((command >> bit & 1) != 0 ? eecd::kDI : 0);
  }
  std::uint32_t value = 0;
  for (int bit = 0; bit < bits; ++bit) {
    value = value << 1 | ((Read(kEECD) & eecd::kDO) != 0 ? 1 : 0);
    ClockEeprom(0);
  }
  Write(kEECD, 0);
  return value;
}

std::uint32_t Driver::ReadPhy(std::uint8_t address) {
  Write(kMDIC, mdic::kOP_READ | phy::kAddress << mdic::kPHYADD_SHIFT |
                   std::uint32_t{address} << mdic::kREGADD_SHIFT);
  return Read(kMDIC);
}

std::uint32_t Driver::WritePhy(std::uint8_t address, std::uint16_t value) {
  Write(kMDIC, mdic::kOP_WRITE | phy::kAddress << mdic::kPHYADD_SHIFT |
                   std::uint32_t{address} << mdic::kREGADD_SHIFT | value);
  return Read(kMDIC);
}

void Driver::StartTransmit() {
  Write(kTDBAL, kTxRing);
  Write(kTDBAH, 0);
  Write(kTDLEN, kRingSize * kDescriptorSize);
  Write(kTDH, 0);
  Write(kTDT, 0);
  tx_tail_ = 0;
  Write(kTCTL, tctl::kEN);
  Read(kICR);
}

std::uint32_t Driver::Post(const RawDescriptor& descriptor) {
  const std::uint32_t index = tx_tail_;
  Poke(kTxRing + kDescriptorSize * index, descriptor);
  tx_tail_ = (tx_tail_ + 1) % kRingSize;
  return index;
}

std::uint32_t Driver::PostLegacy(const ByteVector& bytes, std::uint32_t command) {
  return Post(
      Encode(TxDescriptor{Store(bytes), static_cast<std::uint32_t>(bytes.size()) | command, 0}));
}

std::uint32_t Driver::PostData(const ByteVector& bytes, std::uint32_t command, std::uint8_t popts) {
  const std::uint32_t kind = txd::kDEXT | txd::kDTYP_DATA;
  return Post(
      Encode(TxDescriptor{Store(bytes), static_cast<std::uint32_t>(bytes.size()) | kind | command,
                          std::uint32_t{popts} << 8}));
}

std::uint32_t Driver::PostContext(const ContextDescriptor& context) {
  return Post(Encode(context));
}

std::uint32_t Driver::Send(const ByteVector& frame, std::uint32_t command) {
  const std::uint32_t index = PostLegacy(frame, txd::kEOP | command);
  Ring();
  return index;
}

TxDescriptor Driver::TxAt(std::uint32_t index) {
  RawDescriptor raw;
  target_.ReadMemory(kTxRing + kDescriptorSize * index, raw);
  return Decode<TxDescriptor>(raw);
}

void Driver::StartReceive(std::uint32_t rctl, std::uint32_t buffers) {
  for (std::uint32_t i = 0; i < kRingSize; ++i) PutRx(i, {.buffer_address = RxBuffer(i)});
  Write(kRDBAL, kRxRing);
  Write(kRDBAH, 0);
  Write(kRDLEN, kRingSize * kDescriptorSize);
  Write(kRDH, 0);
  Write(kRDT, buffers);
  Write(kRCTL, rctl | rctl::kEN);
  Wait(kFlushTime);
}

void Driver::Receive(const ByteVector& frame) {
  Stimulus operation = At(StimulusKind::kFrame);
  operation.data = frame.data();
  operation.data_size = static_cast<std::uint32_t>(frame.size());
  target_.Apply(operation);
}

void Driver::PutRx(std::uint32_t index, const RxDescriptor& descriptor) {
  Poke(kRxRing + kDescriptorSize * index, Encode(descriptor));
}

RxDescriptor Driver::RxAt(std::uint32_t index) {
  RawDescriptor raw;
  target_.ReadMemory(kRxRing + kDescriptorSize * index, raw);
  return Decode<RxDescriptor>(raw);
}

ContextDescriptor ContextOf(const Packet& packet, std::uint16_t mss) {
  ContextDescriptor context;
  context.ipcss = packet.network;
  context.ipcso = static_cast<std::uint8_t>(packet.network + 10);
  context.ipcse = static_cast<std::uint16_t>(packet.transport - 1);
  context.tucss = packet.transport;
  context.tucso = packet.transport_checksum();
  context.command = txd::kDEXT | static_cast<std::uint32_t>(packet.payload_size());
  if (packet.kind == Network::kIpv4) context.command |= txd::kContextIP;
  if (packet.protocol == Transport::kTcp) context.command |= txd::kContextTCP;
  if (mss != 0) context.command |= txd::kTSE;
  context.hdrlen = packet.payload;
  context.mss = mss;
  return context;
}

}  // namespace nicreplay::e1000
