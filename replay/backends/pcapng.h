// SPDX-License-Identifier: MIT
// A pcapng file (draft-ietf-opsawg-pcapng), for Wireshark and its like.  Written here because
// libpcap writes the older pcap alone, and libwiretap comes with all of Wireshark; three kinds of
// blocks are all it takes.
#pragma once

#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include "replay/backends/backend.h"

namespace nicreplay {

class PcapngBackend final : public Backend {
 public:
  // From the device's point of view (epb_flags).
  enum class Direction : std::uint8_t { kIn = 1, kOut = 2 };

  // `now` gives the time of each frame.  An existing file is replaced; once `limit` bytes of it are
  // written, further frames are kTooLarge.
  static Result<std::unique_ptr<PcapngBackend>> Create(const std::string& path,
                                                       std::function<Nanoseconds()> now,
                                                       std::uint64_t limit = ~std::uint64_t{0});

  OffloadSet offloads() const override { return 0; }
  Result<std::span<const Frame>> Receive(std::size_t) override { return std::span<const Frame>(); }

  // A frame that the device received.  As Send does, it cuts super-frames.
  Status Received(const Frame& frame);
  // Everything is in the file; to be called once, at the end.
  Status Finish();

 protected:
  Result<SendResult> SendWhole(const Frame& frame) override;

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  PcapngBackend(std::FILE* file, std::string path, std::function<Nanoseconds()> now,
                std::uint64_t limit)
      : file_(file), path_(std::move(path)), now_(std::move(now)), left_(limit) {}

  Status WritePreamble();
  Status WritePacket(const Frame& frame);
  Status Put(const void* data, std::size_t size);

  std::unique_ptr<std::FILE, Close> file_;
  const std::string path_;
  const std::function<Nanoseconds()> now_;
  std::uint64_t left_;
  Direction direction_ = Direction::kOut;
};

}  // namespace nicreplay
