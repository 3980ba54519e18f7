// SPDX-License-Identifier: MIT
#include "fuzz/e1000_generator.h"

#include <iterator>

#include "models/e1000/fields.h"
#include "models/e1000/registers.h"
#include "models/pci_config.h"

namespace nicreplay {

const E1000Generator::Mode E1000Generator::kModes[] = {
    {"registers", 10, &E1000Generator::Registers},
    {"partial-accesses", 4, &E1000Generator::PartialAccesses},
    {"interrupts", 8, &E1000Generator::Interrupts},
    {"eeprom", 3, &E1000Generator::Eeprom},
    {"phy", 4, &E1000Generator::Phy},
    {"filters", 6, &E1000Generator::Filters},
    {"transmit", 14, &E1000Generator::Transmit},
    {"segment", 8, &E1000Generator::Segment},
    {"hostile-transmit", 6, &E1000Generator::HostileTransmit},
    {"receive", 14, &E1000Generator::Receive},
    {"hostile-receive", 6, &E1000Generator::HostileReceive},
    {"loopback", 5, &E1000Generator::Loopback},
    {"link", 3, &E1000Generator::Link},
    {"statistics", 5, &E1000Generator::Statistics},
    {"configuration", 3, &E1000Generator::Configuration},
    {"time", 4, &E1000Generator::TimePasses},
    {"reset", 1, &E1000Generator::Reset},
};

const E1000Generator::Mode E1000Generator::kOptimizedModes[] = {
    {"drive", 40, &E1000Generator::Drive},
    {"bursts", 25, &E1000Generator::Bursts},
    {"doorbells", 15, &E1000Generator::Doorbells},
};

std::vector<std::string_view> E1000Generator::ModeNames() {
  std::vector<std::string_view> names;
  for (const Mode& mode : kModes) names.push_back(mode.name);
  return names;
}

std::uint64_t E1000Generator::Do(Stimulus operation) {
  operation.time = now_;
  return sink_.Do(operation);
}

std::uint32_t E1000Generator::Read(std::uint32_t offset, std::uint8_t size) {
  Stimulus operation;
  operation.kind = StimulusKind::kRead;
  operation.offset = offset;
  operation.size = size;
  return static_cast<std::uint32_t>(Do(operation));
}

void E1000Generator::Write(std::uint32_t offset, std::uint64_t value, std::uint8_t size) {
  Stimulus operation;
  operation.kind = StimulusKind::kWrite;
  operation.offset = offset;
  operation.size = size;
  operation.value = size == 8 ? value : value & ((std::uint64_t{1} << (8 * size)) - 1);
  Do(operation);
}

void E1000Generator::ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint32_t value) {
  Stimulus operation;
  operation.kind = StimulusKind::kConfigWrite;
  operation.offset = offset;
  operation.size = size;
  operation.value = value;
  Do(operation);
}

void E1000Generator::Memory(GuestAddress address, Bytes bytes) {
  Stimulus operation;
  operation.kind = StimulusKind::kMemory;
  operation.value = address;
  operation.data = bytes.data();
  operation.data_size = static_cast<std::uint32_t>(bytes.size());
  Do(operation);
}

void E1000Generator::Offer(Bytes frame, const Offload& offload, Burst burst) {
  Stimulus operation;
  operation.kind = StimulusKind::kFrame;
  operation.detail = burst == Burst::kGoesOn ? 1 : 0;
  if (offload != Offload{}) operation.offload = &offload;
  operation.data = frame.data();
  operation.data_size = static_cast<std::uint32_t>(frame.size());
  Do(operation);
}

void E1000Generator::Elapse(Nanoseconds time) { now_ += time; }

// Mostly nothing; now and then past a moderation window, seldom past autonegotiation or the flush
// timer.
void E1000Generator::Wait() {
  if (!random_.OneIn(8)) return;
  if (random_.OneIn(20)) {
    Elapse(random_.Between(400'000'000, 1'100'000'000));
  } else {
    Elapse(random_.Below(300'000));
  }
}

void E1000Generator::MapBars() {
  ConfigWrite(0x10, 4, 0xfebc0000);
  ConfigWrite(0x14, 4, 0xc000);
}

void E1000Generator::Reset() {
  Stimulus operation;
  operation.kind = StimulusKind::kReset;
  Do(operation);
  MapBars();
  ConfigWrite(PciConfig::kCommand, 2,
              random_.OneIn(8) ? static_cast<std::uint32_t>(random_.Below(8)) : 7);
}

void E1000Generator::Run() {
  std::vector<Mode> modes(std::begin(kModes), std::end(kModes));
  if (traffic_ == Traffic::kOptimized) {
    modes.insert(modes.end(), std::begin(kOptimizedModes), std::end(kOptimizedModes));
  }
  unsigned total = 0;
  for (const Mode& mode : modes) total += mode.weight;
  Reset();
  while (!sink_.Done()) {
    std::uint64_t ticket = random_.Below(total);
    for (const Mode& mode : modes) {
      if (ticket < mode.weight) {
        (this->*mode.episode)();
        break;
      }
      ticket -= mode.weight;
    }
    Wait();
  }
}

}  // namespace nicreplay
