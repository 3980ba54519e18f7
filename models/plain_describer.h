// SPDX-License-Identifier: MIT
// Names for a device of which nothing is known: offsets.
#pragma once

#include <fmt/format.h>

#include <string>

#include "models/registry.h"

namespace nicreplay {

class PlainDescriber : public Describer {
 public:
  void OnWrite(const Access&, std::uint64_t) override {}
  void OnReset() override {}
  std::string RegisterName(const Access& access) const override {
    return fmt::format("0x{:05x}", access.offset);
  }
  std::string RegisterFields(const Access&, std::uint64_t) const override { return {}; }
  std::string MemoryName(GuestAddress) const override { return {}; }
  std::string DescribeMemory(GuestAddress, Bytes) const override { return {}; }
  bool IsCompletionMarker(GuestAddress) const override { return false; }
};

}  // namespace nicreplay
