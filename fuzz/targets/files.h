// SPDX-License-Identifier: MIT
// The inputs that a command line names.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <vector>

namespace nicreplay {

// The file, or those in the folder, by name.
inline std::vector<std::filesystem::path> FilesOf(const char* name) {
  std::vector<std::filesystem::path> files;
  if (!std::filesystem::is_directory(name)) return {name};
  for (const auto& entry : std::filesystem::directory_iterator(name)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

inline std::optional<std::vector<char>> BytesOf(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::vector<char>{std::istreambuf_iterator<char>(file), {}};
}

}  // namespace nicreplay
