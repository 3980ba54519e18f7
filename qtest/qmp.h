// SPDX-License-Identifier: MIT
// The client side of QEMU's machine protocol, as far as it is needed: commands and one kind of
// event to wait for.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "models/result.h"
#include "qtest/channel.h"

namespace nicreplay {

class QmpClient {
 public:
  // `channels` are served while the client waits; the client adds its own.
  QmpClient(UniqueFd fd, ChannelSet& channels);

  // Reads the greeting and leaves the negotiation; returns the version, "7.2.22".
  Result<std::string> Start();
  // Runs a command; its answer.
  Result<nlohmann::json> Execute(const std::string& command, const nlohmann::json& arguments);
  // Runs a command and waits for an event that it causes.
  Status ExecuteUntil(const std::string& command, const std::string& event);

 private:
  Result<nlohmann::json> ReadMessage(const std::string& doing);

  LineChannel lines_;
  ChannelSet& channels_;
};

}  // namespace nicreplay
