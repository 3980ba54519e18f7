// SPDX-License-Identifier: MIT
#include "replay/library.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <filesystem>

#include "models/c_adapter.h"
#include "models/test_device.h"
#include "replay/stream.h"

namespace nicreplay {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> Names(const nr_library& library) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < library.model_count; ++i) names.push_back(library.models[i]->name);
  return names;
}

class LibraryTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "nicreplay_library_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    for (std::size_t i = 0; i < Library()->model_count; ++i) {
      if (std::strcmp(Library()->models[i]->name, "e1000-stock") != 0) continue;
      auto imported = ImportModel(Library()->models[i]);
      ASSERT_TRUE(imported.has_value());
      model_ = std::move(*imported);
    }
    ASSERT_NE(model_, nullptr);
  }
  void TearDown() override { fs::remove_all(folder_); }

  Result<std::unique_ptr<Device>> Create(const std::string& text) {
    return model_->create(*model_, Options::Parse(text).value(), host_);
  }

  fs::path folder_;
  LogHost host_;
  std::unique_ptr<ModelEntry> model_;
};

TEST_F(LibraryTest, ListsTheModelsWithTheirOptions) {
  EXPECT_EQ(Library(), Library());
  EXPECT_EQ(Library()->api_version, static_cast<std::uint32_t>(NICREPLAY_API_VERSION));
  EXPECT_THAT(model_->options, testing::HasSubstr("record=PATH"));
  EXPECT_THAT(model_->options, testing::HasSubstr("mac="));
}

TEST_F(LibraryTest, RecordsWhatTheVmmDoes) {
  const std::string path = folder_ / "session.nrt";
  {
    auto device = Create("record=" + path + ",environment=a test,mac=52:54:00:00:00:01");
    ASSERT_TRUE(device.has_value()) << device.error().message;
    (*device)->Reset();
    (*device)->Write({0, 4, 0x5400}, 0x12345678);
    EXPECT_EQ((*device)->Read({0, 4, 0x5400}), 0x12345678u);
    EXPECT_EQ((*device)->ConfigRead(0, 4), 0x100e8086u);
    EXPECT_FALSE(fs::exists(path));
  }
  const auto trace = LoadTrace(path);
  ASSERT_TRUE(trace.has_value()) << trace.error().ToString();
  EXPECT_EQ(trace->header.model, "e1000-stock");
  EXPECT_EQ(trace->header.options, "mac=52:54:00:00:00:01");
  EXPECT_EQ(trace->header.environment, "a test");
  EXPECT_THAT(trace->header.recorder, testing::StartsWith("libnicreplay "));
  EXPECT_EQ(trace->totals.stimuli, 4u);
  EXPECT_FALSE(fs::exists(path + kIncompleteSuffix));
}

TEST_F(LibraryTest, WithoutRecordTheModelIsAlone) {
  const auto device = Create("environment=ignored");
  ASSERT_TRUE(device.has_value());
  EXPECT_EQ((*device)->ConfigRead(0, 4), 0x100e8086u);
  EXPECT_FALSE(Create("strange=1").has_value());
}

TEST_F(LibraryTest, FailuresLeaveNoFile) {
  const auto nowhere = Create("record=" + (folder_ / "missing" / "session.nrt").string());
  ASSERT_FALSE(nowhere.has_value());
  EXPECT_THAT(nowhere.error().message, testing::HasSubstr("missing"));
  EXPECT_FALSE(Create("strange=1,record=" + (folder_ / "session.nrt").string()).has_value());
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST(SharedLibrary, ExportsOneFunctionThatListsTheModels) {
  const char* path = NICREPLAY_BINARY_DIR "/libnicreplay.so";
  void* handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(handle, nullptr) << dlerror();
  const auto function =
      reinterpret_cast<decltype(&nicreplay_library)>(dlsym(handle, "nicreplay_library"));
  ASSERT_NE(function, nullptr);
  EXPECT_EQ(function()->api_version, static_cast<std::uint32_t>(NICREPLAY_API_VERSION));
  EXPECT_THAT(Names(*function()), testing::Contains("e1000-stock"));

  FILE* nm = popen("nm -D --defined-only -j " NICREPLAY_BINARY_DIR "/libnicreplay.so", "r");
  ASSERT_NE(nm, nullptr);
  std::string symbols;
  for (int c = std::fgetc(nm); c != EOF; c = std::fgetc(nm)) symbols += static_cast<char>(c);
  EXPECT_EQ(pclose(nm), 0);
  EXPECT_EQ(symbols, "nicreplay_library\n");
}

// In a process of its own, because the list is made once.
TEST(LibraryDeathTest, PluginsOfTheEnvironmentAreListed) {
  EXPECT_EXIT(
      {
        setenv("NICREPLAY_PLUGINS",
               ":/nonexistent.so::" NICREPLAY_BINARY_DIR "/testdata/test_plugin_GOOD.so:", 1);
        const auto names = Names(*Library());
        std::exit(std::find(names.begin(), names.end(), "test-echo") != names.end() ? 0 : 1);
      },
      testing::ExitedWithCode(0), "libnicreplay: .*/nonexistent.so");
}

}  // namespace
}  // namespace nicreplay
