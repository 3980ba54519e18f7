// SPDX-License-Identifier: MIT
#include "replay/checker.h"

#include <gtest/gtest.h>

#include "models/net/segment.h"
#include "replay/effects_testing.h"
#include "replay/event_testing.h"
#include "replay/script_device.h"

namespace nicreplay {
namespace {

using testing::ByteList;
using testing::EffectList;
using testing::SlotDescriber;
using testing::TestTrace;
using Kind = Divergence::Kind;

constexpr Stimulus kRead = {.value = 5, .kind = StimulusKind::kRead, .size = 4};
constexpr Stimulus kWrite = {.kind = StimulusKind::kWrite, .size = 4};
constexpr GuestAddress kBuffer = 0x8000;
constexpr GuestAddress kMarker = SlotDescriber::kSlots + 12;

// Plays a trace on a device that follows a script.
class CheckerTest : public ::testing::Test {
 protected:
  using Action = std::function<void(Host&)>;

  void Play(Action action) {
    script_.action = std::move(action);
    program_ = trace_.Build().value();
    memory_ = std::move(*GuestMemory::Create());
    steps_ = std::make_unique<ProgramSteps>(program_);
    checker_ = std::make_unique<Checker>(*steps_, *memory_, std::make_unique<SlotDescriber>());
    device_ = std::make_unique<ScriptDevice>(*checker_, script_);
    checker_->Attach(device_.get());
    found_.reset();
    found_ = checker_->RunTo(program_.steps.size());
  }

  std::string Name() const {
    SlotDescriber describer;
    return Describe(*found_, program_, describer).name;
  }

