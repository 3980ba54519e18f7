// SPDX-License-Identifier: MIT
// Options of hostile bytes: those that parse say the same when they are written and parsed again,
// and no model is created of them but a working one.
#include "models/registry.h"
#include "replay/machine.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nicreplay;
  static Machine machine(4096);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto options = Options::Parse(text);
  if (!options) return 0;
  const std::string canonical = options->ToString();
  const auto again = Options::Parse(canonical);
  if (!again || again->ToString() != canonical) __builtin_trap();
  for (const char* model : {"e1000-stock", "e1000-opt"}) {
    if (auto device = CreateModel(model, text, machine)) (*device)->Reset();
  }
  return 0;
}
