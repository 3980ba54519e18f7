// SPDX-License-Identifier: MIT
#include "replay/library.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string_view>
#include <utility>
#include <vector>

#include "models/c_adapter.h"
#include "models/registry.h"
#include "replay/traced_device.h"

namespace nicreplay {
namespace {

constexpr const char* kRecordOption = "record";
constexpr const char* kEnvironmentOption = "environment";
constexpr const char* kShadowedOption = "record_shadowed";
constexpr const char* kPluginsVariable = "NICREPLAY_PLUGINS";

void Report(const Error& error) { fmt::print(stderr, "libnicreplay: {}\n", error.ToString()); }

Result<std::unique_ptr<Device>> Create(const ModelEntry& self, const Options& options, Host& host) {
  const auto& model = *static_cast<const ModelEntry*>(self.context);
  Options left = options;
  const std::string path = left.TakeText(kRecordOption, "");
  std::string environment = left.TakeText(kEnvironmentOption, "");
  const auto shadowed = left.TakeSwitch(kShadowedOption, false);
  if (!shadowed) return tl::make_unexpected(shadowed.error());
  if (path.empty()) return model.create(model, left, host);
  return TracedDevice::Create(
      model, left, path, std::move(environment),
      *shadowed ? RecordedRegisters::kShadowed : RecordedRegisters::kTrapped, host);
}

ModelEntry Recordable(const ModelEntry& model) {
  ModelEntry entry = model;
  if (!entry.options.empty() && entry.options.back() != '\n') entry.options += '\n';
  entry.options += fmt::format(
      "{}=PATH  write a trace\n{}=TEXT  for the trace's header\n"
      "{}=on|off  registers are shadowed as without a trace, which then has no reads of them",
      kRecordOption, kEnvironmentOption, kShadowedOption);
  entry.create = Create;
  entry.context = &model;
  return entry;
}

void LoadPlugins(std::string_view paths) {
  while (!paths.empty()) {
    const std::string_view path = paths.substr(0, paths.find(':'));
    paths.remove_prefix(std::min(paths.size(), path.size() + 1));
    if (path.empty()) continue;
    if (const auto loaded = LoadPlugin(std::string(path)); !loaded) Report(loaded.error());
  }
}

struct Exported {
  std::deque<ModelEntry> entries;  // pointers to them stay good
  std::vector<const nr_model*> models;
  nr_library library;

  Exported() {
    if (const char* plugins = std::getenv(kPluginsVariable)) LoadPlugins(plugins);
    for (const ModelEntry* model : Models()) {
      entries.push_back(Recordable(*model));
      models.push_back(ExportModel(entries.back()));
    }
    library = {NICREPLAY_API_VERSION, models.size(), models.data()};
  }
};

}  // namespace

const nr_library* Library() {
  static const auto& exported = *new Exported;
  return &exported.library;
}

}  // namespace nicreplay
