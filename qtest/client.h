// SPDX-License-Identifier: MIT
// The client side of qtest: commands are posted, then exchanged for their replies in one go, so
// that a thousand commands cost about as much as one.
#pragma once

#include <bitset>
#include <string>
#include <string_view>
#include <vector>

#include "models/device.h"
#include "models/result.h"
#include "qtest/channel.h"
#include "qtest/protocol.h"

namespace nicreplay {

class QtestClient {
 public:
  static constexpr std::size_t kMaxInterrupts = 256;

  // `channels` are served while the client waits; the client adds its own.
  QtestClient(UniqueFd fd, ChannelSet& channels, std::size_t max_line = LineChannel::kMaxLine);

  // The interrupt line whose level every reply tells.
  void WatchInterrupt(std::uint32_t line) { watched_ = line; }

  // Queues a command.  Returns the number of its reply in the next exchange.
  std::size_t Post(const QtestCommand& command);
  // A line as it is; it must be one command.
  std::size_t PostText(std::string_view line);
  std::size_t posted() const { return starts_.size(); }

  // Sends what was posted and waits for all replies.  kPeer: the other side died, keeps silent for
  // too long, refused a command or sent something else than replies.  After an error the client is
  // of no use.
  Status Exchange();

  // Of the last exchange.
  std::string_view reply(std::size_t number) const;
  LineLevel line(std::size_t number) const { return replies_[number].level; }
  Result<std::uint64_t> Hex(std::size_t number) const { return ParseHex(reply(number)); }

  // The watched line now.
  LineLevel line() const;

 private:
  struct Reply {
    std::size_t start = 0;
    std::size_t size = 0;
    LineLevel level = LineLevel::kLow;
  };

  Status TakeLines();
  Status TakeLine(std::string_view text);
  std::string_view CommandText(std::size_t number) const;
  tl::unexpected<Error> Lost(std::string_view what) const;

  LineChannel lines_;
  ChannelSet& channels_;
  std::string commands_;             // of the exchange to come or under way, with ends of lines
  std::vector<std::size_t> starts_;  // of the commands
  std::size_t expected_ = 0;
  std::string text_;  // of the replies
  std::vector<Reply> replies_;
  std::bitset<kMaxInterrupts> raised_;
  std::uint32_t watched_ = 0;
};

}  // namespace nicreplay