  TestTrace trace_;
  ScriptDevice::Script script_;
  Program program_;
  std::unique_ptr<ProgramSteps> steps_;
  std::unique_ptr<GuestMemory> memory_;
  std::unique_ptr<Checker> checker_;
  std::unique_ptr<ScriptDevice> device_;
  std::optional<Divergence> found_;
};

TEST_F(CheckerTest, AcceptsWhatWasRecorded) {
  trace_.On(kRead);
  trace_.On(kWrite)
      .Read(kBuffer, {1, 2})
      .Write(kBuffer + 100, {1, 2})
      .Transmit({3, 4})
      .Interrupt(1);
  script_.value = 5;
  int calls = 0;
  Play([&](Host& host) {
    if (calls++ == 0) return;
    ByteList bytes(2);
    host.DmaRead(kBuffer, bytes);
    EXPECT_EQ(bytes, ByteList({1, 2}));
    host.DmaWrite(kBuffer + 100, bytes);
    const ByteList frame = {3, 4};
    const Bytes pieces[] = {Bytes(frame).first(1), Bytes(frame).last(1)};
    host.Transmit({pieces, {}});
    host.SetInterrupt(LineLevel::kHigh);
  });
  EXPECT_FALSE(found_) << KindName(found_->kind);
  EXPECT_EQ(checker_->unknown_read_count(), 0u);
}

TEST_F(CheckerTest, FindsAnotherValue) {
  trace_.On(kWrite);
  trace_.On(kRead);
  script_.value = 4;
  Play([](Host&) {});
  ASSERT_TRUE(found_);
  EXPECT_EQ(found_->kind, Kind::kValue);
  EXPECT_EQ(found_->event, 1u);
  EXPECT_EQ(found_->expected, 5u);
  EXPECT_EQ(found_->found, 4u);
  EXPECT_EQ(Name(), "0x00000");
}

TEST_F(CheckerTest, NothingComesAfterTheDeadlineOfWork) {
  const auto request = [](Host& host) { host.RequestWork(host.Now() + 50); };
  trace_.On({.time = 100, .kind = StimulusKind::kWrite, .size = 4});
  trace_.On({.time = 150, .kind = StimulusKind::kWork});
  trace_.On({.time = 1000, .kind = StimulusKind::kWrite, .size = 4});
  trace_.On({.time = 1050, .kind = StimulusKind::kWrite, .size = 4});
  trace_.On({.time = 1051, .kind = StimulusKind::kWork});
  Play(request);
  ASSERT_TRUE(found_);
  EXPECT_EQ(found_->kind, Kind::kOverdue);
  EXPECT_EQ(found_->event, 4u);
  EXPECT_EQ(found_->expected, 1050u);
  EXPECT_EQ(found_->found, 1051u);
}

TEST_F(CheckerTest, CancelledWorkIsNotAwaited) {
  int calls = 0;
  trace_.On({.time = 100, .kind = StimulusKind::kWrite, .size = 4});
  trace_.On({.time = 120, .kind = StimulusKind::kWrite, .size = 4});
  trace_.On({.time = 1000, .kind = StimulusKind::kWrite, .size = 4});
  Play([&](Host& host) { calls++ == 0 ? host.RequestWork(150) : host.CancelWork(); });
  EXPECT_FALSE(found_);
  EXPECT_EQ(calls, 3);
}

TEST_F(CheckerTest, FindsAnotherConfigurationValue) {
  trace_.On({.value = 0x8086, .offset = 0x2c, .kind = StimulusKind::kConfigRead, .size = 2});
  Play([](Host&) {});
  ASSERT_TRUE(found_);
  EXPECT_EQ(found_->kind, Kind::kValue);
  EXPECT_EQ(Name(), "PCI subsystem");
}

TEST_F(CheckerTest, FindsAnotherResultOfAFrame) {
  const ByteList frame(60);
  trace_.On({.data = frame.data(), .data_size = 60, .kind = StimulusKind::kFrame});
  script_.receive = [](Host&, const Frame& got) {
    EXPECT_EQ(got.size(), 60u);
    return ReceiveResult::kDropped;
  };
  Play([](Host&) {});
  ASSERT_TRUE(found_);
  EXPECT_EQ(found_->kind, Kind::kResult);
  EXPECT_EQ(Name(), "frame from the network");
}

TEST_F(CheckerTest, WritesMayBeSplitMergedAndMoved) {
  trace_.On(kWrite).Write(kBuffer, {1, 2, 3, 4}).Transmit({1}).Write(kBuffer + 4, {5});
  Play([](Host& host) {
    const ByteList bytes = {1, 2, 3, 4, 5};
    const ByteList frame = {1};
    const Bytes pieces[] = {frame};
    host.DmaWrite(kBuffer + 3, Bytes(bytes).subspan(3));
    host.DmaWrite(kBuffer, Bytes(bytes).first(3));
    host.DmaWrite(0, {});
    host.Transmit({pieces, {}});
  });
  EXPECT_FALSE(found_) << KindName(found_->kind);
}

TEST_F(CheckerTest, FindsAMissingWriteAfterSomeThatCame) {
  trace_.On(kWrite).Write(kBuffer, {1}).Write(kBuffer + 8, {2});
  Play([](Host& host) { host.DmaWrite(kBuffer, ByteList{1}); });
  ASSERT_TRUE(found_);
  EXPECT_EQ(found_->kind, Kind::kMemory);
  EXPECT_EQ(found_->address, kBuffer + 8);
  EXPECT_EQ(Name(), "memory at 0x8008");
}

TEST_F(CheckerTest, FindsAnExtraWriteEvenOfWhatWasThere) {
  trace_.On(kWrite).Read(kBuffer, {1});
  Play([](Host& host) { host.DmaWrite(kBuffer, ByteList{1}); });
  ASSERT_TRUE(found_);
  EXPECT_EQ(found_->kind, Kind::kMemory);
  EXPECT_TRUE(found_->expected_bytes.empty());
}

TEST_F(CheckerTest, FindsAWrongByteByName) {
  trace_.On(kWrite);
  trace_.On(kWrite).Write(SlotDescriber::kSlots, ByteList(16, 1));
  int calls = 0;
  Play([&](Host& host) {
    ByteList bytes(16, 1);
    bytes[9] = 3;
    if (calls++ == 1) host.DmaWrite(SlotDescriber::kSlots, bytes);
  });
  ASSERT_TRUE(found_);
  EXPECT_EQ(found_->event, 1u);
  EXPECT_EQ(Name(), "slot 0, byte 9");
}

TEST_F(CheckerTest, FindsAMarkerBeforeItsData) {
  trace_.On(kWrite).Write(kBuffer, {1}).Write(kMarker, {1});
  Play([](Host& host) {
    host.DmaWrite(kMarker, ByteList{1});
    host.DmaWrite(kBuffer, ByteList{1});
  });
  ASSERT_TRUE(found_);
  EXPECT_EQ(found_->kind, Kind::kMemoryOrder);
  EXPECT_EQ(Name(), "slot 0, byte 12");
}

void Send(Host& host, const ByteList& frame, const Offload& offload = {}) {
  const Bytes pieces[] = {frame};
  host.Transmit({pieces, offload});
}

TEST_F(CheckerTest, FindsFramesThatAreMissingExtraOrDiffer) {
  trace_.On(kWrite).Transmit({1, 2, 3}).Transmit({4, 5});
  Play([](Host& host) { Send(host, {1, 2, 3}); });
  ASSERT_TRUE(found_);
  EXPECT_EQ(found_->kind, Kind::kFrame);
  EXPECT_EQ(Name(), "frame 1 to the network");
  Play([](Host& host) {
    Send(host, {1, 2, 3});
    Send(host, {4, 5});
    Send(host, {6});
  });
  ASSERT_TRUE(found_);
  EXPECT_EQ(Name(), "frame 2 to the network");
  Play([](Host& host) {
    Send(host, {1, 2, 3});
    Send(host, {4, 6});
  });
  ASSERT_TRUE(found_);
  EXPECT_EQ(Name(), "frame 1 to the network, byte 1");
}

TEST_F(CheckerTest, FindsAnotherOffload) {
  trace_.On(kWrite).Transmit({1, 2, 3});
  Play([](Host& host) { Send(host, {1, 2, 3}, testing::kTsoOffload); });
  ASSERT_TRUE(found_);
  EXPECT_EQ(found_->kind, Kind::kOffload);
  EXPECT_EQ(Name(), "frame 0 to the network");
}

// A recorded frame may lean on the network; then so may the one compared with it, in part or whole.
TEST_F(CheckerTest, FramesOfARecordingWithOffloadsAreComparedAsOnTheWire) {
  const Offload offload = {
      .flags = Offload::kNeedsChecksum, .checksum_start = 14, .checksum_offset = 2};
  ByteList partial(20, 1);
  partial[16] = partial[17] = 0;
  const Bytes pieces[] = {partial};
  Segmenter segmenter;
  ASSERT_EQ(segmenter.Parse({pieces, offload}), OffloadFault::kNone);
  ByteList complete;
  for (const Bytes& piece : segmenter.Get(0)) {
    complete.insert(complete.end(), piece.begin(), piece.end());
  }
  ASSERT_NE(complete, partial);
  trace_.On(kWrite).Transmit({7}).Transmit(partial, &offload).Transmit({8});
  const auto play = [&](const ByteList& frame, const Offload& with) {
    Play([&](Host& host) {
      Send(host, {7});
      Send(host, frame, with);
      Send(host, {8});
    });
  };
  play(partial, offload);
  EXPECT_FALSE(found_);
  play(complete, {});
  EXPECT_FALSE(found_);
  play(partial, {});
  ASSERT_TRUE(found_);
  EXPECT_EQ(Name(), "frame 1 to the network, byte 16");
  ByteList other = partial;
  other[19] = 2;
  play(other, offload);
  ASSERT_TRUE(found_);
  EXPECT_EQ(found_->kind, Kind::kFrame);
  // After a difference that is none, frames are still held against the recording's.
  trace_ = {};
  trace_.On(kWrite).Write(kBuffer, {1}).Write(kBuffer + 9, {2}).Transmit(partial, &offload);
  Play([&](Host& host) {
    host.DmaWrite(kBuffer + 9, ByteList{2});
    host.DmaWrite(kBuffer, ByteList{1});
    Send(host, partial, offload);
  });
  EXPECT_FALSE(found_);
}

TEST_F(CheckerTest, FindsTheInterruptLine) {
  trace_.On(kWrite).Interrupt(1);
  trace_.On(kWrite);
  trace_.On(kWrite);
  int calls = 0;
  Play([&](Host& host) {
    // A pulse within a stimulus is nobody's to see; a level that stays is.
    host.SetInterrupt(LineLevel::kLow);
    if (++calls < 3) host.SetInterrupt(LineLevel::kHigh);
  });
  ASSERT_TRUE(found_);
  EXPECT_EQ(found_->kind, Kind::kInterrupt);
  EXPECT_EQ(found_->event, 2u);
  EXPECT_EQ(Name(), "interrupt line");
}

TEST_F(CheckerTest, FindsReadiness) {
  trace_.On(kWrite);
  Play([&](Host&) { script_.ready = true; });
  ASSERT_TRUE(found_);
  EXPECT_EQ(found_->kind, Kind::kReady);
  EXPECT_EQ(Name(), "readiness to receive");
}

TEST_F(CheckerTest, FindsTimers) {
  trace_.On(kWrite).Armed(2, 1000);
  Play([](Host& host) {
    host.ArmTimer(2, 5);
    host.ArmTimer(2, 1000);
  });
  EXPECT_FALSE(found_);
  Play([](Host& host) { host.ArmTimer(2, 999); });
  ASSERT_TRUE(found_);
  EXPECT_EQ(found_->kind, Kind::kTimer);
  EXPECT_EQ(found_->expected, 1000u);
  EXPECT_EQ(found_->found, 999u);
  EXPECT_EQ(Name(), "timer 2");
}

TEST_F(CheckerTest, ATimerThatFiredIsNotArmed) {
  trace_.On(kWrite).Armed(2, 1000);
  trace_.On({.kind = StimulusKind::kTimer, .detail = 2});
  trace_.On(kWrite).Armed(2, 1000);
  int calls = 0;
  Play([&](Host& host) {
    if (calls++ != 1) host.ArmTimer(2, 1000);
  });
  EXPECT_FALSE(found_);
}

TEST_F(CheckerTest, ATimerArmedAgainForTheSameTimeDidNotChange) {
  trace_.On(kWrite).Armed(2, 1000);
  trace_.On(kWrite);
  Play([](Host& host) { host.ArmTimer(2, 1000); });
  EXPECT_FALSE(found_);
}

TEST_F(CheckerTest, GivesQueuedFramesWhenTheDeviceAsks) {
  trace_.On(kWrite)
      .Delivery({1}, ReceiveResult::kConsumed)
      .Write(kBuffer, {1})
      .Delivery({2}, ReceiveResult::kKeep);
  const auto receive = [](Host& host, const Frame& frame) {
    const std::uint8_t number = frame.pieces[0][0];
    if (number == 1) host.DmaWrite(kBuffer, frame.pieces[0]);
    return number == 1 ? ReceiveResult::kConsumed : ReceiveResult::kKeep;
  };
  script_.receive = receive;
  Play([](Host& host) { host.FlushReceive(); });
  EXPECT_FALSE(found_) << KindName(found_->kind);

  script_.receive = [&](Host& host, const Frame& frame) {
    receive(host, frame);
    return ReceiveResult::kConsumed;
  };
  Play([](Host& host) { host.FlushReceive(); });
  ASSERT_TRUE(found_);
  EXPECT_EQ(found_->kind, Kind::kResult);

  Play([](Host&) {});
  ASSERT_TRUE(found_);
  EXPECT_EQ(found_->kind, Kind::kNotFlushed);
  EXPECT_EQ(Name(), "queued frame 0");
}

TEST_F(CheckerTest, GivesUpOnADeviceThatDoesNotStop) {
  trace_.On(kWrite);
  const ByteList megabyte(1 << 20);
  Play([&](Host& host) {
    for (int i = 0; i < 300; ++i) host.DmaWrite(kBuffer, megabyte);
  });
  ASSERT_TRUE(found_);
  EXPECT_EQ(found_->kind, Kind::kRunaway);
  EXPECT_EQ(Name(), "effects");
}

TEST_F(CheckerTest, ReportsReadsThatTheTraceDoesNotKnowApart) {
  trace_.On(kWrite).Read(kBuffer, {1, 2});
  Play([](Host& host) {
    ByteList bytes(3, 9);
    host.DmaRead(kBuffer, bytes);
    EXPECT_EQ(bytes, ByteList({1, 2, 0}));
  });
  EXPECT_FALSE(found_);
  EXPECT_EQ(checker_->unknown_read_count(), 1u);
  ASSERT_EQ(checker_->unknown_reads().size(), 1u);
  EXPECT_EQ(checker_->unknown_reads()[0].address, kBuffer);
  EXPECT_EQ(checker_->unknown_reads()[0].size, 3u);
}

TEST_F(CheckerTest, EveryKindHasAName) {
  for (int kind = 0; kind <= static_cast<int>(Kind::kRunaway); ++kind) {
    EXPECT_STRNE(KindName(static_cast<Kind>(kind)), "");
  }
  EXPECT_STREQ(KindName(Kind::kMemoryOrder), "memory-order");
  EXPECT_STREQ(KindName(Kind::kNotFlushed), "not-flushed");
}

}  // namespace
}  // namespace nicreplay
