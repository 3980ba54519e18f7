// SPDX-License-Identifier: MIT
#include "replay/backends/network_namespace.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace nicreplay {

Result<std::unique_ptr<NetworkNamespace>> NetworkNamespace::Enter() {
  UniqueFd before(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!before.valid() || unshare(CLONE_NEWNET) != 0) {
    return Fail(ErrorCode::kIo, fmt::format("a network namespace of its own (run as root): {}",
                                            std::strerror(errno)));
  }
  return std::unique_ptr<NetworkNamespace>(new NetworkNamespace(std::move(before)));
}

NetworkNamespace::~NetworkNamespace() {
  // To go on in the wrong network would be worse than to stop.
  if (setns(before_.get(), CLONE_NEWNET) != 0) std::abort();
}

}  // namespace nicreplay
