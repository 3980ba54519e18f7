// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "models/families.h"
#include "models/registry.h"
#include "models/test_device.h"

namespace nicreplay {
namespace {

std::string Plugin(const std::string& variant) {
  return NICREPLAY_BINARY_DIR "/testdata/test_plugin_" + variant + ".so";
}

void ExpectError(const std::string& path, ErrorCode code, const char* part) {
  const std::size_t before = Models().size();
  const auto loaded = LoadPlugin(path);
  ASSERT_FALSE(loaded.has_value()) << path;
  EXPECT_EQ(loaded.error().code, code) << loaded.error().message;
  EXPECT_NE(loaded.error().message.find(part), std::string::npos) << loaded.error().message;
  EXPECT_EQ(Models().size(), before);
}

TEST(LoadPlugin, TypedErrors) {
  ExpectError("/nonexistent.so", ErrorCode::kIo, "/nonexistent.so");
  ExpectError("libc.so.6", ErrorCode::kIo, "libc.so.6");
  ExpectError(NICREPLAY_SOURCE_DIR "/models/testdata/plugin.c", ErrorCode::kIo, "cannot load");
  ExpectError(Plugin("NO_SYMBOL"), ErrorCode::kUsage, "nicreplay_library");
  ExpectError(Plugin("VERSION_99"), ErrorCode::kFutureVersion, "version 99");
  ExpectError(Plugin("VERSION_0"), ErrorCode::kUsage, "version 0");
  ExpectError(Plugin("NOTHING"), ErrorCode::kCorrupt, "nothing");
  ExpectError(Plugin("ENDLESS"), ErrorCode::kCorrupt, "list of models");
  ExpectError(Plugin("INCOMPLETE"), ErrorCode::kCorrupt, "test-echo");
  ExpectError(Plugin("TWICE"), ErrorCode::kUsage, "already");
}

TEST(LoadPlugin, ModelOfASharedObjectWorks) {
  if (!FindModel("test-echo")) {
    ASSERT_TRUE(LoadPlugin(Plugin("GOOD")).has_value());
  }
  LogHost host;
  auto made = CreateModel("test-echo", "", host);
  ASSERT_TRUE(made.has_value());
  Device& device = **made;
  EXPECT_EQ(device.info().vendor_id, 0x1234);
  ASSERT_EQ(device.info().timers.size(), 1u);
  EXPECT_EQ(device.info().timers[0], "tick");
  EXPECT_FALSE(device.CanReceive());
  device.Write({0, 4, 0}, 0x01020304);
  EXPECT_TRUE(device.CanReceive());
  EXPECT_EQ(device.Read({0, 2, 2}), 0x0102u);
  const std::uint8_t bytes[] = {0xaa, 0xbb};
  const Bytes pieces[] = {bytes, bytes};
  EXPECT_EQ(device.Receive({pieces, {}}), ReceiveResult::kConsumed);
  EXPECT_EQ(host.log,
            (std::vector<std::string>{"now", "arm 0 1010", "dma write 1000 04 00 00 00",
                                      "transmit [aabb][aabb] 0 0 0 0 0 0", "interrupt 1"}));
  const auto failed = CreateModel("test-echo", "fail=on", host);
  ASSERT_FALSE(failed.has_value());
  EXPECT_NE(failed.error().message.find("told to fail"), std::string::npos);
  ExpectError(Plugin("GOOD"), ErrorCode::kUsage, "already");
}

// Of the same name as GOOD, so it is told apart by its own registry entry only in its own process.
TEST(LoadPluginDeathTest, OddBarIsRefusedAtCreate) {
  for (const char* variant : {"ODD_BAR", "STRANGE_BAR"}) {
    EXPECT_EXIT(
        {
          LogHost host;
          const bool loaded = LoadPlugin(Plugin(variant)).has_value();
          const auto made = CreateModel("test-echo", "", host);
          std::exit(loaded && !made && made.error().code == ErrorCode::kCorrupt ? 0 : 1);
        },
        testing::ExitedWithCode(0), "")
        << variant;
  }
}

const ModelEntry kFirst = {"test-first", "", "", CreateTiny, CreatePlainDescriber, nullptr};
const ModelEntry kSameName = {"test-first", "other", "", CreateTiny, CreatePlainDescriber, nullptr};

TEST(Registry, RegistersANameOnce) {
  RegisterModel(&kFirst);
  const std::size_t count = Models().size();
  RegisterModel(&kFirst);
  RegisterModel(&kSameName);
  EXPECT_EQ(Models().size(), count);
  const auto found = FindModel("test-first");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(*found, &kFirst);
}

TEST(Registry, UnknownNameListsTheKnown) {
  RegisterModel(&kFirst);
  LogHost host;
  const auto made = CreateModel("nonsense", "", host);
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().code, ErrorCode::kUsage);
  EXPECT_NE(made.error().message.find("'nonsense'"), std::string::npos);
  EXPECT_NE(made.error().message.find("test-first"), std::string::npos);
}

TEST(Registry, BadOptionsAreUsageErrors) {
  RegisterModel(&kFirst);
  LogHost host;
  for (const char* options : {"a", "strange=1", "fail=on"}) {
    const auto made = CreateModel("test-first", options, host);
    ASSERT_FALSE(made.has_value()) << options;
    EXPECT_EQ(made.error().code, ErrorCode::kUsage);
  }
  EXPECT_TRUE(CreateModel("test-first", "fail=off", host).has_value());
}

}  // namespace
}  // namespace nicreplay
