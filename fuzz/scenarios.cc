// SPDX-License-Identifier: MIT
#include "fuzz/scenarios.h"

#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "models/e1000/descriptors.h"
#include "models/e1000/fields.h"
#include "models/e1000/registers.h"
#include "models/pci_config.h"

namespace nicreplay {

namespace {

constexpr std::array<Scenario, 36> kScenarios = {{
    {"one frame", "tdt=1 icr?"},
    {"frames one by one", "tdt=1 tdt=2 tdt=3 tdt=4 icr?"},
    {"the tail does not move", "tdt=2 tdt=2 icr? tdt=2 icr?"},
    {"the tail goes back", "tdt=4 tdt=2 icr? tdh?"},
    {"a lap", "tdt=8 tdt=f tdt=7 icr? tdh?"},
    {"a tail outside the ring", "tdt=20 icr? tdt=2 tdh?"},
    {"the tail is read", "tdt=3 tdt? tdt=5 tdh? icr?"},
    {"the ring moves", "tdt=2 tdbal=3000 tdt=4 icr? tdt=6 tdbal=1000 tdt=8"},
    {"the ring shrinks", "tdt=2 tdlen=80 tdt=6 tdt=1 icr? tdh?"},
    {"the head is set", "tdt=2 tdh=8 tdt=a icr? tdh?"},
    {"the engine stops", "tdt=2 tctl=0 tdt=4 icr? tctl=2 tdt=5"},
    {"the engine starts with work", "tctl=0 tdt=3 tctl=2 icr? tdt=4"},
    {"masked", "imc=ffffffff tdt=1 icr? tdt=2 ims=9f icr?"},
    {"unmasked late", "imc=ffffffff tdt=1 tdt=2 ims=3 icr? ims=9f"},
    {"masked late", "tdt=1 imc=ffffffff tdt=2 ims=9f icr? tdt=3"},
    {"an interrupt handler", "tdt=1 imc=ffffffff icr? tdt=2 ims=9f tdt=3 imc=ffffffff icr? ims=9f"},
    {"causes written away", "tdt=1 icr=ffffffff tdt=2 icr=2 tdt=3 icr?"},
    {"causes set by software", "ics=4 icr? ics=80 tdt=1 icr? ics=4 imc=4"},
    {"rise, fall, rise", "ics=4 icr? ics=4 icr? ics=4 icr? tdt=1"},
    {"a rise and an access", "ics=4 status? icr? tdt=1 status?"},
    {"a rise past its deadline", "ics=4 @300 icr? ics=4 @100 icr? @300 tdt=1"},
    {"work past its deadline", "tdt=1 @60 tdt=2 @40 tdt=3 @60 icr?"},
    {"throttled", "itr=100 tdt=1 icr? tdt=2 @200 icr? tdt=3 @300 icr?"},
    {"frames in", "frame frame icr? frame icr?"},
    {"buffers given back", "frame rdt=0 frame icr? rdt=1 frame rdh?"},
    {"buffers taken away", "rdt=1 frame frame icr? rdt=5 frame rdh?"},
    {"no buffers", "rdt=0 frame frame rdt=6 icr? rdh?"},
    {"both ways", "tdt=1 frame icr? rdt=0 tdt=2 frame icr?"},
    {"doorbells of both", "tdt=1 rdt=0 tdt=2 rdt=1 icr? frame"},
    {"link flaps", "tdt=1 down tdt=2 up tdt=3 icr?"},
    {"frames in while down", "down frame tdt=1 up frame icr?"},
    {"bus master off", "tdt=1 cmd=3 tdt=2 cmd=7 tdt=3 icr?"},
    {"interrupt line disabled", "ics=4 cmd=407 tdt=1 cmd=7 icr?"},
    {"reset with work pending", "tdt=2 ics=4 reset cmd=7 tctl=2 tdt=1 icr?"},
    {"receiver off", "rdt=0 rctl=0 frame rdt=3 icr? tdt=1"},
    {"everything off", "tdt=1 tctl=0 rctl=0 tdt=2 rdt=1 tctl=2 tdt=3 icr?"},
}};

constexpr GuestAddress kTxRing = 0x1000;
constexpr GuestAddress kRxRing = 0x2000;
constexpr GuestAddress kOtherTxRing = 0x3000;
constexpr GuestAddress kTxFrames = 0x10000;
constexpr GuestAddress kRxBuffers = 0x20000;
constexpr std::uint32_t kTxCount = 16;
constexpr std::uint32_t kRxCount = 8;
constexpr std::size_t kFrameSize = 64;

struct Name {
  std::string_view word;
  std::uint32_t offset;
};
constexpr std::array<Name, 14> kNames = {{{"tdt", e1000::kTDT},
                                          {"rdt", e1000::kRDT},
                                          {"tdh", e1000::kTDH},
                                          {"rdh", e1000::kRDH},
                                          {"tctl", e1000::kTCTL},
                                          {"rctl", e1000::kRCTL},
                                          {"tdbal", e1000::kTDBAL},
                                          {"tdlen", e1000::kTDLEN},
                                          {"icr", e1000::kICR},
                                          {"ics", e1000::kICS},
                                          {"ims", e1000::kIMS},
                                          {"imc", e1000::kIMC},
                                          {"itr", e1000::kITR},
                                          {"status", e1000::kSTATUS}}};

class Builder {
 public:
  ScenarioOperations Build(std::string_view words) {
    SetUp();
    result_.set_up = std::move(operations_);
    while (!words.empty()) {
      const std::size_t end = std::min(words.find(' '), words.size());
      AddWord(words.substr(0, end));
      words.remove_prefix(std::min(end + 1, words.size()));
    }
    result_.steps = std::move(operations_);
    return std::move(result_);
  }

