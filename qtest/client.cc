// SPDX-License-Identifier: MIT
#include "qtest/client.h"

#include <fmt/format.h>

namespace nicreplay {

namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

QtestClient::QtestClient(UniqueFd fd, ChannelSet& channels, std::size_t max_line)
    : lines_(std::move(fd), max_line), channels_(channels) {
  channels_.Add(&lines_);
}

std::size_t QtestClient::Post(const QtestCommand& command) {
  starts_.push_back(commands_.size());
  AppendText(command, &commands_);
  commands_.push_back('\n');
  return starts_.size() - 1;
}

std::size_t QtestClient::PostText(std::string_view line) {
  starts_.push_back(commands_.size());
  commands_.append(line);
  commands_.push_back('\n');
  return starts_.size() - 1;
}

std::string_view QtestClient::CommandText(std::size_t number) const {
  if (number >= starts_.size()) return {};
  const std::size_t end = commands_.find('\n', starts_[number]);
  return std::string_view(commands_).substr(starts_[number], end - starts_[number]);
}

tl::unexpected<Error> QtestClient::Lost(std::string_view what) const {
  return Fail(ErrorCode::kPeer,
              fmt::format("{} at \"{}\"", what, Excerpt(CommandText(replies_.size()))));
}

std::string_view QtestClient::reply(std::size_t number) const {
  const Reply& reply = replies_[number];
  return std::string_view(text_).substr(reply.start, reply.size);
}

LineLevel QtestClient::line() const {
  return raised_[watched_ % kMaxInterrupts] ? LineLevel::kHigh : LineLevel::kLow;
}

Status QtestClient::TakeLine(std::string_view text) {
  auto reply = ParseQtestReply(text);
  if (!reply) return tl::make_unexpected(reply.error());
  switch (reply->kind) {
    case QtestReply::Kind::kInterrupt:
      if (reply->line < kMaxInterrupts) raised_[reply->line] = reply->level == LineLevel::kHigh;
      return Ok();
    case QtestReply::Kind::kFail:
      return Lost(fmt::format("it refused with \"{}\"", Excerpt(reply->text)));
    case QtestReply::Kind::kOk:
      break;
  }
  if (replies_.size() == expected_) {
    return Fail(ErrorCode::kPeer, "an answer to no question");
  }
  replies_.push_back({text_.size(), reply->text.size(), line()});
  text_.append(reply->text);
  return Ok();
}

Status QtestClient::TakeLines() {
  while (auto text = lines_.Next()) {
    if (auto taken = TakeLine(*text); !taken) return taken;
  }
  return Ok();
}

Status QtestClient::Exchange() {
  replies_.clear();
  text_.clear();
  // What came since the last exchange can only be interrupts.
  expected_ = 0;
  if (auto taken = TakeLines(); !taken) return taken;
  expected_ = starts_.size();
  lines_.Send(commands_);
  lines_.Flush();
  auto deadline = Clock::now() + channels_.patience();
  while (replies_.size() < expected_) {
    if (lines_.closed()) return Lost("it hung up");
    const std::size_t before = replies_.size();
    auto waited = channels_.Wait(deadline);
    if (!waited) return tl::make_unexpected(waited.error());
    if (auto taken = TakeLines(); !taken) return taken;
    if (replies_.size() > before) {
      deadline = Clock::now() + channels_.patience();
    } else if (*waited == ChannelSet::Outcome::kTimedOut) {
      return Lost(fmt::format("no answer for {} s",
                              std::chrono::duration<double>(channels_.patience()).count()));
    }
  }
  commands_.clear();
  starts_.clear();
  return Ok();
}

}  // namespace nicreplay
