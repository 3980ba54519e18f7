// SPDX-License-Identifier: MIT
// Models of shared objects.
#include <dlfcn.h>
#include <fmt/format.h>

#include <set>
#include <utility>
#include <vector>

#include "models/c_adapter.h"

namespace nicreplay {
namespace {

constexpr std::size_t kMaxModels = 1024;

using LibraryFunction = const nr_library* (*)();
using Handle = std::unique_ptr<void, int (*)(void*)>;
using Entries = std::vector<std::unique_ptr<ModelEntry>>;

Result<const nr_library*> AskForLibrary(void* handle, const std::string& path) {
  const auto function = reinterpret_cast<LibraryFunction>(dlsym(handle, "nicreplay_library"));
  if (function == nullptr) {
    return Fail(ErrorCode::kUsage,
                fmt::format("{} is no plugin: it does not export nicreplay_library", path));
  }
  const nr_library* library = function();
  if (library == nullptr) {
    return Fail(ErrorCode::kCorrupt, fmt::format("{}: nicreplay_library gave nothing", path));
  }
  if (library->api_version != NICREPLAY_API_VERSION) {
    return Fail(library->api_version > NICREPLAY_API_VERSION ? ErrorCode::kFutureVersion
                                                             : ErrorCode::kUsage,
                fmt::format("{} was built for version {} of models/c_api.h, this is version {}",
                            path, library->api_version, NICREPLAY_API_VERSION));
  }
  return library;
}

Result<Entries> Import(const nr_library& library, const std::string& path) {
  if (library.model_count > kMaxModels || (library.model_count > 0 && library.models == nullptr)) {
    return Fail(ErrorCode::kCorrupt, fmt::format("{}: its list of models is broken", path));
  }
  Entries entries;
  std::set<std::string> names;
  for (const ModelEntry* known : Models()) names.insert(known->name);
  for (std::size_t i = 0; i < library.model_count; ++i) {
    auto entry = ImportModel(library.models[i]);
    if (!entry) {
      return Fail(entry.error().code, fmt::format("{}: {}", path, entry.error().message));
    }
    if (!names.insert((*entry)->name).second) {
      return Fail(ErrorCode::kUsage,
                  fmt::format("{}: there is a model '{}' already", path, (*entry)->name));
    }
    entries.push_back(std::move(*entry));
  }
  return entries;
}

}  // namespace

Result<std::monostate> LoadPlugin(const std::string& path) {
  // Without a slash dlopen would search the system's folders.
  const std::string file = path.find('/') == std::string::npos ? "./" + path : path;
  Handle handle(dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL), dlclose);
  if (handle == nullptr) {
    const char* why = dlerror();
    return Fail(ErrorCode::kIo, fmt::format("cannot load {}: {}", path, why ? why : "no reason"));
  }
  const auto library = AskForLibrary(handle.get(), path);
  if (!library) return tl::make_unexpected(library.error());
  auto entries = Import(**library, path);
  if (!entries) return tl::make_unexpected(entries.error());
  // From here on for ever: devices and entries call into the object.
  static_cast<void>(handle.release());
  for (auto& entry : *entries) RegisterModel(entry.release());
  return std::monostate{};
}

}  // namespace nicreplay
