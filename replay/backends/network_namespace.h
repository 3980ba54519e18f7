// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "models/result.h"
#include "replay/unique_fd.h"

namespace nicreplay {

// While it exists, this thread is in a network namespace of its own, which has no interfaces but
// what is made there; those live on as long as something has them open.  Needs CAP_SYS_ADMIN.
class NetworkNamespace {
 public:
  static Result<std::unique_ptr<NetworkNamespace>> Enter();
  ~NetworkNamespace();
  NetworkNamespace(const NetworkNamespace&) = delete;
  NetworkNamespace& operator=(const NetworkNamespace&) = delete;

 private:
  explicit NetworkNamespace(UniqueFd before) : before_(std::move(before)) {}

  const UniqueFd before_;
};

}  // namespace nicreplay
