// SPDX-License-Identifier: MIT
// A mutant as a plugin: a model with one source file replaced, under the mutant's name.
#include "models/c_adapter.h"
#include "models/registry.h"

extern const char* const kMutantName;  // in the mutated source
extern const char* const kMutantModel;

extern "C" __attribute__((visibility("default"))) const nr_library* nicreplay_library() {
  static const nr_model* const model = [] {
    static nicreplay::ModelEntry entry = **nicreplay::FindModel(kMutantModel);
    entry.name = kMutantName;
    return nicreplay::ExportModel(entry);
  }();
  static const nr_library library = {
      .api_version = NICREPLAY_API_VERSION, .model_count = 1, .models = &model};
  return &library;
}
