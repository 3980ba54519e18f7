// SPDX-License-Identifier: MIT
// What a real QEMU does with the target's stimuli.
#include "qtest/target.h"

#include <gtest/gtest.h>

#include <numeric>

#include "models/e1000/fields.h"
#include "models/e1000/registers.h"

namespace nicreplay {
namespace {

constexpr GuestAddress kBar = 0xfebc0000;
constexpr std::uint16_t kPort = 0xc000;

QtestOptions Options(std::string device = "e1000") {
  QtestOptions options;
  options.qemu = NICREPLAY_QEMU;
  options.device = std::move(device);
  return options;
}

class LiveTargetTest : public testing::Test {
 protected:
  void SetUp() override {
    auto target = QtestTarget::Create(Options());
    ASSERT_TRUE(target) << target.error().ToString();
    target_ = std::move(*target);
    ConfigWrite(0x10, 4, kBar);
    ConfigWrite(0x14, 4, kPort);
    ConfigWrite(0x04, 2, 7);
  }
  void TearDown() override {
    if (target_ && target_->error()) FAIL() << target_->error()->ToString();
  }

  std::uint64_t Do(Stimulus stimulus) {
    stimulus.time = now_;
    return target_->Apply(stimulus);
  }
  std::uint64_t Read(std::uint32_t offset, std::uint8_t size = 4, std::uint8_t bar = 0) {
    Stimulus stimulus;
    stimulus.bar = bar;
    stimulus.size = size;
    stimulus.offset = offset;
    return Do(stimulus);
  }
  void Write(std::uint32_t offset, std::uint64_t value, std::uint8_t size = 4) {
    Stimulus stimulus;
    stimulus.kind = StimulusKind::kWrite;
    stimulus.size = size;
    stimulus.offset = offset;
    stimulus.value = value;
    Do(stimulus);
  }
  std::uint32_t ConfigRead(std::uint8_t offset, std::uint8_t size) {
    Stimulus stimulus;
    stimulus.kind = StimulusKind::kConfigRead;
    stimulus.size = size;
    stimulus.offset = offset;
    return static_cast<std::uint32_t>(Do(stimulus));
  }
  void ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint32_t value) {
    Stimulus stimulus;
    stimulus.kind = StimulusKind::kConfigWrite;
    stimulus.size = size;
    stimulus.offset = offset;
    stimulus.value = value;
    Do(stimulus);
  }
  void Memory(GuestAddress address, Bytes bytes) {
    Stimulus stimulus;
    stimulus.kind = StimulusKind::kMemory;
    stimulus.value = address;
    stimulus.data = bytes.data();
    stimulus.data_size = static_cast<std::uint32_t>(bytes.size());
    Do(stimulus);
  }
  void Offer(Bytes frame) {
    Stimulus stimulus;
    stimulus.kind = StimulusKind::kFrame;
    stimulus.data = frame.data();
    stimulus.data_size = static_cast<std::uint32_t>(frame.size());
    Do(stimulus);
  }
  void Link(LinkState state) {
    Stimulus stimulus;
    stimulus.kind = StimulusKind::kLink;
    stimulus.detail = state == LinkState::kUp ? 1 : 0;
    Do(stimulus);
  }
  void Reset() {
    Stimulus stimulus;
    stimulus.kind = StimulusKind::kReset;
    Do(stimulus);
  }
  std::vector<std::uint8_t> Memory(GuestAddress address, std::size_t size) {
    std::vector<std::uint8_t> bytes(size);
    target_->ReadMemory(address, bytes);
    return bytes;
  }

