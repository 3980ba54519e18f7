// SPDX-License-Identifier: MIT
// Inputs out of sessions, for seeds.
#include "fuzz/e1000_input.h"

namespace nicreplay {

namespace {

class Encoder {
 public:
  Encoder() {
    InputHeader header;
    header.flags = InputHeader::kBare;
    Put(header);
  }

  void Add(const Stimulus& operation) {
    Elapse(operation.time);
    switch (operation.kind) {
      case StimulusKind::kRead:
      case StimulusKind::kWrite:
        AddAccess(operation);
        break;
      case StimulusKind::kConfigRead:
      case StimulusKind::kConfigWrite:
        AddConfig(operation);
        break;
      case StimulusKind::kMemory:
        AddMemory(operation);
        break;
      case StimulusKind::kFrame:
        Put(E1000Opcode(E1000Item::kRawFrame, operation.detail & 1u));
        PutData(operation.bytes());
        break;
      case StimulusKind::kLink:
        Put(E1000Opcode(E1000Item::kEvent, operation.detail != 0 ? 2 : 3));
        break;
      case StimulusKind::kWork:
        Put(E1000Opcode(E1000Item::kEvent, 0));
        break;
      case StimulusKind::kPoll:
        Put(E1000Opcode(E1000Item::kEvent, 1));
        break;
      case StimulusKind::kReset:
        Put(E1000Opcode(E1000Item::kEvent, 7));
        break;
      case StimulusKind::kTimer:  // the machine's
        break;
    }
  }

  std::vector<std::uint8_t> Take() { return std::move(bytes_); }

 private:
  static constexpr std::size_t kMaxData = 0xffff;

  template <typename T>
  void Put(const T& value) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&value);
    bytes_.insert(bytes_.end(), bytes, bytes + sizeof(T));
  }
  void PutData(Bytes data) {
    data = data.first(std::min(data.size(), kMaxData));
    Put(static_cast<std::uint16_t>(data.size()));
    bytes_.insert(bytes_.end(), data.begin(), data.end());
  }

  // To the nanosecond, largest steps first.
  void Elapse(Nanoseconds until) {
    for (int variant = 7; variant >= 0 && now_ < until; --variant) {
      while (until - now_ >= Nanoseconds{1} << (4 * variant)) {
        const Nanoseconds steps = std::min<Nanoseconds>(255, (until - now_) >> (4 * variant));
        Put(E1000Opcode(E1000Item::kTime, static_cast<unsigned>(variant)));
        Put(static_cast<std::uint8_t>(steps));
        now_ += steps << (4 * variant);
      }
    }
  }

  void AddAccess(const Stimulus& operation) {
    const bool write = operation.kind == StimulusKind::kWrite;
    const std::uint8_t row = operation.bar == 0 && operation.offset < e1000::kBar0Size
                                 ? e1000::kRowOfDword[operation.offset / 4]
                                 : e1000::kNoRow;
    const bool plain = row != e1000::kNoRow && operation.size == 4 &&
                       operation.offset == e1000::kRegisters[row].offset;
    // Ring lengths of these items are masked.
    const bool masked = operation.offset == e1000::kTDLEN || operation.offset == e1000::kRDLEN;
    if (plain && !(write && masked)) {
      Put(E1000Opcode(write ? E1000Item::kWrite : E1000Item::kRead));
      Put(row);
      if (write) Put(static_cast<std::uint32_t>(operation.value));
      return;
    }
    Put(E1000Opcode(E1000Item::kAccess));
    const std::uint32_t log_size = operation.size == 8   ? 3
                                   : operation.size == 4 ? 2
                                   : operation.size == 2 ? 1
                                                         : 0;
    Put(operation.offset | log_size << 24 | (operation.bar != 0 ? 1u << 26 : 0) |
        (write ? 1u << 27 : 0));
    Put(operation.value);
  }

  void AddConfig(const Stimulus& operation) {
    const unsigned size = operation.size == 4 ? 1 : operation.size == 1 ? 2 : 0;
    Put(E1000Opcode(E1000Item::kConfig,
                    size + (operation.kind == StimulusKind::kConfigRead ? 4 : 0)));
    Put(static_cast<std::uint8_t>(operation.offset));
    Put(static_cast<std::uint32_t>(operation.value));
  }

  void AddMemory(const Stimulus& operation) {
    for (Bytes left = operation.bytes(); !left.empty();) {
      const Bytes part = left.first(std::min(left.size(), kMaxData));
      Put(E1000Opcode(E1000Item::kMemory));
      Put(operation.value + (operation.data_size - left.size()));
      PutData(part);
      left = left.subspan(part.size());
    }
  }

  std::vector<std::uint8_t> bytes_;
  Nanoseconds now_ = 0;
};

}  // namespace

std::vector<std::uint8_t> EncodeE1000Input(std::span<const Stimulus> operations) {
  Encoder encoder;
  for (const Stimulus& operation : operations) encoder.Add(operation);
  return encoder.Take();
}

}  // namespace nicreplay
