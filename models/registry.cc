// SPDX-License-Identifier: MIT
#include "models/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "models/e1000/deferred.h"
#include "models/e1000/e1000.h"
#include "models/e1000/opt/e1000_opt.h"
#include "models/virtio/virtio_net.h"

namespace nicreplay {
namespace {

// Never destroyed, because the entries of plugins live for ever.
std::vector<const ModelEntry*>& Registry() {
  static auto& models = *new std::vector<const ModelEntry*>{
      &E1000StockEntry(), &E1000OptEntry(), &E1000DeferredEntry(), &VirtioNetEntry()};
  return models;
}

const ModelEntry* Lookup(std::string_view name) {
  const auto& models = Registry();
  const auto found = std::find_if(models.begin(), models.end(),
                                  [&](const ModelEntry* entry) { return entry->name == name; });
  return found == models.end() ? nullptr : *found;
}

}  // namespace

std::span<const ModelEntry* const> Models() { return Registry(); }

void RegisterModel(const ModelEntry* entry) {
  if (Lookup(entry->name) == nullptr) Registry().push_back(entry);
}

Result<const ModelEntry*> FindModel(std::string_view name) {
  if (const ModelEntry* entry = Lookup(name)) return entry;
  std::string known;
  for (const ModelEntry* entry : Registry()) known += (known.empty() ? "" : ", ") + entry->name;
  return Fail(ErrorCode::kUsage, fmt::format("no model '{}'; there is {}", name, known));
}

Result<std::unique_ptr<Device>> CreateModel(std::string_view name, std::string_view options,
                                            Host& host) {
  const auto entry = FindModel(name);
  if (!entry) return tl::make_unexpected(entry.error());
  const auto parsed = Options::Parse(options);
  if (!parsed) return tl::make_unexpected(parsed.error());
  return (*entry)->create(**entry, *parsed, host);
}

}  // namespace nicreplay
