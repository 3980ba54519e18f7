// SPDX-License-Identifier: MIT
// A model and a real QEMU in lockstep: no difference where there is none, and each kind is found.
#include <gtest/gtest.h>

#include "fuzz/e1000_generator.h"
#include "models/e1000/fields.h"
#include "models/e1000/registers.h"
#include "qtest/live_lockstep.h"

namespace nicreplay {
namespace {

using Kind = Divergence::Kind;

constexpr GuestAddress kBase = std::uint64_t{16} << 20;
constexpr LiveLockstep::Window kWindow{kBase, E1000Generator::kRamSize};
constexpr GuestAddress kRing = kBase + 0x1000;
constexpr GuestAddress kBuffer = kBase + 0x2000;

LivePairing Pair(const std::string& device, const std::string& options = "") {
  LivePairing pairing;
  pairing.model.options = options;
  pairing.qemu.qemu = NICREPLAY_QEMU;
  pairing.qemu.device = device;
  pairing.qemu.ram_size = kBase + E1000Generator::kRamSize;
  return pairing;
}

// A list of operations; the bytes live as long as it does.
class Script {
 public:
  Script() {
    Add(StimulusKind::kReset, 0, 0);
    ConfigWrite(0x10, 0xfebc0000);
    ConfigWrite(0x04, 7);
  }

  void Read(std::uint32_t offset) { Add(StimulusKind::kRead, offset, 0); }
  void Write(std::uint32_t offset, std::uint64_t value) {
    Add(StimulusKind::kWrite, offset, value);
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
  void Elapse(Nanoseconds time) { now_ += time; }

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
  }

  const std::vector<Stimulus>& operations() const { return operations_; }

 private:
  void Add(StimulusKind kind, std::uint32_t offset, std::uint64_t value) {
    Stimulus stimulus;
    stimulus.kind = kind;
    stimulus.time = now_;
    stimulus.size = 4;
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

std::optional<Divergence> Compare(const LivePairing& pairing, const Script& script) {
  auto compared = CompareLive(pairing, kWindow, script.operations());
  if (compared) return *compared;
  ADD_FAILURE() << compared.error().ToString();
  return std::nullopt;
}

TEST(LiveLockstepTest, GeneratedSessionsAreTheSame) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    auto lockstep = LiveLockstep::Create(Pair("e1000"), kWindow, 2000);
    ASSERT_TRUE(lockstep) << lockstep.error().ToString();
    E1000Generator(seed, **lockstep, {kWindow.base, kWindow.size}).Run();
    ASSERT_TRUE((*lockstep)->Finish(LiveLockstep::Extent::kAllMemory));
    EXPECT_FALSE((*lockstep)->divergence()) << "seed " << seed;
    EXPECT_GE((*lockstep)->count(), 2000u);
  }
}

TEST(LiveLockstepTest, AnotherVariantIsTheSameAsItsModel) {
  auto lockstep = LiveLockstep::Create(Pair("e1000-82544gc", "device=82544gc"), kWindow, 2000);
  ASSERT_TRUE(lockstep) << lockstep.error().ToString();
  E1000Generator(1, **lockstep, {kWindow.base, kWindow.size}).Run();
  ASSERT_TRUE((*lockstep)->Finish(LiveLockstep::Extent::kAllMemory));
  EXPECT_FALSE((*lockstep)->divergence());
}

TEST(LiveLockstepTest, AValueThatDiffersIsFoundAtItsRead) {
  Script script;
  script.Read(e1000::kSTATUS);
  script.Read(e1000::kRA);
  script.Read(e1000::kSTATUS);
  const auto found = Compare(Pair("e1000,mac=52:54:01:00:00:00"), script);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, Kind::kValue);
  EXPECT_EQ(found->event, 4u);
  EXPECT_EQ(found->expected, 0x12005452u);
  EXPECT_EQ(found->found, 0x00015452u);
}

// Without moderation a second cause raises the line at once.
TEST(LiveLockstepTest, ALineThatDiffersIsFoundWhereItDoes) {
  Script script;
  script.Write(e1000::kIMS, e1000::cause::kLSC);
  script.Write(e1000::kICS, e1000::cause::kLSC);
  script.Read(e1000::kICR);
  script.Write(e1000::kICS, e1000::cause::kLSC);
  script.Read(e1000::kSTATUS);
  const auto found = Compare(Pair("e1000,mitigation=off"), script);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, Kind::kInterrupt);
  EXPECT_EQ(found->event, 6u);
  EXPECT_EQ(found->expected, 0u);
  EXPECT_EQ(found->found, 1u);
}

