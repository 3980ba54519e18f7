// SPDX-License-Identifier: MIT
#include "fuzz/mutate.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "fuzz/random.h"

namespace nicreplay {

namespace {

using ByteVector = std::vector<std::uint8_t>;

// Values that offloads, lengths and addresses turn on.
constexpr std::uint16_t kInteresting[] = {0,    1,    2,    13,   14,   15,     16,     20,    24,
                                          33,   34,   50,   54,   58,   59,     60,     61,    64,
                                          100,  127,  128,  255,  256,  1460,   1514,   1518,  1522,
                                          2047, 2048, 4096, 8192, 9000, 0x8100, 0xffff, 0xfff0};

class Mutator {
 public:
  Mutator(const ItemGrammar& grammar, ByteVector input, std::size_t max_size, std::uint64_t seed)
      : grammar_(grammar), input_(std::move(input)), max_size_(max_size), random_(seed) {
    if (input_.size() < sizeof(InputHeader)) input_.resize(sizeof(InputHeader));
    items_ = grammar_.ItemsOf(input_);
  }

  ByteVector Run() {
    static constexpr struct {
      unsigned weight;
      void (Mutator::*change)();
    } kChanges[] = {{10, &Mutator::InsertItem},       {6, &Mutator::InsertScenario},
                    {4, &Mutator::EraseItems},        {5, &Mutator::DuplicateItems},
                    {3, &Mutator::MoveItem},          {6, &Mutator::ChangeOperandByte},
                    {6, &Mutator::ChangeOperandWord}, {3, &Mutator::ChangeVariant},
                    {3, &Mutator::Retarget},          {2, &Mutator::ChangeHeader},
                    {2, &Mutator::ChangeContents},    {2, &Mutator::Reschedule}};
    unsigned total = 0;
    for (const auto& change : kChanges) total += change.weight;
    for (std::uint64_t n = random_.OneIn(3) ? random_.Between(2, 6) : 1; n > 0; --n) {
      std::uint64_t ticket = random_.Below(total);
      for (const auto& change : kChanges) {
        if (ticket < change.weight) {
          (this->*change.change)();
          break;
        }
        ticket -= change.weight;
      }
      items_ = grammar_.ItemsOf(input_);
    }
    if (input_.size() > max_size_) input_.resize(max_size_);
    return std::move(input_);
  }

 private:
  const ItemKind& KindAt(const InputItem& item) const {
    return grammar_.kind_of(input_[item.offset]);
  }
  std::size_t AnyItem() { return static_cast<std::size_t>(random_.Below(items_.size())); }
  // Where an item begins, or the end.
  std::size_t AnyBoundary() {
    const auto index = static_cast<std::size_t>(random_.Below(items_.size() + 1));
    return index == items_.size() ? input_.size() : items_[index].offset;
  }

  ByteVector NewItem(std::uint8_t opcode) {
    const ItemKind& kind = grammar_.kind_of(opcode);
    ByteVector item = {opcode};
    for (unsigned i = 0; i < kind.operands; ++i) {
      item.push_back(static_cast<std::uint8_t>(random_.OneIn(3) ? 0 : random_.Next()));
    }
    if (kind.data) {
      const auto size = static_cast<std::uint8_t>(random_.Below(80));
      item[item.size() - 2] = size;
      item[item.size() - 1] = 0;
      for (unsigned i = 0; i < size; ++i) item.push_back(static_cast<std::uint8_t>(random_.Next()));
    }
    return item;
  }
  std::uint8_t AnyOpcode() {
    const std::uint64_t variant = random_.OneIn(2) ? 0 : random_.Below(8);
    return static_cast<std::uint8_t>(random_.Below(kOpcodeKinds) | variant << 5);
  }

  void InsertAt(std::size_t at, const ByteVector& bytes) {
    input_.insert(input_.begin() + static_cast<std::ptrdiff_t>(at), bytes.begin(), bytes.end());
  }

  void InsertItem() { InsertAt(AnyBoundary(), NewItem(AnyOpcode())); }

  void InsertScenario() {
    ByteVector items;
    const ItemScenario& scenario = grammar_.scenarios[random_.Below(grammar_.scenarios.size())];
    for (std::size_t i = 0; i < scenario.count; ++i) {
      const ByteVector item = NewItem(scenario.opcodes[i]);
      items.insert(items.end(), item.begin(), item.end());
    }
    InsertAt(AnyBoundary(), items);
  }

  void EraseItems() {
    if (items_.empty()) return;
    const std::size_t first = AnyItem();
    const std::size_t last =
        std::min<std::size_t>(items_.size() - 1, first + random_.Below(random_.OneIn(3) ? 8 : 1));
    const std::size_t from = items_[first].offset;
    const std::size_t to = items_[last].offset + items_[last].size;
    input_.erase(input_.begin() + static_cast<std::ptrdiff_t>(from),
                 input_.begin() + static_cast<std::ptrdiff_t>(to));
  }

  ByteVector CopyOf(std::size_t first, std::size_t count) const {
    const std::size_t last = std::min(items_.size() - 1, first + count - 1);
    const auto begin = input_.begin() + static_cast<std::ptrdiff_t>(items_[first].offset);
    return {begin,
            input_.begin() + static_cast<std::ptrdiff_t>(items_[last].offset + items_[last].size)};
  }

  void DuplicateItems() {
    if (items_.empty()) return;
    const ByteVector copy = CopyOf(AnyItem(), static_cast<std::size_t>(random_.Between(1, 4)));
    InsertAt(AnyBoundary(), copy);
  }

