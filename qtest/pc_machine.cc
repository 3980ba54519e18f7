// SPDX-License-Identifier: MIT
#include "qtest/pc_machine.h"

#include <algorithm>

#include "models/pci_config.h"
#include "qtest/pc.h"

namespace nicreplay {

namespace {

constexpr std::uint8_t kBar0 = 0x10;

// An interrupt message as guests use them (SDM vol. 3A, 10.11): fixed or to the lowest priority.
// All that it leaves is a bit in the local APIC of a processor that does not run under qtest.
bool IsMessage(GuestAddress address, Bytes data) {
  constexpr std::uint8_t kOtherDeliveryModes = 0x06;  // of the second byte
  return address >= pc::kLocalApic && address - pc::kLocalApic < pc::kLocalApicSize &&
         address % 4 == 0 && data.size() == 4 && (data[1] & kOtherDeliveryModes) == 0;
}

// Joins what touches.
void Merge(std::vector<PcMachine::Range>* ranges) {
  std::sort(ranges->begin(), ranges->end(),
            [](const auto& a, const auto& b) { return a.address < b.address; });
  std::size_t last = 0;
  for (std::size_t i = 1; i < ranges->size(); ++i) {
    PcMachine::Range& joined = (*ranges)[last];
    const PcMachine::Range& next = (*ranges)[i];
    if (next.address <= joined.address + joined.size) {
      const std::uint64_t end = std::max(joined.address + joined.size, next.address + next.size);
      joined.size = end - joined.address;
    } else {
      (*ranges)[++last] = next;
    }
  }
  if (!ranges->empty()) ranges->resize(last + 1);
}

}  // namespace

Result<std::unique_ptr<PcMachine>> PcMachine::Create(const std::string& model,
                                                     const std::string& options,
                                                     std::size_t ram_size) {
  std::unique_ptr<PcMachine> machine(new PcMachine(ram_size));
  auto device = CreateModel(model, options, *machine);
  if (!device) return tl::make_unexpected(device.error());
  machine->device_ = std::move(*device);
  machine->Attach(machine->device_.get());
  machine->LocateBars();
  return machine;
}

void PcMachine::LocateBars() {
  std::array<std::uint32_t, PciBars::kCount> bars;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    bars[i] = device_->ConfigRead(static_cast<std::uint8_t>(kBar0 + 4 * i), 4);
  }
  const std::uint32_t command = device_->ConfigRead(PciConfig::kCommand, 2);
  bars_ = PciBars::Decode(static_cast<std::uint16_t>(command), bars);
}

std::uint64_t PcMachine::ApplyOnBus(const Stimulus& stimulus) {
  switch (stimulus.kind) {
    case StimulusKind::kRead:
    case StimulusKind::kWrite:
      if (Decodes(stimulus.bar)) return Apply(stimulus);
      AdvanceTo(stimulus.time);
      return 0;
    case StimulusKind::kMemory: {
      AdvanceTo(stimulus.time);
      std::vector<Range> written = std::move(written_);
      Apply(stimulus);
      written_ = std::move(written);
      return 0;
    }
    case StimulusKind::kConfigWrite:
    case StimulusKind::kReset:
      Apply(stimulus);
      LocateBars();
      return 0;
    default:
      return Apply(stimulus);
  }
}

void PcMachine::Meet(GuestAddress address, std::uint64_t size) {
  ++dma_count_;
  const auto meets = [&](GuestAddress base, std::uint64_t length) {
    return address < base + length && base < address + size;
  };
  if (meets(pc::kIoApic, pc::kIoApicSize) || meets(pc::kLocalApic, pc::kLocalApicSize)) {
    met_controller_ = true;
  }
}

void PcMachine::DmaRead(GuestAddress address, MutableBytes out) {
  Meet(address, out.size());
  Machine::DmaRead(address, out);
  // A range that wraps past the end of the address space is too short to reach the hole.
  const GuestAddress from = std::max(address, pc::kHole);
  if (address >= pc::kHoleEnd || from - address >= out.size()) return;
  const std::uint64_t size = std::min(out.size() - (from - address), pc::kHoleEnd - from);
  std::fill_n(out.begin() + static_cast<std::ptrdiff_t>(from - address), size, std::uint8_t{0});
}

void PcMachine::DmaWrite(GuestAddress address, Bytes data) {
  if (IsMessage(address, data)) {
    ++dma_count_;
    return;
  }
  Meet(address, data.size());
  pc::ForEachRamPart(ram().size(), address, data.size(),
                     [&](std::uint64_t from, std::uint64_t size) {
                       Machine::DmaWrite(address + from, data.subspan(from, size));
                       written_.push_back({address + from, size});
                     });
}

void PcMachine::Transmit(const Frame& frame) {
  std::vector<std::uint8_t>& whole = frames_.emplace_back();
  whole.reserve(frame.size());
  for (const Bytes& piece : frame.pieces) whole.insert(whole.end(), piece.begin(), piece.end());
}

std::vector<PcMachine::Range> PcMachine::TakeWritten() {
  std::vector<Range> ranges = std::exchange(written_, {});
  Merge(&ranges);
  return ranges;
}

}  // namespace nicreplay
