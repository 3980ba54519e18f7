// SPDX-License-Identifier: MIT
#include "replay/recorder.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "models/test_device.h"
#include "replay/codec.h"
#include "replay/event_testing.h"
#include "replay/script_device.h"

namespace nicreplay {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The model whose devices follow `script`.
ModelEntry Entry(ScriptDevice::Script* script) {
  return {.name = "script",
          .summary = "",
          .options = "",
          .create = [](const ModelEntry& self, const Options&,
                       Host& host) -> Result<std::unique_ptr<Device>> {
            return std::make_unique<ScriptDevice>(
                host, *const_cast<ScriptDevice::Script*>(
                          static_cast<const ScriptDevice::Script*>(self.context)));
          },
          .describer = nullptr,
          .context = script};
}

std::string Text(const Effect& e) {
  switch (e.kind) {
    case EffectKind::kDmaRead:
      return fmt::format("dma read {:x} {}", e.address, e.data_size);
    case EffectKind::kDmaWrite:
      return fmt::format("dma write {:x} {:02x}", e.address, fmt::join(e.bytes(), " "));
    case EffectKind::kTransmit:
      return fmt::format("transmit {:02x} mss {}", fmt::join(e.bytes(), " "),
                         testing::OffloadOf(e.offload).gso_size);
    case EffectKind::kDelivery:
      return fmt::format("delivery {:02x} result {}", fmt::join(e.bytes(), " "),
                         static_cast<int>(e.result));
    case EffectKind::kInterrupt:
      return fmt::format("interrupt {}", e.detail);
    case EffectKind::kReady:
      return fmt::format("ready {}", e.detail);
    case EffectKind::kTimerArmed:
      return fmt::format("timer {} at {}", e.detail, e.address);
    case EffectKind::kTimerCancelled:
      return fmt::format("timer {} off", e.detail);
  }
  return "?";
}

struct Recorded {
  Stimulus stimulus;
  std::vector<std::uint8_t> bytes;
  Offload offload;
  std::vector<std::string> effects;
};

class Recorder : public ::testing::Test, public EventSink {
 protected:
  Recorder() { device = RecordingDevice::Create(Entry(&script), Options(), host, *this).value(); }

  void OnStimulus(const Stimulus& stimulus, std::span<const Effect> effects) override {
    Recorded one{stimulus, {}, testing::OffloadOf(stimulus.offload), {}};
    one.bytes.assign(stimulus.bytes().begin(), stimulus.bytes().end());
    for (const Effect& effect : effects) one.effects.push_back(Text(effect));
    events.push_back(std::move(one));
  }
  void OnRecordingFailed(const Error& error) override { failures.push_back(error); }

  // The effects of one write that does `action`.
  std::vector<std::string> EffectsOf(std::function<void(Host&)> action) {
    script.action = std::move(action);
    device->Write({.bar = 0, .size = 4, .offset = 0}, 0);
    script.action = [](Host&) {};
    return events.empty() ? std::vector<std::string>{} : events.back().effects;
  }

  ReceiveResult Offer(std::vector<std::uint8_t> bytes) {
    const Bytes pieces[] = {bytes};
    return device->Receive({pieces, {}});
  }

