// SPDX-License-Identifier: MIT
#include "replay/traced_device.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "models/e1000/descriptors.h"
#include "models/e1000/registers.h"
#include "replay/event_names.h"
#include "replay/load.h"
#include "replay/machine.h"
#include "replay/session.h"

namespace nicreplay {
namespace {

using namespace e1000;  // NOLINT(google-build-using-namespace)
using ::testing::ElementsAre;

// Drives a transmit ring of e1000-opt under recording, on a machine whose bus uses shadow pages.
class TracedDeviceTest : public ::testing::Test {
 protected:
  ~TracedDeviceTest() override { std::remove(path_.c_str()); }

  void Start(RecordedRegisters registers) {
    device_ = *TracedDevice::Create(**FindModel("e1000-opt"), *Options::Parse("opt=sidecore"),
                                    path_, "", registers, machine_);
    machine_.Attach(device_.get());
    Apply({.value = 7, .offset = 4, .kind = StimulusKind::kConfigWrite, .size = 2});
    Write(kTDBAL, kRing);
    Write(kTDLEN, 8 * 16);
    Write(kTCTL, tctl::kEN);
    Poll();
  }

  std::uint64_t Apply(Stimulus stimulus) {
    stimulus.time = time_ += 1000;
    return machine_.Apply(stimulus);
  }
  void Write(std::uint32_t offset, std::uint64_t value) {
    Apply({.value = value, .offset = offset, .kind = StimulusKind::kWrite, .size = 4});
  }
  std::uint64_t Read(std::uint32_t offset) {
    return Apply({.offset = offset, .kind = StimulusKind::kRead, .size = 4});
  }
  void Poll() { Apply({.kind = StimulusKind::kPoll}); }

  void Send() {
    const TxDescriptor descriptor{0x4000, 60 | txd::kEOP | txd::kRS, 0};
    std::memcpy(&machine_.ram()[kRing + 16 * tail_++], &descriptor, sizeof(descriptor));
    Write(kTDT, tail_);
  }

  // Ends the recording, which must replay, and returns what it has after Start.
  std::vector<std::string> Finish() {
    device_.reset();
    const LoadedProgram loaded = LoadProgram(path_, Salvage::kNo).value();
    const Program& program = loaded.program;
    const auto outcome = ReplayChecked(program, {"e1000-opt", "", 0}, program.steps.size());
    EXPECT_TRUE(outcome && !outcome->divergence);
    std::vector<std::string> seen;
    bool started = false;  // with a poll
    for (const Step& step : program.steps) {
      const Stimulus& stimulus = step.stimulus;
      if (!std::exchange(started, started || stimulus.kind == StimulusKind::kPoll)) continue;
      std::string text = fmt::format("{} {:x}", Name(stimulus.kind), stimulus.offset);
      for (const Effect& effect : program.EffectsOf(step)) {
        if (effect.kind == EffectKind::kTransmit) text += " transmits";
      }
      seen.push_back(text);
    }
    return seen;
  }

  static constexpr GuestAddress kRing = 0x1000;
  const std::string path_ =
      ::testing::TempDir() + "traced_device_test_" + std::to_string(getpid()) + ".nrt";
  Machine machine_{1 << 20};
  std::unique_ptr<Device> device_;
  Nanoseconds time_ = 0;
  std::uint32_t tail_ = 0;
};

TEST_F(TracedDeviceTest, TrappedRegistersAreRecordedEveryTime) {
  Start(RecordedRegisters::kTrapped);
  EXPECT_EQ(device_->shadow(), nullptr);
  Send();
  EXPECT_EQ(Read(kTDH), 1u);
  Poll();
  EXPECT_THAT(Finish(), ElementsAre("write 3818 transmits", "read 3810", "poll 0"));
}

TEST_F(TracedDeviceTest, OfShadowedRegistersTheWritesThatCountAreRecorded) {
  Start(RecordedRegisters::kShadowed);
  Send();
  Send();
  EXPECT_EQ(Read(kTDH), 0u);
  Poll();
  EXPECT_EQ(Read(kTDH), 2u);
  EXPECT_EQ(Read(kTDT), 2u);
  Poll();
  EXPECT_THAT(Finish(), ElementsAre("write 3818 transmits transmits", "poll 0", "poll 0"));
}

TEST_F(TracedDeviceTest, ATrappedAccessComesAfterWhatWasWrittenBefore) {
  Start(RecordedRegisters::kShadowed);
  Send();
  Read(kSTATUS);
  Poll();
  EXPECT_EQ(Read(kTDH), 1u);
  EXPECT_THAT(Finish(), ElementsAre("write 3818 transmits", "read 8", "poll 0"));
}

TEST_F(TracedDeviceTest, RegistersShowWhatTheDeviceMadeOfAWrite) {
  Start(RecordedRegisters::kShadowed);
  Write(kTDLEN, 8 * 16 + 5);
  Write(0x3004, 1);  // no register
  EXPECT_EQ(Read(kTDLEN), 8u * 16 + 5);
  Poll();
  EXPECT_EQ(Read(kTDLEN), 8u * 16);
  EXPECT_EQ(Read(0x3004), 0u);
  EXPECT_THAT(Finish(), ElementsAre("write 3004", "write 3808", "poll 0"));
}

TEST_F(TracedDeviceTest, ADisabledDeviceTraps) {
  Start(RecordedRegisters::kShadowed);
  EXPECT_TRUE(device_->shadow()->active());
  Send();
  Write(kTCTL, 0);
  EXPECT_FALSE(device_->shadow()->active());
  EXPECT_EQ(Read(kTDH), 1u);
  Write(kTDT, 1);
  Poll();
  EXPECT_FALSE(device_->shadow()->active());
  Write(kTCTL, tctl::kEN);
  Poll();
  EXPECT_TRUE(device_->shadow()->active());
  EXPECT_EQ(Read(kTDT), 1u);
  EXPECT_THAT(Finish(), ElementsAre("write 3818 transmits", "write 400", "read 3810", "write 3818",
                                    "poll 0", "write 400", "poll 0"));
}

TEST_F(TracedDeviceTest, AModelWithoutShadowPagesHasNone) {
  const auto device = *TracedDevice::Create(**FindModel("e1000-stock"), Options(), path_, "",
                                            RecordedRegisters::kShadowed, machine_);
  EXPECT_EQ(device->shadow(), nullptr);
}

}  // namespace
}  // namespace nicreplay
