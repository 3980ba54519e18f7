// SPDX-License-Identifier: MIT
// Where a command's models come from, beside those built in: the options --plugin and
// --qemu-source.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "models/result.h"

namespace nicreplay {

struct ModelSources {
  std::vector<std::string> plugins;
  std::string qemu_source;

  void AddTo(CLI::App* command);
  // Registers everything.  A tree that the user names takes the name qemu-e1000 from the one that
  // is built in; it is compiled once and kept in the user's cache until one of its files changes.
  Status Load() const;
  // The options again, for the command that reproduces a result: "" or " --plugin X".
  std::string ToArguments() const;
};

}  // namespace nicreplay
