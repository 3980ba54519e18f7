// SPDX-License-Identifier: MIT
// A child process that dies with us: when it is destroyed, and when the thread that started it
// ends.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "models/result.h"
#include "qtest/channel.h"
#include "replay/unique_fd.h"

namespace nicreplay {

// Two ends of a stream socket.
Result<std::pair<UniqueFd, UniqueFd>> CreateSocketPair();

class ChildProcess {
 public:
  // The child's number of the first descriptor that is passed on; the others follow.
  static constexpr int kFirstPassed = 3;

  // Runs arguments[0].  The child has `passed` and no other descriptors of ours; what it prints
  // goes to diagnostics().  kIo: it could not be started.
  static Result<std::unique_ptr<ChildProcess>> Start(const std::vector<std::string>& arguments,
                                                     std::span<const int> passed);
  // Kills it and waits for it.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  TailChannel& diagnostics() { return *diagnostics_; }
  // "exited with status 1", "was killed by signal 6 (Aborted)"; nothing if it still runs after
  // `grace`.
  std::optional<std::string> Ending(std::chrono::milliseconds grace);
  pid_t pid() const { return pid_; }

 private:
  ChildProcess() = default;

  pid_t pid_ = -1;
  std::optional<int> status_;
  std::unique_ptr<TailChannel> diagnostics_;
};

}  // namespace nicreplay
