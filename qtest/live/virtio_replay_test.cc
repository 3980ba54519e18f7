// SPDX-License-Identifier: MIT
// Recorded sessions of drivers of virtio-net on QEMU's own virtio-net-pci.
#include <gtest/gtest.h>

#include <limits>

#include "qtest/live_replay.h"
#include "replay/load.h"

namespace nicreplay {
namespace {

constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();

Program Load(const std::string& name) {
  auto loaded = LoadProgram(NICREPLAY_SOURCE_DIR "/corpus/sessions/virtio-net-" + name + ".nrt",
                            Salvage::kNo);
  if (!loaded) throw std::runtime_error(loaded.error().ToString());
  return std::move(loaded->program);
}

QtestOptions OnDevice(const std::string& device) {
  QtestOptions options;
  options.qemu = NICREPLAY_QEMU;
  options.device = device;
  return options;
}

TEST(VirtioReplayTest, SessionsAreTheSame) {
  for (const char* name : {"linux61-boot-dhcp-ping", "packed-linux61-tcp-tx"}) {
    Program program = Load(name);
    const std::uint64_t sent = program.totals.frames_out;
    const std::uint64_t events = program.steps.size();
    const auto outcome = ReplayLive(std::move(program), OnDevice("virtio-net-pci"), kAll);
    ASSERT_TRUE(outcome) << name << ": " << outcome.error().ToString();
    EXPECT_FALSE(outcome->divergence) << name << ": " << outcome->text.name;
    EXPECT_EQ(outcome->events, events);
    EXPECT_EQ(outcome->sent, sent) << name;
  }
}

TEST(VirtioReplayTest, WhatIsLeftOutIsSaid) {
  auto outcome = ReplayLive(Load("linux61-tcp-rx"), OnDevice("virtio-net-pci"), 100);
  ASSERT_TRUE(outcome) << outcome.error().ToString();
  EXPECT_NE(outcome->levelled, "");
  outcome = ReplayLive(Load("linux61-reload"), OnDevice("virtio-net-pci"), 100);
  ASSERT_TRUE(outcome) << outcome.error().ToString();
  EXPECT_EQ(outcome->levelled, "");
}

TEST(VirtioReplayTest, ADifferenceNamesTheEventOfTheTrace) {
  Program program = Load("linux61-boot-dhcp-ping");
  const std::vector<Step> steps = program.steps;
  const auto outcome =
      ReplayLive(std::move(program), OnDevice("virtio-net-pci,event_idx=off"), kAll);
  ASSERT_TRUE(outcome) << outcome.error().ToString();
  ASSERT_TRUE(outcome->divergence);
  EXPECT_EQ(outcome->text.name, "device_feature");
  EXPECT_EQ(steps.at(outcome->divergence->event).stimulus.kind, StimulusKind::kRead);
}

TEST(VirtioReplayTest, SessionsOfSeveralQueuesAreRefused) {
  const auto outcome = ReplayLive(Load("linux61-multiqueue"), OnDevice("virtio-net-pci"), kAll);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::kUsage);
}

}  // namespace
}  // namespace nicreplay