  void MoveItem() {
    if (items_.empty()) return;
    const std::size_t item = AnyItem();
    const ByteVector copy = CopyOf(item, 1);
    input_.erase(
        input_.begin() + static_cast<std::ptrdiff_t>(items_[item].offset),
        input_.begin() + static_cast<std::ptrdiff_t>(items_[item].offset + items_[item].size));
    items_ = grammar_.ItemsOf(input_);
    InsertAt(AnyBoundary(), copy);
  }

  void ChangeOperandByte() {
    if (items_.empty()) return;
    const InputItem& item = items_[AnyItem()];
    if (item.size < 2) return;
    std::uint8_t& byte = input_[item.offset + random_.Between(1, item.size - 1)];
    switch (random_.Below(4)) {
      case 0:
        byte ^= static_cast<std::uint8_t>(1u << random_.Below(8));
        break;
      case 1:
        byte = static_cast<std::uint8_t>(random_.Next());
        break;
      case 2:
        byte = static_cast<std::uint8_t>(random_.Pick(kInteresting));
        break;
      default:
        byte = static_cast<std::uint8_t>(byte + random_.Between(0, 8) - 4);
    }
  }

  void ChangeOperandWord() {
    if (items_.empty()) return;
    const InputItem& item = items_[AnyItem()];
    if (item.size < 3) return;
    const std::size_t at = item.offset + random_.Between(1, item.size - 2);
    std::uint16_t value =
        random_.OneIn(4) ? static_cast<std::uint16_t>(random_.Next()) : random_.Pick(kInteresting);
    if (random_.OneIn(4)) value = static_cast<std::uint16_t>(value + random_.Between(0, 4) - 2);
    std::memcpy(&input_[at], &value, sizeof(value));
  }

  void ChangeVariant() {
    if (items_.empty()) return;
    input_[items_[AnyItem()].offset] ^= static_cast<std::uint8_t>(1u << random_.Between(5, 7));
  }

  // The same access to another register.
  void Retarget() {
    if (items_.empty()) return;
    for (int tries = 0; tries < 8; ++tries) {
      const InputItem& item = items_[AnyItem()];
      const std::uint8_t choices = KindAt(item).choices;
      if (choices == 0 || item.size < 2) continue;
      input_[item.offset + 1] = static_cast<std::uint8_t>(random_.Below(choices));
      return;
    }
    InsertItem();
  }

  void ChangeHeader() {
    static constexpr std::size_t kBytes = sizeof(InputHeader);
    std::uint8_t& byte = input_[random_.Below(kBytes - 2)];
    byte = random_.OneIn(3) ? 0 : static_cast<std::uint8_t>(byte ^ 1u << random_.Below(8));
    std::uint8_t& flags = input_[kBytes - 2];
    if (random_.OneIn(10)) flags ^= InputHeader::kBare;
    if (random_.OneIn(4)) {
      flags ^= static_cast<std::uint8_t>(1u << InputHeader::kTurnsShift << random_.Below(2));
    }
  }

  // A byte of what memory holds, or another unit of it.
  void ChangeContents() {
    const InputStart start = StartOf(input_);
    const std::size_t units = start.header.unit_count();
    if (units == 0 || random_.OneIn(6)) {
      if (units == InputHeader::kMaxUnits) return;
      ByteVector unit(InputHeader::kUnitSize);
      for (std::uint8_t& byte : unit) {
        byte = static_cast<std::uint8_t>(random_.OneIn(2) ? 0 : random_.Next());
      }
      InsertAt(sizeof(InputHeader), unit);
      input_[sizeof(InputHeader) - 1] = static_cast<std::uint8_t>(units + 1);
      return;
    }
    const std::size_t size = start.items_at - sizeof(InputHeader);
    if (size == 0) return;
    input_[sizeof(InputHeader) + random_.Below(size)] ^=
        static_cast<std::uint8_t>(random_.OneIn(2) ? 1u << random_.Below(8) : random_.Next());
  }

  // Work, polls, time between what is there, and frames that arrive together or apart.
  void Reschedule() {
    if (!items_.empty() && random_.OneIn(3)) {
      const InputItem& item = items_[AnyItem()];
      if (KindAt(item).joins) {
        input_[item.offset] ^= 1u << 5;
        return;
      }
    }
    InsertAt(AnyBoundary(), NewItem(grammar_.turns[random_.Below(grammar_.turns.size())]));
  }

  const ItemGrammar& grammar_;
  ByteVector input_;
  std::size_t max_size_;
  Random random_;
  std::vector<InputItem> items_;
};

}  // namespace

std::size_t MutateInput(const ItemGrammar& grammar, std::uint8_t* data, std::size_t size,
                        std::size_t max_size, std::uint64_t seed) {
  const ByteVector mutated = Mutator(grammar, {data, data + size}, max_size, seed).Run();
  std::copy(mutated.begin(), mutated.end(), data);
  return mutated.size();
}

std::size_t CrossInputs(const ItemGrammar& grammar, Bytes first, Bytes second, MutableBytes out,
                        std::uint64_t seed) {
  Random random(seed);
  const auto boundary = [&](Bytes input) {
    const std::vector<InputItem> items = grammar.ItemsOf(input);
    const auto index = static_cast<std::size_t>(random.Below(items.size() + 1));
    return index == items.size() ? input.size() : items[index].offset;
  };
  const Bytes head = first.first(boundary(first));
  const std::size_t tail_at =
      std::max(boundary(second), std::min(second.size(), StartOf(second).items_at));
  const Bytes tail = second.subspan(tail_at);
  const std::size_t kept = std::min(head.size(), out.size());
  std::copy_n(head.begin(), kept, out.begin());
  const std::size_t added = std::min(tail.size(), out.size() - kept);
  std::copy_n(tail.begin(), added, out.begin() + static_cast<std::ptrdiff_t>(kept));
  return kept + added;
}

}  // namespace nicreplay