  std::unique_ptr<QtestTarget> target_;
  Nanoseconds now_ = 0;
};

TEST_F(LiveTargetTest, ConfigurationSpaceIsTheDevices) {
  EXPECT_EQ(ConfigRead(0, 4), 0x100e8086u);
  EXPECT_EQ(ConfigRead(2, 2), 0x100eu);
  EXPECT_EQ(ConfigRead(3, 1), 0x10u);
  EXPECT_EQ(target_->name().substr(0, 5), "QEMU ");
}

TEST_F(LiveTargetTest, EverySizeOfAccessReachesTheRegister) {
  Write(e1000::kPBM, 0x1122334455667788, 8);
  EXPECT_EQ(Read(e1000::kPBM, 8), 0x1122334455667788u);
  EXPECT_EQ(Read(e1000::kPBM + 4, 4), 0x11223344u);
  EXPECT_EQ(Read(e1000::kPBM, 2), 0x7788u);
  EXPECT_EQ(Read(e1000::kPBM, 1), 0x88u);
  EXPECT_EQ(Read(0, 4, 1), 0u) << "the I/O BAR answers 0, an absent port would answer all ones";
}

TEST_F(LiveTargetTest, WhatIsNotDecodedDoesNotReachTheDevice) {
  ConfigWrite(0x04, 2, 0);
  EXPECT_EQ(Read(e1000::kSTATUS), 0u);
  ConfigWrite(0x04, 2, 7);
  EXPECT_NE(Read(e1000::kSTATUS), 0u);
}

TEST_F(LiveTargetTest, TheLineFollowsTheCauseAndTheMask) {
  EXPECT_EQ(target_->line(), LineLevel::kLow);
  Write(e1000::kIMS, e1000::cause::kLSC);
  Write(e1000::kICS, e1000::cause::kLSC);
  EXPECT_EQ(target_->line(), LineLevel::kHigh);
  ConfigWrite(0x04, 2, 0x407);
  EXPECT_EQ(target_->line(), LineLevel::kLow);
  ConfigWrite(0x04, 2, 7);
  EXPECT_EQ(target_->line(), LineLevel::kHigh);
  EXPECT_EQ(Read(e1000::kICR), e1000::cause::kLSC);
  EXPECT_EQ(target_->line(), LineLevel::kLow);
}

TEST_F(LiveTargetTest, ResetClearsTheDeviceAndTheLineAndKeepsMemoryAndTime) {
  const std::uint8_t bytes[] = {1, 2, 3};
  Memory(0x200000, bytes);
  now_ = 5'000'000'000;
  Write(e1000::kIMS, e1000::cause::kLSC);
  Write(e1000::kICS, e1000::cause::kLSC);
  EXPECT_EQ(target_->line(), LineLevel::kHigh);
  Reset();
  EXPECT_EQ(target_->line(), LineLevel::kLow);
  EXPECT_EQ(ConfigRead(0x10, 4), 0u);
  EXPECT_EQ(Memory(0x200000, 3), (std::vector<std::uint8_t>{1, 2, 3}));
  ConfigWrite(0x10, 4, kBar);
  ConfigWrite(0x04, 2, 7);
  EXPECT_EQ(Read(e1000::kIMS), 0u);
  Write(e1000::kIMS, e1000::cause::kLSC);
  Write(e1000::kICS, e1000::cause::kLSC);
  EXPECT_EQ(target_->line(), LineLevel::kHigh);
}

TEST_F(LiveTargetTest, LinkChangesAreSeenAtOnce) {
  Write(e1000::kIMS, e1000::cause::kLSC);
  EXPECT_NE(Read(e1000::kSTATUS) & e1000::status::kLU, 0u);
  Link(LinkState::kDown);
  EXPECT_EQ(target_->line(), LineLevel::kHigh);
  EXPECT_EQ(Read(e1000::kSTATUS) & e1000::status::kLU, 0u);
}

// One legacy descriptor at 0x200000, its buffer at 0x210000.
TEST_F(LiveTargetTest, FramesOfTheDeviceArriveWithTheDoorbell) {
  std::vector<std::uint8_t> frame(60);
  std::iota(frame.begin(), frame.end(), std::uint8_t{0});
  Memory(0x210000, frame);
  const std::uint8_t descriptor[16] = {0, 0, 0x21, 0, 0, 0, 0, 0, 60, 0, 0, 0x09};
  Memory(0x200000, descriptor);
  Write(e1000::kTDBAL, 0x200000);
  Write(e1000::kTDLEN, 128);
  Write(e1000::kTCTL, e1000::tctl::kEN);
  Write(e1000::kTDT, 1);
  const auto frames = target_->TakeFrames();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0], frame);
  EXPECT_EQ(Memory(0x20000c, 1)[0] & 1, 1) << "DD";
  EXPECT_TRUE(target_->TakeFrames().empty());
}

// A frame that the device is not ready for waits; the flush timer delivers it.
TEST_F(LiveTargetTest, FramesForTheDeviceAreQueuedAndDelivered) {
  std::vector<std::uint8_t> ring(8 * 16);
  for (std::size_t i = 0; i < 8; ++i) {
    ring[i * 16 + 1] = static_cast<std::uint8_t>(8 * i);
    ring[i * 16 + 2] = 0x21;
  }
  Memory(0x200000, ring);
  Write(e1000::kRDBAL, 0x200000);
  Write(e1000::kRDLEN, 128);
  std::vector<std::uint8_t> frame(100, 0xff);
  Offer(frame);
  frame[99] = 2;
  Offer(frame);
  Write(e1000::kRDT, 7);
  Write(e1000::kRCTL, e1000::rctl::kEN | e1000::rctl::kBAM);
  EXPECT_EQ(Read(e1000::kRDH), 0u) << "the flush timer pends";
  now_ += 1'100'000'000;
  EXPECT_EQ(Read(e1000::kRDH), 2u);
  EXPECT_EQ(Memory(0x210000 + 99, 1)[0], 0xff);
  EXPECT_EQ(Memory(0x210800 + 99, 1)[0], 2);
  Offer(frame);
  EXPECT_EQ(Memory(0x211000, 100), frame) << "delivered when Apply returns";
}

TEST_F(LiveTargetTest, AFrameOfManyReadsIsDeliveredWhole) {
  std::vector<std::uint8_t> frame(LiveQemu::kMaxFrame, 0xff);
  for (int i = 0; i < 20; ++i) Offer(frame);
  EXPECT_EQ(Read(e1000::kRDH), 0u);
}

TEST(LiveTarget, AnUnknownDeviceIsAnErrorWithQemusOwnWords) {
  auto target = QtestTarget::Create(Options("no-such-nic"));
  ASSERT_FALSE(target);
  EXPECT_EQ(target.error().code, ErrorCode::kPeer);
  EXPECT_NE(target.error().message.find("'no-such-nic' is not a valid device"), std::string::npos)
      << target.error().message;
  EXPECT_NE(target.error().message.find("exited with status 1"), std::string::npos)
      << target.error().message;
}

TEST(LiveTarget, OtherMachinesAreRefused) {
  QtestOptions options = Options();
  options.machine = "q35";
  auto target = QtestTarget::Create(options);
  ASSERT_FALSE(target);
}

TEST(LiveTarget, TheOtherVariantsOfTheChip) {
  auto target = QtestTarget::Create(Options("e1000-82545em"));
  ASSERT_TRUE(target) << target.error().ToString();
  Stimulus id;
  id.kind = StimulusKind::kConfigRead;
  id.size = 4;
  EXPECT_EQ((*target)->Apply(id), 0x100f8086u);
}

}  // namespace
}  // namespace nicreplay
