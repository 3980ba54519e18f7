// SPDX-License-Identifier: MIT
#include "cli/model_sources.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "cli/builtin_models.h"
#include "models/registry.h"

namespace nicreplay {

namespace {

namespace fs = std::filesystem;

constexpr const char* kBuildPlugin = NICREPLAY_SOURCE_DIR "/qtest/source/build-plugin";

fs::path CacheFolder() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0') {
    return fs::path(cache) / "nicreplay";
  }
  const char* home = std::getenv("HOME");
  return (home != nullptr ? fs::path(home) / ".cache" : fs::temp_directory_path()) / "nicreplay";
}

// Changes when the tree's device, or what we compile it against, does.
Result<std::string> Fingerprint(const fs::path& tree) {
  std::string text = tree.string();
  for (const fs::path& file :
       {tree / "VERSION", tree / "hw/net/e1000.c", tree / "hw/net/e1000x_common.c",
        tree / "hw/net/e1000x_common.h", tree / "hw/net/e1000_regs.h"}) {
    std::error_code error;
    const auto time = fs::last_write_time(file, error);
    if (error) {
      return Fail(ErrorCode::kUsage, fmt::format("{}: {}; name the top of a QEMU source tree",
                                                 file.string(), error.message()));
    }
    text += fmt::format(":{}", time.time_since_epoch().count());
  }
  for (const auto& file : fs::recursive_directory_iterator(fs::path(kBuildPlugin).parent_path())) {
    if (!file.is_regular_file()) continue;
    text += fmt::format(":{}", file.last_write_time().time_since_epoch().count());
  }
  return fmt::format("{:016x}", XXH3_64bits(text.data(), text.size()));
}

Status Run(std::vector<std::string> words) {
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  if (const int error =
          posix_spawn(&child, arguments[0], nullptr, nullptr, arguments.data(), environ)) {
    return Fail(ErrorCode::kIo, fmt::format("cannot run {}: {}", words[0], std::strerror(error)));
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return Fail(ErrorCode::kIo, std::strerror(errno));
  }
  if (status != 0) return Fail(ErrorCode::kUsage, fmt::format("{} failed", words[0]));
  return Ok();
}

Status LoadQemuSource(const std::string& source) {
  std::error_code error;
  const fs::path tree = fs::canonical(source, error);
  if (error) return Fail(ErrorCode::kUsage, fmt::format("{}: {}", source, error.message()));
  auto fingerprint = Fingerprint(tree);
  if (!fingerprint) return tl::make_unexpected(fingerprint.error());
  const fs::path plugin = CacheFolder() / fmt::format("qemu-e1000-{}.so", *fingerprint);
  if (!fs::exists(plugin)) {
    fmt::print(stderr, "compiling hw/net/e1000.c of {}\n", tree.string());
    if (auto built = Run({kBuildPlugin, tree.string(), plugin.string()}); !built) return built;
  }
  return LoadPlugin(plugin.string());
}

}  // namespace

void ModelSources::AddTo(CLI::App* command) {
  command
      ->add_option("--plugin", plugins,
                   "Shared object with further models (models/c_api.h); may be repeated")
      ->allow_extra_args(false);
  command->add_option("--qemu-source", qemu_source,
                      "QEMU source tree (7.2 to 10.x, patched or not) to compile qemu-e1000 from");
}

Status ModelSources::Load() const {
  if (!qemu_source.empty()) {
    if (auto loaded = LoadQemuSource(qemu_source); !loaded) return loaded;
  }
  RegisterBuiltinModels();
  for (const std::string& path : plugins) {
    if (auto loaded = LoadPlugin(path); !loaded) return loaded;
  }
  return Ok();
}

std::string ModelSources::ToArguments() const {
  std::string text;
  if (!qemu_source.empty()) text += " --qemu-source " + qemu_source;
  for (const std::string& plugin : plugins) text += " --plugin " + plugin;
  return text;
}

}  // namespace nicreplay