 private:
  void Add(Stimulus stimulus) {
    stimulus.time = now_;
    operations_.push_back(stimulus);
  }
  void Write(std::uint32_t offset, std::uint64_t value) {
    Add({.value = value, .offset = offset, .kind = StimulusKind::kWrite, .size = 4});
  }
  void Config(std::uint32_t offset, std::uint8_t size, std::uint32_t value) {
    Add({.value = value, .offset = offset, .kind = StimulusKind::kConfigWrite, .size = size});
  }
  // Bytes live as long as the result.
  Bytes Keep(std::vector<std::uint8_t> bytes) {
    return result_.bytes.emplace_back(std::move(bytes));
  }
  void Memory(GuestAddress address, std::vector<std::uint8_t> bytes) {
    const Bytes kept = Keep(std::move(bytes));
    Add({.value = address,
         .data = kept.data(),
         .data_size = static_cast<std::uint32_t>(kept.size()),
         .kind = StimulusKind::kMemory});
  }

  static std::vector<std::uint8_t> FrameOf(std::size_t number) {
    std::vector<std::uint8_t> frame(kFrameSize, static_cast<std::uint8_t>(number));
    const std::uint8_t station[] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
    std::memcpy(frame.data(), station, sizeof(station));
    return frame;
  }

  void PutTxRing(GuestAddress ring, std::size_t first_frame) {
    std::vector<std::uint8_t> descriptors;
    for (std::uint32_t i = 0; i < kTxCount; ++i) {
      const GuestAddress at = kTxFrames + kFrameSize * (first_frame + i);
      Memory(at, FrameOf(first_frame + i));
      e1000::TxDescriptor descriptor{};
      descriptor.buffer_address = at;
      descriptor.lower = kFrameSize | e1000::txd::kEOP | e1000::txd::kRS;
      const e1000::RawDescriptor raw = e1000::Encode(descriptor);
      descriptors.insert(descriptors.end(), raw.begin(), raw.end());
    }
    Memory(ring, std::move(descriptors));
  }

  void PutRxRing() {
    std::vector<std::uint8_t> descriptors;
    for (std::uint32_t i = 0; i < kRxCount; ++i) {
      e1000::RxDescriptor descriptor{};
      descriptor.buffer_address = kRxBuffers + 2048 * i;
      const e1000::RawDescriptor raw = e1000::Encode(descriptor);
      descriptors.insert(descriptors.end(), raw.begin(), raw.end());
    }
    Memory(kRxRing, std::move(descriptors));
  }

  void SetUp() {
    Add({.kind = StimulusKind::kReset});
    Config(PciConfig::kBar0, 4, 0xfebc0000);
    Config(PciConfig::kCommand, 2, 7);
    PutTxRing(kTxRing, 0);
    PutTxRing(kOtherTxRing, 100);
    PutRxRing();
    Write(e1000::kTDBAL, kTxRing);
    Write(e1000::kTDLEN, kTxCount * 16);
    Write(e1000::kTCTL, e1000::tctl::kEN);
    Write(e1000::kRDBAL, kRxRing);
    Write(e1000::kRDLEN, kRxCount * 16);
    Write(e1000::kRCTL, e1000::rctl::kEN | e1000::rctl::kUPE);
    now_ += 1'100'000'000;  // past the flush timer
    Write(e1000::kRDT, kRxCount - 1);
    Write(e1000::kIMS, 0x9f);
    // Past the shortest moderation window, but interrupts come fast enough to be spaced out.
    for (int i = 0; i < 2; ++i) {
      Write(e1000::kICS, e1000::cause::kLSC);
      Add({.offset = e1000::kICR, .kind = StimulusKind::kRead, .size = 4});
      now_ += 130'000;
    }
    Add({.kind = StimulusKind::kWork});
    Add({.kind = StimulusKind::kPoll});
  }

  void AddWord(std::string_view word) {
    if (word[0] == '@') {
      now_ += 1000 * Number(word.substr(1), 10);
    } else if (word == "frame") {
      const Bytes frame = Keep(FrameOf(200 + operations_.size()));
      Add({.data = frame.data(),
           .data_size = static_cast<std::uint32_t>(frame.size()),
           .kind = StimulusKind::kFrame});
    } else if (word == "reset") {
      Add({.kind = StimulusKind::kReset});
    } else if (word == "up" || word == "down") {
      Add({.kind = StimulusKind::kLink, .detail = static_cast<std::uint8_t>(word == "up")});
    } else if (word.starts_with("cmd=")) {
      Config(PciConfig::kCommand, 2, static_cast<std::uint32_t>(Number(word.substr(4), 16)));
    } else if (word.ends_with('?')) {
      Add({.offset = OffsetOf(word.substr(0, word.size() - 1)),
           .kind = StimulusKind::kRead,
           .size = 4});
    } else {
      const std::size_t equals = word.find('=');
      Write(OffsetOf(word.substr(0, equals)), Number(word.substr(equals + 1), 16));
    }
  }

  // The table above is all that is ever parsed: a mistake in it is one of the program.
  static std::uint64_t Number(std::string_view text, int base) {
    std::uint64_t value = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), value, base).ec != std::errc()) {
      std::abort();
    }
    return value;
  }
  static std::uint32_t OffsetOf(std::string_view word) {
    for (const Name& name : kNames) {
      if (name.word == word) return name.offset;
    }
    std::abort();
  }

  ScenarioOperations result_;
  std::vector<Stimulus> operations_;
  Nanoseconds now_ = 0;
};

}  // namespace

std::span<const Scenario> Scenarios() { return kScenarios; }

ScenarioOperations OperationsOf(const Scenario& scenario) {
  return Builder().Build(scenario.words);
}

}  // namespace nicreplay
