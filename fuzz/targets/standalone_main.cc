// SPDX-License-Identifier: MIT
// In place of a fuzzing engine: runs the target on the files, and on those in the folders, that the
// command line names.
#include <cstdint>
#include <cstdio>

#include "fuzz/targets/files.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" __attribute__((weak)) int LLVMFuzzerInitialize(int* count, char*** arguments);

int main(int count, char** arguments) {
  if (LLVMFuzzerInitialize != nullptr) LLVMFuzzerInitialize(&count, &arguments);
  std::size_t inputs = 0;
  for (int i = 1; i < count; ++i) {
    for (const auto& path : nicreplay::FilesOf(arguments[i])) {
      const auto bytes = nicreplay::BytesOf(path);
      if (!bytes) {
        std::fprintf(stderr, "%s: cannot be opened\n", path.c_str());
        return 2;
      }
      // What aborts is to be known by name.
      std::fprintf(stderr, "%s\n", path.c_str());
      LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes->data()), bytes->size());
      ++inputs;
    }
  }
  std::printf("%zu inputs\n", inputs);
  return inputs == 0 ? 2 : 0;
}
