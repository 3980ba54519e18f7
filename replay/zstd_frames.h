// SPDX-License-Identifier: MIT
// The outer layer of a trace file: zstd frames (RFC 8878), each with content size and checksum,
// each one message.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "models/result.h"
#include "replay/codec.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace nicreplay {

// All content of one file.
inline constexpr std::uint64_t kMaxTraceBytes = std::uint64_t{8} << 30;

// An open file; closed once.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor();

  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

// Compresses messages, each to a frame of its own.
class FrameCompressor {
 public:
  FrameCompressor();

  // `level` of zstd.  Valid until the next call.
  Result<Bytes> Compress(Bytes message, int level);

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_CCtx_s, Free> context_;
  std::vector<std::uint8_t> out_;
};

// Takes a file apart.  Memory is bounded by one compressed and one decompressed message.
class FrameReader {
 public:
  static Result<FrameReader> Open(const std::string& path);
  // `bytes` must outlive the reader.
  static FrameReader FromBytes(Bytes bytes);

  // The next message, in `spare` where it fits; nothing at the end of the file.
  Result<std::optional<ChunkBuffer>> Next(ChunkBuffer spare = {});

  // Of the frame that Next gave last.
  std::uint64_t offset() const { return offset_; }
  std::uint64_t compressed_size() const { return compressed_size_; }

 private:
  struct Free {
    void operator()(ZSTD_DCtx_s* context) const;
  };

  FrameReader();
  // Up to `size` bytes from the current position; fewer only at the end of the file.
  Result<Bytes> Peek(std::size_t size);
  // Reads on, so that `size` bytes are in the window where the file has them.
  Status Fill(std::size_t size);
  Result<std::size_t> ContentSize();
  // The whole compressed frame.
  Result<Bytes> WholeFrame(std::size_t content_size);

  std::unique_ptr<ZSTD_DCtx_s, Free> context_;
  FileDescriptor file_;
  Bytes source_;                            // all of it, without a file
  std::unique_ptr<std::uint8_t[]> window_;  // of the file: what was read and not taken yet
  std::size_t window_size_ = 0;
  std::size_t window_begin_ = 0;
  std::size_t window_end_ = 0;
  bool end_of_file_ = false;
  std::uint64_t offset_ = 0;
  std::uint64_t compressed_size_ = 0;
  std::uint64_t content_bytes_ = 0;
};

}  // namespace nicreplay
