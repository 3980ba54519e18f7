// SPDX-License-Identifier: MIT
// Streams to another process that are served together: what arrives is taken as it comes and what
// is to be sent goes as the other side takes it, so that two processes that both write never block
// each other.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/device.h"
#include "models/result.h"
#include "replay/unique_fd.h"

namespace nicreplay {

class Channel {
 public:
  // The descriptor becomes non-blocking.
  explicit Channel(UniqueFd fd);
  virtual ~Channel() = default;
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // Queues bytes; they go while the channel is served, or at once as far as the other side has
  // room.
  void Send(std::string_view bytes) { out_.append(bytes); }
  void Flush() { Transmit(); }
  bool sending() const { return sent_ < out_.size(); }
  // The other side hung up.
  bool closed() const { return closed_; }
  int fd() const { return fd_.get(); }
  // Bytes that were written and that the other side has not read; nothing where the kernel does not
  // tell.
  std::optional<std::size_t> InFlight() const;

  // Reads and writes what `events` of poll(2) allows.
  Status Serve(short events);

 protected:
  virtual Status Accept(std::string_view bytes) = 0;

 private:
  Status Receive();
  void Transmit();

  UniqueFd fd_;
  std::string out_;
  std::size_t sent_ = 0;
  bool closed_ = false;
};

// Lines of text of bounded length.
class LineChannel : public Channel {
 public:
  static constexpr std::size_t kMaxLine = std::size_t{4} << 20;
  static constexpr std::size_t kMaxUnread = std::size_t{256} << 20;

  explicit LineChannel(UniqueFd fd, std::size_t max_line = kMaxLine)
      : Channel(std::move(fd)), max_line_(max_line) {}

  // The next whole line, without its end; valid until the channel is served again.
  std::optional<std::string_view> Next();

 protected:
  Status Accept(std::string_view bytes) override;

 private:
  std::size_t max_line_;
  std::string in_;
  std::size_t read_ = 0;
  std::size_t tail_ = 0;  // bytes after the last end of a line
};

// Frames behind their lengths, 4 bytes, big-endian, as QEMU's network layer frames them.
class FrameChannel : public Channel {
 public:
  static constexpr std::size_t kMaxFrame = std::size_t{256} << 10;
  static constexpr std::size_t kMaxHeld = std::size_t{256} << 20;
  static constexpr std::size_t kHeader = 4;

  using Channel::Channel;

  void SendFrame(Bytes frame);
  std::vector<std::vector<std::uint8_t>> Take();

 protected:
  Status Accept(std::string_view bytes) override;

 private:
  std::vector<std::vector<std::uint8_t>> frames_;
  std::size_t held_ = 0;  // bytes of frames_
  std::string partial_;
};

// The last words of a process.
class TailChannel : public Channel {
 public:
  static constexpr std::size_t kKept = 4096;

  using Channel::Channel;

  const std::string& tail() const { return tail_; }

 protected:
  Status Accept(std::string_view bytes) override;

 private:
  std::string tail_;
};

// The channels of one process, and how long it may keep silent before it counts as hung.
class ChannelSet {
 public:
  explicit ChannelSet(std::chrono::milliseconds patience) : patience_(patience) {}

  void Add(Channel* channel) { channels_.push_back(channel); }
  std::chrono::milliseconds patience() const { return patience_; }

  enum class Outcome : std::uint8_t { kServed, kTimedOut };
  // Serves the channels once, or waits until the deadline.
  Result<Outcome> Wait(std::chrono::steady_clock::time_point deadline);

 private:
  std::vector<Channel*> channels_;
  std::chrono::milliseconds patience_;
};

}  // namespace nicreplay
