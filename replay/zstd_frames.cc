// SPDX-License-Identifier: MIT
#include "replay/zstd_frames.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace nicreplay {

namespace {

// RFC 8878, 3.1.1: the magic number, then the descriptor with the checksum flag.
constexpr std::uint8_t kMagic[4] = {0x28, 0xb5, 0x2f, 0xfd};
constexpr std::uint8_t kChecksumFlag = 0x04;
constexpr std::size_t kMaxFrameHeader = 18;
// Most files are read whole at once.
constexpr std::size_t kRead = 1u << 20;
// A window over the whole message, so that a payload that the guest sends again costs nothing.
constexpr int kMinWindowLog = 10;
constexpr int kMaxWindowLog = std::countr_zero(kMaxChunkBytes);

Error IoError(const std::string& what) {
  return {ErrorCode::kIo, fmt::format("{}: {}", what, std::strerror(errno)), {}, {}};
}

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) close(fd_);
}

void FrameCompressor::Free::operator()(ZSTD_CCtx_s* context) const { ZSTD_freeCCtx(context); }

FrameCompressor::FrameCompressor() : context_(ZSTD_createCCtx()) {
  if (context_ == nullptr) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_contentSizeFlag, 1);
}

Result<Bytes> FrameCompressor::Compress(Bytes message, int level) {
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level);
  const int window_log = static_cast<int>(std::bit_width(std::max<std::size_t>(message.size(), 1)));
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_windowLog,
                         std::clamp(window_log, kMinWindowLog, kMaxWindowLog));
  out_.resize(std::max(out_.size(), ZSTD_compressBound(message.size())));
  const std::size_t size =
      ZSTD_compress2(context_.get(), out_.data(), out_.size(), message.data(), message.size());
  if (ZSTD_isError(size)) return Fail(ErrorCode::kIo, ZSTD_getErrorName(size));
  return Bytes(out_.data(), size);
}

void FrameReader::Free::operator()(ZSTD_DCtx_s* context) const { ZSTD_freeDCtx(context); }

FrameReader::FrameReader() : context_(ZSTD_createDCtx()) {
  if (context_ == nullptr) throw std::bad_alloc();
}

Result<FrameReader> FrameReader::Open(const std::string& path) {
  FrameReader reader;
  reader.file_ = FileDescriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (reader.file_.get() < 0) return tl::make_unexpected(IoError("cannot open " + path));
  return reader;
}

FrameReader FrameReader::FromBytes(Bytes bytes) {
  FrameReader reader;
  reader.source_ = bytes;
  return reader;
}

Result<Bytes> FrameReader::Peek(std::size_t size) {
  if (file_.get() < 0)
    return source_.subspan(offset_).first(std::min(size, source_.size() - offset_));
  if (window_end_ - window_begin_ < size && !end_of_file_) {
    if (Status filled = Fill(size); !filled) return tl::make_unexpected(filled.error());
  }
  return Bytes(window_.get() + window_begin_, std::min(size, window_end_ - window_begin_));
}

Status FrameReader::Fill(std::size_t size) {
  const std::size_t room = std::max(size, kRead);
  const std::size_t have = window_end_ - window_begin_;
  if (room > window_size_) {
    std::unique_ptr<std::uint8_t[]> larger(new std::uint8_t[room]);
    std::copy_n(window_.get() + window_begin_, have, larger.get());
    window_ = std::move(larger);
    window_size_ = room;
  } else {
    std::copy_n(window_.get() + window_begin_, have, window_.get());
  }
  window_begin_ = 0;
  window_end_ = have;
  while (window_end_ < window_size_) {
    const ssize_t got = read(file_.get(), window_.get() + window_end_, window_size_ - window_end_);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return tl::make_unexpected(IoError("cannot read"));
    if (got == 0) break;
    window_end_ += static_cast<std::size_t>(got);
  }
  end_of_file_ = window_end_ < window_size_;
  return Ok();
}

Result<std::size_t> FrameReader::ContentSize() {
  const Result<Bytes> head = Peek(kMaxFrameHeader);
  if (!head) return tl::make_unexpected(head.error());
  const std::size_t magic = std::min(head->size(), sizeof kMagic);
  if (!std::equal(kMagic, kMagic + magic, head->begin())) {
    return Fail(ErrorCode::kCorrupt, offset_ == 0 ? "not a trace: no zstd frame at its start"
                                                  : "no zstd frame where one should start");
  }
  const unsigned long long size = ZSTD_getFrameContentSize(head->data(), head->size());
  if (size == ZSTD_CONTENTSIZE_ERROR) {
    if (head->size() < kMaxFrameHeader) {
      return Fail(ErrorCode::kTruncated, "the file ends inside a chunk");
    }
    return Fail(ErrorCode::kCorrupt, "a malformed zstd frame header");
  }
  if (size == ZSTD_CONTENTSIZE_UNKNOWN) return Fail(ErrorCode::kCorrupt, "a chunk without a size");
  if (((*head)[sizeof kMagic] & kChecksumFlag) == 0) {
    return Fail(ErrorCode::kCorrupt, "a chunk without a checksum");
  }
  if (size > kMaxChunkBytes) return Fail(ErrorCode::kTooLarge, "a chunk over 64 MiB");
  if (content_bytes_ + size > kMaxTraceBytes) {
    return Fail(ErrorCode::kTooLarge, "a trace over 8 GiB");
  }
  return static_cast<std::size_t>(size);
}

Result<Bytes> FrameReader::WholeFrame(std::size_t content_size) {
  const std::size_t bound = ZSTD_compressBound(content_size) + kMaxFrameHeader;
  for (std::size_t want = std::min(kRead, bound);; want = std::min(want * 2, bound)) {
    const Result<Bytes> bytes = Peek(want);
    if (!bytes) return tl::make_unexpected(bytes.error());
    const std::size_t size = ZSTD_findFrameCompressedSize(bytes->data(), bytes->size());
    if (!ZSTD_isError(size)) return bytes->first(size);
    if (ZSTD_getErrorCode(size) != ZSTD_error_srcSize_wrong) {
      return Fail(ErrorCode::kCorrupt, ZSTD_getErrorName(size));
    }
    if (bytes->size() < want) return Fail(ErrorCode::kTruncated, "the file ends inside a chunk");
    if (want == bound) return Fail(ErrorCode::kCorrupt, "a chunk longer than its content can be");
  }
}

Result<std::optional<ChunkBuffer>> FrameReader::Next(ChunkBuffer message) {
  offset_ += compressed_size_;
  window_begin_ += file_.get() < 0 ? 0 : compressed_size_;
  compressed_size_ = 0;
  const Result<Bytes> first = Peek(1);
  if (!first) return tl::make_unexpected(first.error());
  if (first->empty()) return std::nullopt;
  const Result<std::size_t> content_size = ContentSize();
  if (!content_size) return tl::make_unexpected(content_size.error());
  const Result<Bytes> frame = WholeFrame(*content_size);
  if (!frame) return tl::make_unexpected(frame.error());
  message.Resize(*content_size);
  const std::size_t size = ZSTD_decompressDCtx(context_.get(), message.bytes().data(),
                                               message.size(), frame->data(), frame->size());
  if (ZSTD_isError(size)) return Fail(ErrorCode::kCorrupt, ZSTD_getErrorName(size));
  if (size != message.size()) return Fail(ErrorCode::kCorrupt, "a chunk shorter than it says");
  compressed_size_ = frame->size();
  content_bytes_ += size;
  return message;
}

}  // namespace nicreplay