  LogHost host;
  ScriptDevice::Script script;
  std::vector<Recorded> events;
  std::vector<Error> failures;
  std::unique_ptr<RecordingDevice> device;
};

TEST_F(Recorder, TheDeviceSeesOneTimeInAStimulus) {
  host.now = 1000;
  Nanoseconds seen = 0;
  EffectsOf([&](Host& as_the_device_sees_it) {
    host.now = 1500;
    seen = as_the_device_sees_it.Now();
  });
  EXPECT_EQ(seen, 1000u);
  EXPECT_EQ(events.back().stimulus.time, 1000u);
}

TEST_F(Recorder, EveryCallIsOneStimulus) {
  script.value = 0x1'2345'6789;
  EXPECT_EQ(device->Read({.bar = 1, .size = 4, .offset = 8}), 0x1'2345'6789);
  device->Write({.bar = 2, .size = 2, .offset = 12}, 0xabcdef);
  EXPECT_EQ(device->ConfigRead(0x10, 2), 0x23456789u);
  device->ConfigWrite(4, 1, 0x107);
  device->SetLink(LinkState::kUp);
  device->Timer(7);
  device->Reset();
  const std::vector<std::uint8_t> bytes = {1, 2, 3, 4};
  const Bytes pieces[] = {Bytes(bytes).first(1), {}, Bytes(bytes).subspan(1)};
  device->Receive({pieces, testing::kTsoOffload});
  const std::vector<Stimulus> expected = {
      {.time = 1000,
       .value = 0x23456789,
       .offset = 8,
       .kind = StimulusKind::kRead,
       .bar = 1,
       .size = 4},
      {.time = 1000,
       .value = 0xcdef,
       .offset = 12,
       .kind = StimulusKind::kWrite,
       .bar = 2,
       .size = 2},
      {.time = 1000, .value = 0x6789, .offset = 0x10, .kind = StimulusKind::kConfigRead, .size = 2},
      {.time = 1000, .value = 0x07, .offset = 4, .kind = StimulusKind::kConfigWrite, .size = 1},
      {.time = 1000, .kind = StimulusKind::kLink, .detail = 1},
      {.time = 1000, .kind = StimulusKind::kTimer, .detail = 7},
      {.time = 1000, .kind = StimulusKind::kReset},
      {.time = 1000,
       .data = bytes.data(),
       .data_size = 4,
       .offload = &testing::kTsoOffload,
       .kind = StimulusKind::kFrame},
  };
  ASSERT_EQ(events.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    Stimulus found = events[i].stimulus;
    found.data = events[i].bytes.data();
    found.offload = &events[i].offload;
    EXPECT_TRUE(testing::Same(found, expected[i])) << i;
    EXPECT_THAT(events[i].effects, IsEmpty()) << i;
  }
}

TEST_F(Recorder, DmaAndFramesInTheirOrderWithTheirBytes) {
  const std::vector<std::uint8_t> frame = {7, 8, 9};
  const auto effects = EffectsOf([&](Host& h) {
    std::uint8_t in[2];
    h.DmaRead(0x40, in);
    h.DmaWrite(0x80, in);
    in[0] = 0xff;  // what was recorded is what was on the bus
    const Bytes pieces[] = {Bytes(frame).first(1), Bytes(frame).subspan(1)};
    h.Transmit({pieces, testing::kTsoOffload});
    h.DmaWrite(0x90, Bytes(in, 1));
    h.DmaRead(0x99, {});
  });
  EXPECT_THAT(effects, ElementsAre("dma read 40 2", "dma write 80 40 41",
                                   "transmit 07 08 09 mss 1448", "dma write 90 ff"));
}

TEST_F(Recorder, TheHostSeesTheSameWithAndWithoutRecording) {
  const auto act = [](Device& d) {
    d.Write({.bar = 1, .size = 4, .offset = 4}, 3);
    d.SetLink(LinkState::kUp);
    d.Timer(1);
    const std::uint8_t bytes[] = {1, 2};
    const Bytes pieces[] = {Bytes(bytes)};
    d.Receive({pieces, testing::kTsoOffload});
    d.Reset();
  };
  LogHost bare_host;
  TinyDevice bare(bare_host);
  bare_host.flushed = &bare;
  act(bare);
  const ModelEntry entry{
      .name = "tiny", .summary = "", .options = "", .create = CreateTiny, .describer = nullptr};
  LogHost recorded_host;
  auto recorded = RecordingDevice::Create(entry, Options(), recorded_host, *this).value();
  recorded_host.flushed = recorded.get();
  act(*recorded);
  // The recorder asks for the time once a stimulus, which has no effect.
  std::erase(bare_host.log, "now");
  std::erase(recorded_host.log, "now");
  EXPECT_EQ(bare_host.log, recorded_host.log);
  EXPECT_FALSE(bare_host.log.empty());
}

TEST_F(Recorder, LevelsAreThoseAtTheEndWhereTheyChanged) {
  EXPECT_THAT(EffectsOf([](Host& h) {
                h.SetInterrupt(LineLevel::kHigh);
                h.SetInterrupt(LineLevel::kLow);
              }),
              IsEmpty());
  EXPECT_THAT(EffectsOf([&](Host& h) {
                h.SetInterrupt(LineLevel::kHigh);
                script.ready = true;
                h.ArmTimer(2, 500);
                h.ArmTimer(1, 400);
                h.ArmTimer(2, 600);
              }),
              ElementsAre("interrupt 1", "ready 1", "timer 1 at 400", "timer 2 at 600"));
  EXPECT_THAT(EffectsOf([](Host& h) {
                h.SetInterrupt(LineLevel::kHigh);
                h.ArmTimer(1, 400);
                h.CancelTimer(2);
                h.CancelTimer(3);
              }),
              ElementsAre("timer 2 off"));
  EXPECT_THAT(EffectsOf([](Host& h) { h.SetInterrupt(LineLevel::kLow); }),
              ElementsAre("interrupt 0"));
}

TEST_F(Recorder, ATimerThatFiredIsNotArmed) {
  EffectsOf([](Host& h) { h.ArmTimer(1, 400); });
  device->Timer(1);
  EXPECT_THAT(events.back().effects, IsEmpty());
  EXPECT_THAT(EffectsOf([](Host& h) { h.CancelTimer(1); }), IsEmpty());
  EffectsOf([](Host& h) { h.ArmTimer(1, 400); });
  script.action = [](Host& h) { h.ArmTimer(1, 400); };
  device->Timer(1);
  EXPECT_THAT(events.back().effects, ElementsAre("timer 1 at 400"));
}

TEST_F(Recorder, DeliveriesOfAFlushAreEffectsFollowedByTheirOwn) {
  struct Flusher : LogHost {
    std::function<void()> deliver;
    void FlushReceive() override { deliver(); }
  } flusher;
  device = RecordingDevice::Create(Entry(&script), Options(), flusher, *this).value();
  flusher.deliver = [&] {
    Offer({1, 2});
    Offer({3});
  };
  int count = 0;
  script.receive = [&](Host& h, const Frame& frame) {
    h.DmaWrite(0x10, frame.pieces[0]);
    return count++ == 0 ? ReceiveResult::kConsumed : ReceiveResult::kKeep;
  };
  EXPECT_THAT(EffectsOf([](Host& h) {
                h.DmaWrite(0x1, std::vector<std::uint8_t>{0xaa});
                h.FlushReceive();
                h.DmaWrite(0x2, std::vector<std::uint8_t>{0xbb});
              }),
              ElementsAre("dma write 1 aa", "delivery 01 02 result 0", "dma write 10 01 02",
                          "delivery 03 result 1", "dma write 10 03", "dma write 2 bb"));
  EXPECT_EQ(events.size(), 1u);
}

TEST_F(Recorder, TooMuchUnderOneStimulusStopsTheRecordingOnly) {
  std::vector<std::uint8_t> chunk(8u << 20);
  std::size_t read = 0;
  EffectsOf([&](Host&) {});
  EffectsOf([&](Host& h) {
    for (int i = 0; i < 40; ++i) {
      h.DmaRead(0, chunk);
      read += chunk.size();
    }
  });
  EXPECT_EQ(read, 40 * chunk.size());
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(failures[0].code, ErrorCode::kTooLarge);
  EXPECT_EQ(failures[0].event, 1);
  EXPECT_EQ(host.log.back(), "dma read 0 8388608");
  EffectsOf([](Host& h) { h.SetInterrupt(LineLevel::kHigh); });
  EXPECT_EQ(events.size(), 1u);
  EXPECT_EQ(host.log.back(), "interrupt 1");
  EXPECT_EQ(failures.size(), 1u);
}

TEST_F(Recorder, ReentryStopsTheRecordingAndReachesTheDevice) {
  int calls = 0;
  EffectsOf([&](Host&) {
    if (++calls == 1) device->Reset();
  });
  EXPECT_EQ(calls, 2);
  EXPECT_THAT(events, IsEmpty());
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(failures[0].code, ErrorCode::kOutOfOrder);
}

TEST_F(Recorder, ALoadedStateStopsTheRecording) {
  const std::uint8_t bad[1] = {};
  EXPECT_FALSE(device->Load(bad));
  EXPECT_THAT(failures, IsEmpty());
  EXPECT_TRUE(device->Load({}));
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(failures[0].code, ErrorCode::kUsage);
}

TEST_F(Recorder, WhatTheModelSaysAboutItsOptionsComesBack) {
  const ModelEntry entry{
      .name = "tiny", .summary = "", .options = "", .create = CreateTiny, .describer = nullptr};
  const auto created =
      RecordingDevice::Create(entry, Options::Parse("fail=on").value(), host, *this);
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().code, ErrorCode::kUsage);
}

}  // namespace
}  // namespace nicreplay
