// SPDX-License-Identifier: MIT
#include "replay/backends/pcapng.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace nicreplay {

namespace {

// Sections of the draft.  Blocks are in the byte order of their section header, ours.
struct SectionHeader {  // 4.1
  std::uint32_t type = 0x0a0d0d0a;
  std::uint32_t length = sizeof(SectionHeader);
  std::uint32_t byte_order = 0x1a2b3c4d;
  std::uint16_t major = 1;
  std::uint16_t minor = 0;
  std::int32_t section_length[2] = {-1, -1};  // 64 bits: not known
  std::uint32_t length_again = sizeof(SectionHeader);
};
static_assert(sizeof(SectionHeader) == 28);

struct InterfaceDescription {  // 4.2
  std::uint32_t type = 1;
  std::uint32_t length = sizeof(InterfaceDescription);
  std::uint16_t link_type = 1;  // Ethernet
  std::uint16_t reserved = 0;
  std::uint32_t snap_length = 0;  // no limit
  std::uint16_t resolution_option = 9;
  std::uint16_t resolution_length = 1;
  std::uint32_t resolution = 9;  // 10^-9 seconds, and padding
  std::uint32_t end_of_options = 0;
  std::uint32_t length_again = sizeof(InterfaceDescription);
};
static_assert(sizeof(InterfaceDescription) == 32);

struct EnhancedPacket {  // 4.3, up to the bytes of the packet
  std::uint32_t type = 6;
  std::uint32_t length = 0;
  std::uint32_t interface = 0;
  std::uint32_t time_high = 0;
  std::uint32_t time_low = 0;
  std::uint32_t captured = 0;
  std::uint32_t original = 0;
};
static_assert(sizeof(EnhancedPacket) == 28);

struct EnhancedPacketEnd {
  std::uint16_t flags_option = 2;
  std::uint16_t flags_length = 4;
  std::uint32_t flags = 0;  // 1 inbound, 2 outbound
  std::uint32_t end_of_options = 0;
  std::uint32_t length_again = 0;
};
static_assert(sizeof(EnhancedPacketEnd) == 16);

}  // namespace

Result<std::unique_ptr<PcapngBackend>> PcapngBackend::Create(const std::string& path,
                                                             std::function<Nanoseconds()> now,
                                                             std::uint64_t limit) {
  std::FILE* const file = std::fopen(path.c_str(), "wbe");
  if (file == nullptr) {
    return Fail(ErrorCode::kIo, fmt::format("{}: {}", path, std::strerror(errno)));
  }
  std::unique_ptr<PcapngBackend> backend(new PcapngBackend(file, path, std::move(now), limit));
  if (auto written = backend->WritePreamble(); !written) {
    return tl::make_unexpected(written.error());
  }
  return backend;
}

Status PcapngBackend::Put(const void* data, std::size_t size) {
  if (size == 0 || std::fwrite(data, size, 1, file_.get()) == 1) return Ok();
  return Fail(ErrorCode::kIo, fmt::format("{}: {}", path_, std::strerror(errno)));
}

Status PcapngBackend::WritePreamble() {
  const SectionHeader section;
  const InterfaceDescription interface;
  Status written = Put(&section, sizeof section);
  return written ? Put(&interface, sizeof interface) : written;
}

Status PcapngBackend::WritePacket(const Frame& frame) {
  const auto size = static_cast<std::uint32_t>(frame.size());
  const std::uint32_t padding = (4 - size % 4) % 4;
  const Nanoseconds time = now_();
  EnhancedPacket begin;
  EnhancedPacketEnd end;
  begin.length = static_cast<std::uint32_t>(sizeof begin + sizeof end) + size + padding;
  begin.time_high = static_cast<std::uint32_t>(time >> 32);
  begin.time_low = static_cast<std::uint32_t>(time);
  begin.captured = begin.original = size;
  end.flags = static_cast<std::uint32_t>(direction_);
  end.length_again = begin.length;
  if (begin.length > left_) {
    return Fail(ErrorCode::kTooLarge, fmt::format("{}: more than may be written", path_));
  }
  left_ -= begin.length;
  Status written = Put(&begin, sizeof begin);
  for (const Bytes& piece : frame.pieces) {
    if (written) written = Put(piece.data(), piece.size());
  }
  static constexpr std::array<std::uint8_t, 4> kZeros{};
  if (written) written = Put(kZeros.data(), padding);
  return written ? Put(&end, sizeof end) : written;
}

Result<SendResult> PcapngBackend::SendWhole(const Frame& frame) {
  if (auto written = WritePacket(frame); !written) return tl::make_unexpected(written.error());
  return SendResult::kSent;
}

Status PcapngBackend::Received(const Frame& frame) {
  direction_ = Direction::kIn;
  auto written = Send(frame);
  direction_ = Direction::kOut;
  if (!written) return tl::make_unexpected(written.error());
  return Ok();
}

Status PcapngBackend::Finish() {
  if (std::fclose(file_.release()) == 0) return Ok();
  return Fail(ErrorCode::kIo, fmt::format("{}: {}", path_, std::strerror(errno)));
}

}  // namespace nicreplay
