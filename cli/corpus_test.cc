// SPDX-License-Identifier: MIT
// The manifest of the recorded sessions says what lies beside it.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "replay/digest.h"
#include "replay/stream.h"

namespace nicreplay {
namespace {

const std::filesystem::path kSessions = NICREPLAY_SOURCE_DIR "/corpus/sessions";

nlohmann::json Sessions() {
  std::ifstream file(kSessions / "MANIFEST");
  const nlohmann::json manifest = nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
  return manifest.value("sessions", nlohmann::json::array());
}

TEST(CorpusManifest, NamesEveryTraceAndNothingElse) {
  std::set<std::string> named;
  std::set<std::string> there;
  for (const auto& session : Sessions()) named.insert(session.at("name").get<std::string>());
  for (const auto& entry : std::filesystem::directory_iterator(kSessions)) {
    if (entry.path().extension() == ".nrt") there.insert(entry.path().stem());
  }
  EXPECT_EQ(named, there);
  EXPECT_FALSE(there.empty());
}

TEST(CorpusManifest, HasEverySizeAndDigest) {
  for (const auto& session : Sessions()) {
    const std::string name = session.at("name");
    const std::filesystem::path path = kSessions / (name + ".nrt");
    const auto trace = LoadTrace(path);
    ASSERT_TRUE(trace) << name << ": " << trace.error().ToString();
    EXPECT_EQ(session.at("digest"), ToString(trace->footer->digest)) << name;
    EXPECT_EQ(session.at("size"), std::filesystem::file_size(path)) << name;
  }
}

TEST(CorpusManifest, SaysHowEverySessionWasMade) {
  for (const auto& session : Sessions()) {
    for (const char* key : {"what", "guest", "device", "qemu", "accel", "command"}) {
      EXPECT_NE(session.value(key, ""), "") << session.at("name") << ": " << key;
    }
  }
}

}  // namespace
}  // namespace nicreplay
