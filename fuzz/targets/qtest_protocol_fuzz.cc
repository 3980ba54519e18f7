// SPDX-License-Identifier: MIT
// Lines of the qtest protocol of hostile bytes: commands that parse say the same when they are
// written and parsed again.
#include "qtest/protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nicreplay;
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  // A short line may stand for megabytes, which take seconds to write out.
  constexpr std::size_t kMaxData = 4096;
  const auto command = ParseQtestCommand(line);
  if (command && command->bytes.size() <= kMaxData) {
    if (const auto again = ParseQtestCommand(ToText(*command)); !again || *again != *command) {
      __builtin_trap();
    }
  }
  if (const auto reply = ParseQtestReply(line)) {
    static_cast<void>(ParseHex(reply->text));
    static_cast<void>(ParseDecimal(reply->text));
    std::uint8_t out[48];
    static_cast<void>(ParseBase64(reply->text, {out, size % sizeof(out)}));
  }
  if (Excerpt(line).size() > 200) __builtin_trap();
  return 0;
}
