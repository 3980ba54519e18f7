// SPDX-License-Identifier: MIT
#include "qtest/channel.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace nicreplay {

namespace {

constexpr std::size_t kReadSize = std::size_t{256} << 10;

bool WouldBlock(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

Channel::Channel(UniqueFd fd) : fd_(std::move(fd)) {
  const int flags = fcntl(fd_.get(), F_GETFL);
  fcntl(fd_.get(), F_SETFL, flags | O_NONBLOCK);
}

std::optional<std::size_t> Channel::InFlight() const {
  int bytes = 0;
  if (ioctl(fd_.get(), SIOCOUTQ, &bytes) != 0 || bytes < 0) return std::nullopt;
  return static_cast<std::size_t>(bytes);
}

Status Channel::Receive() {
  thread_local std::array<char, kReadSize> buffer;
  for (;;) {
    const ssize_t size = read(fd_.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && WouldBlock(errno)) return Ok();
    if (size <= 0) {
      closed_ = true;
      return Ok();
    }
    if (auto accepted = Accept({buffer.data(), static_cast<std::size_t>(size)}); !accepted) {
      return accepted;
    }
    if (static_cast<std::size_t>(size) < buffer.size()) return Ok();
  }
}

void Channel::Transmit() {
  while (sending() && !closed_) {
    const ssize_t size = send(fd_.get(), out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) {
      if (WouldBlock(errno)) return;
      break;  // nobody reads; what the other side wrote before it went can still be read
    }
    sent_ += static_cast<std::size_t>(size);
  }
  out_.clear();
  sent_ = 0;
}

Status Channel::Serve(short events) {
  if (closed_) return Ok();
  if (sending() && (events & (POLLOUT | POLLERR | POLLHUP)) != 0) Transmit();
  if ((events & (POLLIN | POLLERR | POLLHUP)) != 0) return Receive();
  return Ok();
}

std::optional<std::string_view> LineChannel::Next() {
  const std::size_t end = in_.find('\n', read_);
  if (end == std::string::npos) return std::nullopt;
  const std::string_view line(in_.data() + read_, end - read_);
  read_ = end + 1;
  return line;
}

Status LineChannel::Accept(std::string_view bytes) {
  in_.erase(0, read_);
  read_ = 0;
  const std::size_t end = bytes.rfind('\n');
  tail_ = end == std::string_view::npos ? tail_ + bytes.size() : bytes.size() - end - 1;
  if (tail_ > max_line_) return Fail(ErrorCode::kPeer, "a line without end");
  if (in_.size() + bytes.size() > kMaxUnread) {
    return Fail(ErrorCode::kPeer, "more lines than anybody asked for");
  }
  in_.append(bytes);
  return Ok();
}

void FrameChannel::SendFrame(Bytes frame) {
  const auto size = static_cast<std::uint32_t>(frame.size());
  const char header[kHeader] = {static_cast<char>(size >> 24), static_cast<char>(size >> 16),
                                static_cast<char>(size >> 8), static_cast<char>(size)};
  Send({header, kHeader});
  Send({reinterpret_cast<const char*>(frame.data()), frame.size()});
}

std::vector<std::vector<std::uint8_t>> FrameChannel::Take() {
  held_ = 0;
  return std::exchange(frames_, {});
}

Status FrameChannel::Accept(std::string_view bytes) {
  partial_.append(bytes);
  std::string_view rest = partial_;
  while (rest.size() >= kHeader) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < kHeader; ++i) {
      size = size << 8 | static_cast<std::uint8_t>(rest[i]);
    }
    if (size > kMaxFrame) return Fail(ErrorCode::kPeer, "a frame over 256 KiB");
    if (rest.size() < kHeader + size) break;
    held_ += size + kHeader;
    if (held_ > kMaxHeld) {
      return Fail(ErrorCode::kTooLarge, "over 256 MiB of frames from one operation");
    }
    const std::string_view frame = rest.substr(kHeader, size);
    frames_.emplace_back(frame.begin(), frame.end());
    rest.remove_prefix(kHeader + size);
  }
  partial_.erase(0, partial_.size() - rest.size());
  return Ok();
}

Status TailChannel::Accept(std::string_view bytes) {
  tail_.append(bytes);
  if (tail_.size() > kKept) tail_.erase(0, tail_.size() - kKept);
  return Ok();
}

Result<ChannelSet::Outcome> ChannelSet::Wait(std::chrono::steady_clock::time_point deadline) {
  std::vector<pollfd> polled;
  std::vector<Channel*> open;
  for (Channel* channel : channels_) {
    if (channel->closed()) continue;
    open.push_back(channel);
    const short events = channel->sending() ? POLLIN | POLLOUT : POLLIN;
    polled.push_back({channel->fd(), events, 0});
  }
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  const auto wait = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1'000'000));
  const int ready = poll(polled.data(), polled.size(), wait);
  if (ready < 0 && errno != EINTR) {
    return Fail(ErrorCode::kIo, std::string("poll: ") + std::strerror(errno));
  }
  for (std::size_t i = 0; ready > 0 && i < open.size(); ++i) {
    if (polled[i].revents == 0) continue;
    if (auto served = open[i]->Serve(polled[i].revents); !served) {
      return tl::make_unexpected(served.error());
    }
  }
  // Also where something came: a peer that says what nobody asked for must not keep us for ever.
  if (left.count() <= 0) return Outcome::kTimedOut;
  return Outcome::kServed;
}

}  // namespace nicreplay
