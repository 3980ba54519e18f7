// SPDX-License-Identifier: MIT
// The items of inputs for an e1000: accesses picked through the register table, what drivers do in
// one go (rings, descriptors, PHY, EEPROM), frames, time, and everything raw.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/input.h"
#include "fuzz/operation_sink.h"
#include "models/e1000/descriptors.h"
#include "models/e1000/registers.h"

namespace nicreplay {

// The kinds of items, in the order of their opcodes.
enum class E1000Item : std::uint8_t {
  kWrite,
  kTable,
  kRead,
  kAccess,
  kConfig,
  kStartTransmit,
  kTransmit,
  kContext,
  kDescriptor,
  kStartReceive,
  kDoorbell,
  kFrame,
  kSuperFrame,
  kRawFrame,
  kMemory,
  kPacket,
  kTime,
  kEvent,
  kPhy,
  kEeprom,
  kStatistics,
};

constexpr std::uint8_t E1000Opcode(E1000Item item, unsigned variant = 0) {
  return Opcode(static_cast<unsigned>(item), variant);
}

// Plays the items of an input as operations.
class E1000Input {
 public:
  // More than these are not played.
  static constexpr std::size_t kMaxOperations = 2000;
  // The ways to make the device, by InputHeader::settings modulo their number.
  static constexpr std::array<std::string_view, 8> kSettings = {
      "",
      "mitigation=off",
      "device=82544gc",
      "extra_mac_registers=off",
      "device=82545em",
      "autonegotiation=off,init_vet=off",
      "device=82544gc,autonegotiation=off,mitigation=off",
      "extra_mac_registers=off,mitigation=off,init_vet=off"};
  static constexpr std::string_view SettingsOf(const InputHeader& header) {
    return kSettings[header.settings % kSettings.size()];
  }

  E1000Input(Bytes input, const InputStart& start, OperationSink& sink);
  // Until the input ends or the sink is done.
  void Run();

  // One kind of item, by E1000Item.
  struct Kind {
    ItemKind item;
    void (E1000Input::*play)(InputReader operands, unsigned variant);
  };
  static std::span<const Kind> Kinds();
  static const Kind& KindOf(std::uint8_t opcode);

 private:
  struct Ring {
    GuestAddress base = 0;
    std::uint32_t count = 0;  // descriptors; 0: not started
    std::uint32_t tail = 0;
  };

  // What the latest packet item made, for contexts.
  struct Packet {
    GuestAddress address = 0;
    std::uint32_t size = 0;  // 0: none yet
    unsigned kind = 0;       // as TakePacket takes it
  };

  std::uint64_t Do(Stimulus operation);
  std::uint32_t Read(std::uint32_t offset, std::uint8_t size = 4);
  void Write(std::uint32_t offset, std::uint64_t value, std::uint8_t size = 4);
  void Config(std::uint8_t offset, std::uint8_t size, std::uint32_t value);
  void Memory(GuestAddress address, Bytes bytes);
  void Offer(Bytes frame, unsigned variant, const Offload* offload = nullptr);
  void ResetAndMap();
  void StartTransmitRing(GuestAddress base, std::uint32_t count, std::uint32_t head);
  void Push(const e1000::RawDescriptor& descriptor);
  void FitToPacket(e1000::ContextDescriptor* context) const;
  void PushPacket(std::uint32_t dcmd, std::uint8_t popts, bool header_apart);

  void PlayWrite(InputReader operands, unsigned variant);
  void PlayTable(InputReader operands, unsigned variant);
  void PlayRead(InputReader operands, unsigned variant);
  void PlayAccess(InputReader operands, unsigned variant);
  void PlayConfig(InputReader operands, unsigned variant);
  void PlayStartTransmit(InputReader operands, unsigned variant);
  void PlayTransmit(InputReader operands, unsigned variant);
  void PlayContext(InputReader operands, unsigned variant);
  void PlayDescriptor(InputReader operands, unsigned variant);
  void PlayStartReceive(InputReader operands, unsigned variant);
  void PlayDoorbell(InputReader operands, unsigned variant);
  void PlayFrame(InputReader operands, unsigned variant);
  void PlaySuperFrame(InputReader operands, unsigned variant);
  void PlayRawFrame(InputReader operands, unsigned variant);
  void PlayMemory(InputReader operands, unsigned variant);
  void PlayPacket(InputReader operands, unsigned variant);
  void PlayTime(InputReader operands, unsigned variant);
  void PlayEvent(InputReader operands, unsigned variant);
  void PlayPhy(InputReader operands, unsigned variant);
  void PlayEeprom(InputReader operands, unsigned variant);
  void PlayStatistics(InputReader operands, unsigned variant);

  static const Kind kKinds[];

  InputReader items_;
  InputHeader header_;
  OperationSink& sink_;
  Nanoseconds now_ = 0;
  std::size_t count_ = 0;
  Ring tx_;
  Ring rx_;
  Packet packet_;
  std::array<std::uint32_t, e1000::kRegisters.size()> written_{};  // latest values, by row
};

const ItemGrammar& E1000Grammar();

// The input that plays these operations: raw items, except where the register table serves.
std::vector<std::uint8_t> EncodeE1000Input(std::span<const Stimulus> operations);

}  // namespace nicreplay