// A unicast frame for the model only, then one for QEMU only.
TEST(LiveLockstepTest, MemoryThatOneSideWroteIsFound) {
  const std::vector<std::uint8_t> for_model = {0x52, 0x54, 0, 0x12, 0x34, 0x56, 1, 2, 3};
  const std::vector<std::uint8_t> for_qemu = {0x52, 0x54, 1, 0, 0, 0, 1, 2, 3};
  for (const auto& frame : {for_model, for_qemu}) {
    Script script;
    script.StartReceiving();
    script.Offer(frame);
    const auto found = Compare(Pair("e1000,mac=52:54:01:00:00:00"), script);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->kind, Kind::kMemory);
    EXPECT_EQ(found->event, script.operations().size() - 1);
  }
}

// VLAN insertion takes the tag's type from VET, which only one side initializes.
TEST(LiveLockstepTest, AFrameThatDiffersIsFound) {
  Script script;
  script.Memory(kBuffer, std::vector<std::uint8_t>(64, 0x11));
  script.Memory(kRing, {0, 0x20, 0, 1, 0, 0, 0, 0, 60, 0, 0, 0x49, 0, 0, 0, 0});
  script.Write(e1000::kCTRL, e1000::ctrl::kVME);
  script.Write(e1000::kTDBAL, kRing);
  script.Write(e1000::kTDLEN, 128);
  script.Write(e1000::kTCTL, e1000::tctl::kEN);
  script.Write(e1000::kTDT, 1);
  script.Read(e1000::kTDT);
  const auto found = Compare(Pair("e1000,init-vet=off"), script);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, Kind::kFrame);
  EXPECT_EQ(found->event, script.operations().size() - 2);
  EXPECT_EQ(found->offset, 12u);
  EXPECT_EQ(found->expected_bytes.size(), 64u);
  EXPECT_EQ(found->found_bytes.size(), 64u);
}

// Frames without any byte do not come through QEMU's network layer; what follows them does.
TEST(LiveLockstepTest, EmptyFramesAreLeftOut) {
  Script script;
  script.Memory(kRing, std::vector<std::uint8_t>(32));
  script.Memory(kRing, {0, 0x20, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0x09, 0, 0, 0, 0,  //
                        0, 0x20, 0, 1, 0, 0, 0, 0, 9, 0, 0, 0x09, 0, 0, 0, 0});
  script.Write(e1000::kTDBAL, kRing);
  script.Write(e1000::kTDLEN, 128);
  script.Write(e1000::kTCTL, e1000::tctl::kEN);
  script.Write(e1000::kTDT, 2);
  EXPECT_FALSE(Compare(Pair("e1000"), script));
}

TEST(LiveLockstepTest, ASessionEndsWhereTheMachinesDiffer) {
  auto lockstep = LiveLockstep::Create(Pair("e1000"), kWindow, 100);
  ASSERT_TRUE(lockstep) << lockstep.error().ToString();
  Script script;
  script.Write(e1000::kTDBAL, 0xfec00000);
  script.Write(e1000::kTDLEN, 128);
  script.Write(e1000::kTCTL, e1000::tctl::kEN);
  script.Write(e1000::kTDT, 1);
  for (const Stimulus& operation : script.operations()) (*lockstep)->Do(operation);
  EXPECT_TRUE((*lockstep)->Done());
  EXPECT_TRUE((*lockstep)->left_comparable());
  EXPECT_EQ((*lockstep)->count(), script.operations().size() - 1);
  EXPECT_TRUE((*lockstep)->Finish(LiveLockstep::Extent::kAllMemory));
  EXPECT_FALSE((*lockstep)->divergence());
}

TEST(LiveLockstepTest, AQemuThatDiesIsAnErrorNotADifference) {
  LivePairing pairing = Pair("e1000");
  pairing.qemu.arguments = {"-chardev", "null,id=x,no-such-option=1"};
  auto lockstep = LiveLockstep::Create(pairing, kWindow, 100);
  ASSERT_FALSE(lockstep);
  EXPECT_EQ(lockstep.error().code, ErrorCode::kPeer);
}

}  // namespace
}  // namespace nicreplay
