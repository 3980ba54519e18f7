// SPDX-License-Identifier: MIT
#include "qtest/qmp.h"

#include <fmt/format.h>

#include "qtest/protocol.h"

namespace nicreplay {

namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::json;

tl::unexpected<Error> Peer(std::string message) {
  return Fail(ErrorCode::kPeer, std::move(message));
}

Result<std::string> VersionOf(const Json& greeting) {
  const Json::json_pointer qemu("/QMP/version/qemu");
  if (!greeting.contains(qemu)) return Peer("the monitor's greeting is not QMP's");
  std::string version;
  for (const char* part : {"major", "minor", "micro"}) {
    const Json& all = greeting[qemu];
    if (!all.is_object() || !all.contains(part) || !all[part].is_number_unsigned()) {
      return Peer("the monitor's greeting has no version");
    }
    version += fmt::format("{}{}", version.empty() ? "" : ".", all[part].get<std::uint64_t>());
  }
  return version;
}

}  // namespace

QmpClient::QmpClient(UniqueFd fd, ChannelSet& channels)
    : lines_(std::move(fd)), channels_(channels) {
  channels_.Add(&lines_);
}

Result<Json> QmpClient::ReadMessage(const std::string& doing) {
  const auto deadline = Clock::now() + channels_.patience();
  for (;;) {
    if (auto line = lines_.Next()) {
      Json message = Json::parse(*line, nullptr, false);
      if (message.is_object()) return message;
      return Peer(fmt::format("the monitor says \"{}\"", Excerpt(*line)));
    }
    if (lines_.closed()) return Peer(fmt::format("the monitor hung up at {}", doing));
    auto waited = channels_.Wait(deadline);
    if (!waited) return tl::make_unexpected(waited.error());
    if (*waited == ChannelSet::Outcome::kTimedOut) {
      return Peer(fmt::format("the monitor does not answer {}", doing));
    }
  }
}

Result<std::string> QmpClient::Start() {
  auto greeting = ReadMessage("the greeting");
  if (!greeting) return tl::make_unexpected(greeting.error());
  auto version = VersionOf(*greeting);
  if (!version) return version;
  auto ready = Execute("qmp_capabilities", Json::object());
  if (!ready) return tl::make_unexpected(ready.error());
  return version;
}

Result<Json> QmpClient::Execute(const std::string& command, const Json& arguments) {
  lines_.Send(Json{{"execute", command}, {"arguments", arguments}}.dump() + "\n");
  lines_.Flush();
  for (;;) {
    auto message = ReadMessage(command);
    if (!message) return message;
    if (message->contains("return")) return (*message)["return"];
    if (message->contains("error")) {
      return Peer(fmt::format("{} is refused: {}", command, Excerpt((*message)["error"].dump())));
    }
  }
}

Status QmpClient::ExecuteUntil(const std::string& command, const std::string& event) {
  lines_.Send(Json{{"execute", command}}.dump() + "\n");
  lines_.Flush();
  bool returned = false;
  bool happened = false;
  while (!returned || !happened) {
    auto message = ReadMessage(command);
    if (!message) return tl::make_unexpected(message.error());
    if (message->contains("error")) {
      return Peer(fmt::format("{} is refused: {}", command, Excerpt((*message)["error"].dump())));
    }
    returned = returned || message->contains("return");
    happened = happened || message->value("event", Json()) == event;
  }
  return Ok();
}

}  // namespace nicreplay
