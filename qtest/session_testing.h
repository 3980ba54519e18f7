// SPDX-License-Identifier: MIT
// For tests: operations written down one by one, and recordings of them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fuzz/e1000_generator.h"
#include "fuzz/save.h"
#include "models/e1000/fields.h"
#include "models/e1000/registers.h"
#include "qtest/pc_machine.h"
#include "replay/load.h"
#include "replay/trace_testing.h"

namespace nicreplay::testing {

// Operations on a machine; the bytes live as long as the list.  It begins with a reset and mapped
// BARs.
class OperationList {
 public:
  static constexpr GuestAddress kBase = std::uint64_t{16} << 20;
  static constexpr std::size_t kRam = kBase + E1000Generator::kRamSize;
  static constexpr GuestAddress kRing = kBase + 0x1000;
  static constexpr GuestAddress kBuffer = kBase + 0x2000;

  OperationList() {
    Reset();
    ConfigWrite(0x10, 0xfebc0000);
    ConfigWrite(0x14, 0xc000);
    ConfigWrite(0x04, 7);
  }

  void Reset() { Add(StimulusKind::kReset, 0, 0); }
  void Read(std::uint32_t offset, std::uint8_t size = 4, std::uint8_t bar = 0) {
    Add(StimulusKind::kRead, offset, 0, size);
    operations_.back().bar = bar;
  }
  void Write(std::uint32_t offset, std::uint64_t value, std::uint8_t size = 4) {
    Add(StimulusKind::kWrite, offset, value, size);
  }
  void ConfigRead(std::uint32_t offset, std::uint8_t size = 4) {
    Add(StimulusKind::kConfigRead, offset, 0, size);
  }
  void ConfigWrite(std::uint32_t offset, std::uint64_t value) {
    Add(StimulusKind::kConfigWrite, offset, value);
  }
  void Memory(GuestAddress address, std::vector<std::uint8_t> bytes) {
    AddBytes(StimulusKind::kMemory, address, std::move(bytes));
  }
  void Offer(std::vector<std::uint8_t> frame) {
    AddBytes(StimulusKind::kFrame, 0, std::move(frame));
  }
  void Link(LinkState state) {
    Add(StimulusKind::kLink, 0, 0);
    operations_.back().detail = state == LinkState::kUp ? 1 : 0;
  }
  void Elapse(Nanoseconds time) { now_ += time; }

  // A ring of 8 descriptors with buffers, open for broadcasts; its timer does not hold frames back
  // any more.
  void StartReceiving() {
    std::vector<std::uint8_t> ring(8 * 16);
    for (std::size_t i = 0; i < 8; ++i) {
      ring[i * 16 + 1] = 0x20;
      ring[i * 16 + 3] = 1;
    }
    Memory(kRing, ring);
    Write(e1000::kRDBAL, kRing);
    Write(e1000::kRDLEN, 128);
    Write(e1000::kRDT, 7);
    Write(e1000::kRCTL, e1000::rctl::kEN | e1000::rctl::kBAM);
    Elapse(1'100'000'000);
    Read(e1000::kSTATUS);
  }

  // One legacy descriptor with RS and EOP.
  void Transmit(std::uint8_t size) {
    Memory(kBuffer, std::vector<std::uint8_t>(size, 0x11));
    Memory(kRing, {0, 0x20, 0, 1, 0, 0, 0, 0, size, 0, 0, 0x09, 0, 0, 0, 0});
    Write(e1000::kTDBAL, kRing);
    Write(e1000::kTDLEN, 128);
    Write(e1000::kTCTL, e1000::tctl::kEN);
    Write(e1000::kTDT, 1);
  }

  const std::vector<Stimulus>& operations() const { return operations_; }

 private:
  void Add(StimulusKind kind, std::uint32_t offset, std::uint64_t value, std::uint8_t size = 4) {
    Stimulus stimulus;
    stimulus.kind = kind;
    stimulus.time = now_;
    stimulus.size = size;
    stimulus.offset = offset;
    stimulus.value = value;
    operations_.push_back(stimulus);
  }
  void AddBytes(StimulusKind kind, GuestAddress address, std::vector<std::uint8_t> bytes) {
    bytes_.push_back(std::make_unique<std::vector<std::uint8_t>>(std::move(bytes)));
    Add(kind, 0, address);
    operations_.back().data = bytes_.back()->data();
    operations_.back().data_size = static_cast<std::uint32_t>(bytes_.back()->size());
  }

  std::vector<Stimulus> operations_;
  std::vector<std::unique_ptr<std::vector<std::uint8_t>>> bytes_;
  Nanoseconds now_ = 0;
};

// The recording of a session with e1000-stock.
template <typename Drive>
Program RecordDriven(Drive drive, const std::string& options = "") {
  const TempFolder folder;
  auto session = RecordingSession::Create(folder / "session.nrt", {"e1000-stock", options},
                                          OperationList::kRam, "test")
                     .value();
  drive(*session);
  session->Finish().value();
  return LoadProgram(folder / "session.nrt", Salvage::kNo).value().program;
}

inline Program Record(std::span<const Stimulus> operations, const std::string& options = "") {
  return RecordDriven(
      [&](RecordingSession& session) {
        for (const Stimulus& operation : operations) session.Do(operation);
      },
      options);
}

// Passes on what a bus would.
class BusFilter : public OperationSink {
 public:
  explicit BusFilter(OperationSink& next) : next_(next) {}
  std::uint64_t Do(const Stimulus& operation) override {
    const bool access =
        operation.kind == StimulusKind::kRead || operation.kind == StimulusKind::kWrite;
    if (access && !machine_->Decodes(operation.bar)) return 0;
    machine_->ApplyOnBus(operation);
    return next_.Do(operation);
  }
  bool Done() const override { return next_.Done(); }

 private:
  OperationSink& next_;
  std::unique_ptr<PcMachine> machine_ =
      PcMachine::Create("e1000-stock", "", OperationList::kRam).value();
};

inline Program RecordGenerated(std::uint64_t seed, std::uint64_t operations) {
  return RecordDriven([&](RecordingSession& session) {
    session.set_limit(operations);
    BusFilter bus(session);
    E1000Generator(seed, bus, {OperationList::kBase, E1000Generator::kRamSize}).Run();
  });
}

}  // namespace nicreplay::testing
