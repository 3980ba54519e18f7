// SPDX-License-Identifier: MIT
#include "qtest/bus_session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "qtest/session_testing.h"

namespace nicreplay {
namespace {

using testing::OperationList;
using testing::Record;
using testing::RecordGenerated;

constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();
const std::vector<std::uint8_t> kBroadcast(64, 0xff);

Result<BusSession> Make(Program program) {
  return MakeBusSession(std::move(program), "e1000-stock", kAll);
}

std::size_t Count(const BusSession& session, StimulusKind kind) {
  return static_cast<std::size_t>(
      std::count_if(session.operations.begin(), session.operations.end(),
                    [&](const Stimulus& operation) { return operation.kind == kind; }));
}

TEST(BusSessionTest, GeneratedSessionsLiveThroughTheSame) {
  for (const std::uint64_t seed : {1, 2, 3, 4}) {
    const Program program = RecordGenerated(seed, 4000);
    auto session = Make(program);
    ASSERT_TRUE(session) << "seed " << seed << ": " << session.error().ToString();
    EXPECT_EQ(session->operations.size(), session->events.size());
    EXPECT_EQ(session->operations.size(), session->lines.size());
    EXPECT_EQ(session->operations.size(), session->bars.size());
    EXPECT_GE(session->operations.size(), program.steps.size() / 2);
  }
}

TEST(BusSessionTest, BeginsWithAResetThatIsInTheRecordingOrNot) {
  OperationList list;
  auto session = Make(Record(list.operations()));
  ASSERT_TRUE(session);
  EXPECT_EQ(session->operations[0].kind, StimulusKind::kReset);
  EXPECT_EQ(Count(*session, StimulusKind::kReset), 1u);
  session = Make(Record(std::span(list.operations()).subspan(1)));
  ASSERT_TRUE(session);
  EXPECT_EQ(session->operations[0].kind, StimulusKind::kReset);
}

// A recording in a running VMM fires timers late; what happened meanwhile must come before.
TEST(BusSessionTest, WhatHappenedBeforeALateTimerComesBeforeItsDeadline) {
  OperationList list;
  list.Write(e1000::kIMS, e1000::cause::kLSC);
  list.Write(e1000::kICS, e1000::cause::kLSC);
  list.Read(e1000::kICR);
  list.Write(e1000::kICS, e1000::cause::kLSC);
  list.Elapse(1'000'000);
  list.Read(e1000::kSTATUS);
  Program program = Record(list.operations());
  const auto timer = std::find_if(program.steps.begin(), program.steps.end(), [](const Step& step) {
    return step.stimulus.kind == StimulusKind::kTimer;
  });
  ASSERT_NE(timer, program.steps.end());
  const Nanoseconds deadline = timer->stimulus.time;
  // The read comes later than the deadline, but before the timer.
  timer->stimulus.time = deadline + 5000;
  Step read = *(timer - 1);
  read.stimulus = {.time = deadline + 4000,
                   .value = 0x80080783,
                   .offset = e1000::kSTATUS,
                   .first_effect = timer->stimulus.first_effect,
                   .kind = StimulusKind::kRead,
                   .size = 4};
  program.steps.insert(timer, read);
  auto session = Make(program);
  ASSERT_TRUE(session) << session.error().ToString();
  const auto fired = std::find_if(
      session->operations.begin(), session->operations.end(),
      [](const Stimulus& operation) { return operation.kind == StimulusKind::kTimer; });
  ASSERT_NE(fired, session->operations.end());
  EXPECT_EQ(fired->time, deadline);
  EXPECT_EQ((fired - 1)->time, deadline - 1);
  EXPECT_EQ(session->operations.back().time, 1'000'000u) << "time catches up";
}

TEST(BusSessionTest, QueuedFramesAreOfferedWhereTheDeviceTakesNone) {
  OperationList list;
  list.Offer(kBroadcast);
  list.Offer(kBroadcast);
  list.StartReceiving();
  list.Offer(kBroadcast);
  list.Read(e1000::kRDH);
  auto session = Make(Record(list.operations()));
  ASSERT_TRUE(session) << session.error().ToString();
  EXPECT_EQ(Count(*session, StimulusKind::kFrame), 3u);
  EXPECT_EQ(session->operations.back().value, 3u);
}

// A virtio-net keeps frames while it is ready, because its ring is empty: Linux gives it buffers
// only after a while.
TEST(BusSessionTest, KeptFramesAreOfferedWhereTheDeviceKeptThem) {
  auto loaded = LoadProgram(
      NICREPLAY_SOURCE_DIR "/corpus/sessions/virtio-net-linux61-boot-dhcp-ping.nrt", Salvage::kNo);
  ASSERT_TRUE(loaded) << loaded.error().ToString();
  const std::vector<Step> steps = loaded->program.steps;
  const auto kept = std::find_if(steps.begin(), steps.end(), [](const Step& step) {
    return step.stimulus.kind == StimulusKind::kFrame &&
           step.stimulus.result == ReceiveResult::kKeep;
  });
  ASSERT_NE(kept, steps.end());
  const auto session = MakeBusSession(std::move(loaded->program), "virtio-net", kAll);
  ASSERT_TRUE(session) << session.error().ToString();
  for (std::size_t i = 0; i < session->operations.size(); ++i) {
    if (session->operations[i].kind != StimulusKind::kFrame) continue;
    EXPECT_EQ(session->events[i], static_cast<std::uint64_t>(kept - steps.begin()));
    break;
  }
}

TEST(BusSessionTest, MemoryIsWrittenBeforeTheDeviceReadsIt) {
  OperationList list;
  list.Transmit(60);
  list.Read(e1000::kTDH);
  auto session = Make(Record(list.operations()));
  ASSERT_TRUE(session);
  EXPECT_EQ(session->ram_size, std::uint64_t{64} << 20);
  EXPECT_GE(Count(*session, StimulusKind::kMemory), 2u);
}

TEST(BusSessionTest, APartIsTheBeginning) {
  OperationList list;
  list.Read(e1000::kSTATUS);
  list.Read(e1000::kCTRL);
  const Program program = Record(list.operations());
  auto session = MakeBusSession(program, "e1000-stock", program.steps.size() - 1);
  ASSERT_TRUE(session);
  EXPECT_EQ(session->operations.back().offset, e1000::kSTATUS);
  session = MakeBusSession(program, "e1000-stock", 0);
  ASSERT_TRUE(session);
  EXPECT_EQ(session->operations.size(), 1u);
}

TEST(BusSessionTest, AnotherDevicesSessionIsRefusedByEvent) {
  OperationList list;
  list.Read(e1000::kSTATUS);
  list.Read(e1000::kRA);
  Program program = Record(list.operations());
  const std::uint64_t last = program.steps.size() - 1;
  program.steps[last].stimulus.value ^= 1;
  auto session = Make(program);
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().code, ErrorCode::kUsage);
  EXPECT_EQ(session.error().event, last);
}

TEST(BusSessionTest, AnInterruptThatTheModelDoesNotRaiseIsRefused) {
  OperationList list;
  list.Write(e1000::kIMS, e1000::cause::kLSC);
  list.Write(e1000::kICS, e1000::cause::kLSC);
  Program program = Record(list.operations());
  for (Effect& effect : program.effects) {
    if (effect.kind == EffectKind::kInterrupt) effect.detail = 0;
  }
  EXPECT_FALSE(Make(program));
}

TEST(BusSessionTest, AFrameThatTheModelDoesNotSendIsRefused) {
  OperationList list;
  list.Transmit(60);
  Program program = Record(list.operations());
  for (Effect& effect : program.effects) {
    if (effect.kind == EffectKind::kTransmit) effect.kind = EffectKind::kTimerCancelled;
  }
  EXPECT_FALSE(Make(program));
}

TEST(BusSessionTest, TimersOutOfOrderAndDeferredWorkAreRefused) {
  OperationList list;
  for (const StimulusKind kind : {StimulusKind::kTimer, StimulusKind::kWork, StimulusKind::kPoll}) {
    Program program = Record(list.operations());
    program.steps.back().stimulus.kind = kind;
    program.steps.back().stimulus.detail = 200;
    auto session = Make(program);
    ASSERT_FALSE(session);
    EXPECT_EQ(session.error().event, program.steps.size() - 1);
  }
}

// The list's events with one patch of guest memory before the first.
Program WithPatch(GuestAddress address, Bytes bytes) {
  OperationList list;
  Program program = Record(list.operations());
  program.patching = Patching::kHoisted;
  program.patches = {{address, bytes.data(), bytes.size()}};
  for (Step& step : program.steps) step.patch_end = 1;
  return program;
}

TEST(BusSessionTest, MemoryThatAPcDoesNotHaveIsRefused) {
  const std::uint8_t bytes[] = {1, 2, 3, 4};
  for (const GuestAddress address :
       {std::uint64_t{2} << 30, (std::uint64_t{2} << 30) - 2, ~std::uint64_t{0} - 1}) {
    EXPECT_FALSE(Make(WithPatch(address, bytes))) << address;
  }
}

// A device that reads past the end of the address space goes on at its beginning.
TEST(BusSessionTest, MemoryMayWrap) {
  const std::uint8_t bytes[] = {0, 0, 3, 4};
  auto session = Make(WithPatch(~std::uint64_t{0} - 1, bytes));
  ASSERT_TRUE(session) << session.error().ToString();
  EXPECT_EQ(Count(*session, StimulusKind::kMemory), 1u);
  auto machine = PcMachine::Create("e1000-stock", "", session->ram_size).value();
  for (const Stimulus& operation : session->operations) machine->ApplyOnBus(operation);
  EXPECT_EQ(machine->ram()[0], 3);
  EXPECT_EQ(machine->ram()[1], 4);
}

}  // namespace
}  // namespace nicreplay
