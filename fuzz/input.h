// SPDX-License-Identifier: MIT
// A fuzzer's input: a compact encoding of sessions in which every byte string is one.  A header
// says how the device is made and what memory holds that nobody wrote; items follow, each an opcode
// byte and its operands.  What is missing at the end reads as 0.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/device.h"
#include "replay/sparse_ram.h"

namespace nicreplay {

// Takes numbers and bytes from the front, for ever.
class InputReader {
 public:
  explicit InputReader(Bytes input) : left_(input) {}

  bool empty() const { return left_.empty(); }
  std::size_t left() const { return left_.size(); }

  // Little endian, of sizeof(T) bytes.
  template <typename T>
  T Take() {
    T value{};
    const std::size_t size = std::min(sizeof(T), left_.size());
    if (size != 0) std::memcpy(&value, left_.data(), size);
    left_ = left_.subspan(size);
    return value;
  }
  std::uint8_t Byte() { return Take<std::uint8_t>(); }
  // As many bytes as there are, up to `size`.
  Bytes Some(std::size_t size) {
    const Bytes taken = left_.first(std::min(size, left_.size()));
    left_ = left_.subspan(taken.size());
    return taken;
  }

 private:
  Bytes left_;
};

#pragma pack(push, 1)
struct InputHeader {
  static constexpr std::uint8_t kBare = 1;  // flags: not even reset, no BAR mapped
  // flags, in bits 2:1: where work that was put off and polls run, besides the items that say so.
  enum class Turns : std::uint8_t { kItems, kLazy, kEvery, kSeeded };
  static constexpr unsigned kTurnsShift = 1;
  static constexpr std::uint8_t kReload = 0xe0;  // flags, all of them: see reloads()
  static constexpr std::size_t kMaxUnits = 15;
  static constexpr std::size_t kUnitSize = 16;

  std::uint8_t settings = 0;   // which of a target's ways to make the device
  std::uint8_t offloads = 0;   // OffloadSet of what the network takes
  std::uint16_t switches = 0;  // of an optimized model
  std::uint16_t number = 0;    // when the state is saved and loaded; and of the schedule of turns
  std::uint8_t flags = 0;
  std::uint8_t units = 0;  // of memory contents behind the header, modulo kMaxUnits + 1

  std::size_t unit_count() const { return units % (kMaxUnits + 1); }
  // The device saves its state, and another goes on with it: costly, so with few inputs only.
  bool reloads() const { return (flags & kReload) == kReload; }
  Turns turns() const { return static_cast<Turns>(flags >> kTurnsShift & 3u); }
};
#pragma pack(pop)
static_assert(sizeof(InputHeader) == 8);

// The header, and where the items begin.
struct InputStart {
  InputHeader header;
  SparseRam::Page contents;  // of every page of memory before it is written
  std::size_t items_at = 0;
};
InputStart StartOf(Bytes input);

// One item of an input, for mutators.
struct InputItem {
  std::size_t offset = 0;
  std::size_t size = 0;  // with its opcode
};

// What there is to know of a kind of items without playing it.
struct ItemKind {
  std::string_view name;
  std::uint8_t operands;  // bytes; where data follows, the last 2 are its length
  bool data = false;
  std::uint8_t choices = 0;  // the first operand is one of so many registers; 0: it is not
  bool joins = false;        // the variant's lowest bit: what is next arrives with it
};

// An item's first byte: its kind in the lower 5 bits, its variant in the upper 3.
inline constexpr unsigned kOpcodeKinds = 32;
constexpr std::uint8_t Opcode(unsigned kind, unsigned variant = 0) {
  return static_cast<std::uint8_t>(kind | variant << 5);
}

// Items that make sense one after the other.
struct ItemScenario {
  std::uint8_t count;
  std::uint8_t opcodes[5];
};

// The items of a family of inputs.
struct ItemGrammar {
  const ItemKind& (*kind_of)(std::uint8_t opcode);
  std::span<const ItemScenario> scenarios;
  std::span<const std::uint8_t> turns;  // opcodes of items that say when something happens

  std::vector<InputItem> ItemsOf(Bytes input) const;
};

}  // namespace nicreplay
