// SPDX-License-Identifier: MIT
#include "models/net/segment.h"

#include <algorithm>
#include <cstring>

#include "models/net/byte_order.h"
#include "models/net/checksum.h"

namespace nicreplay {

namespace {

constexpr std::size_t kEthernet = 14;
constexpr std::size_t kTag = 4;
constexpr std::size_t kMaxTags = 8;
constexpr std::size_t kIpv4Header = 20;
constexpr std::size_t kIpv6Header = 40;
constexpr std::size_t kTcpHeader = 20;
constexpr std::size_t kUdpHeader = 8;
constexpr std::size_t kTcpChecksum = 16;
constexpr std::size_t kUdpChecksum = 6;

constexpr std::uint16_t kTypeIpv4 = 0x0800;
constexpr std::uint16_t kTypeIpv6 = 0x86dd;
constexpr std::uint8_t kProtocolTcp = 6;
constexpr std::uint8_t kProtocolUdp = 17;

constexpr std::uint16_t kDontFragment = 0x4000;
constexpr std::uint16_t kMoreFragments = 0x2000;

constexpr std::uint8_t kFin = 0x01;
constexpr std::uint8_t kPsh = 0x08;
constexpr std::uint8_t kCwr = 0x80;

bool IsTag(std::uint16_t type) { return type == 0x8100 || type == 0x88a8; }

// IPv6 headers that may come before TCP: hop-by-hop options, routing, destination options.
bool IsExtension(std::uint8_t protocol) {
  return protocol == 0 || protocol == 43 || protocol == 60;
}

std::uint8_t GsoKind(const Offload& offload) {
  return static_cast<std::uint8_t>(offload.gso_type & ~Offload::kGsoEcn);
}

std::uint16_t Finish(std::uint32_t sum) { return ChecksumFinishNonzero(sum); }

}  // namespace

const char* OffloadFaultName(OffloadFault fault) {
  switch (fault) {
    case OffloadFault::kNone:
      return "none";
    case OffloadFault::kKind:
      return "kind of offload";
    case OffloadFault::kSegmentSize:
      return "segment size";
    case OffloadFault::kHeaders:
      return "headers";
    case OffloadFault::kLength:
      return "IP length";
    case OffloadFault::kIpChecksum:
      return "IP header checksum";
    case OffloadFault::kChecksumPlace:
      return "place of the checksum";
  }
  return "unknown";
}

OffloadSet OffloadsNeeded(const Offload& offload) {
  OffloadSet needed = 0;
  if ((offload.flags & Offload::kNeedsChecksum) != 0) needed |= kOffloadChecksum;
  if (offload.gso_type == Offload::kGsoNone) return needed;
  needed |= kOffloadChecksum;
  if ((offload.gso_type & Offload::kGsoEcn) != 0) needed |= kOffloadEcn;
  switch (GsoKind(offload)) {
    case Offload::kGsoTcp4:
      return needed | kOffloadTcp4;
    case Offload::kGsoTcp6:
      return needed | kOffloadTcp6;
    case Offload::kGsoUdp:
      return needed | kOffloadUdp;
    default:
      return kOffloadAll;
  }
}

OffloadFault Segmenter::Parse(const Frame& frame) {
  pieces_ = frame.pieces;
  size_ = frame.size();
  count_ = 0;
  OffloadFault fault = OffloadFault::kNone;
  if (frame.offload.gso_type != Offload::kGsoNone) {
    fault = ParseHeaders(frame, frame.offload);
  } else if ((frame.offload.flags & Offload::kNeedsChecksum) != 0) {
    fault = ParseChecksum(frame, frame.offload);
  } else {
    form_ = Form::kWhole;
    count_ = 1;
  }
  if (fault != OffloadFault::kNone) count_ = 0;
  return fault;
}

OffloadFault Segmenter::ParseChecksum(const Frame& frame, const Offload& offload) {
  checksum_ = std::size_t{offload.checksum_start} + offload.checksum_offset;
  if (checksum_ + 2 > frame.size()) return OffloadFault::kChecksumPlace;
  form_ = Form::kChecksum;
  count_ = 1;
  finished_ = Finish(Sum(offload.checksum_start, size_ - offload.checksum_start));
  StoreBe16(field_.data(), finished_);
  return OffloadFault::kNone;
}

OffloadFault Segmenter::ParseHeaders(const Frame& frame, const Offload& offload) {
  if (offload.gso_size == 0 || offload.gso_size == 0xffff) return OffloadFault::kSegmentSize;
  if ((offload.flags & Offload::kNeedsChecksum) == 0) return OffloadFault::kChecksumPlace;
  if (offload.header_length > size_) return OffloadFault::kHeaders;
  std::size_t have = 0;
  for (const Bytes& piece : frame.pieces) {
    const std::size_t part = std::min(piece.size(), kMaxHeader - have);
    if (part > 0) std::memcpy(&original_[have], piece.data(), part);
    have += part;
  }
  if (auto fault = ParseIp(have); fault != OffloadFault::kNone) return fault;
  if (offload.checksum_start != transport_) return OffloadFault::kChecksumPlace;
  segment_ = offload.gso_size;
  switch (offload.gso_type) {
    case Offload::kGsoTcp4:
    case Offload::kGsoTcp4 | Offload::kGsoEcn:
      return ipv6_ ? OffloadFault::kKind : ParseTcp(offload, have);
    case Offload::kGsoTcp6:
    case Offload::kGsoTcp6 | Offload::kGsoEcn:
      return ipv6_ ? ParseTcp(offload, have) : OffloadFault::kKind;
    case Offload::kGsoUdp:
      return ipv6_ ? OffloadFault::kKind : ParseUdp(offload, have);
    default:
      return OffloadFault::kKind;
  }
}

// Finds the IP and the transport header in the first `size` bytes.
OffloadFault Segmenter::ParseIp(std::size_t size) {
  network_ = kEthernet;
  for (std::size_t tags = 0; tags < kMaxTags; ++tags) {
    if (size < network_ || !IsTag(LoadBe16(&original_[network_ - 2]))) break;
    network_ += kTag;
  }
  if (size < network_ + kIpv4Header) return OffloadFault::kHeaders;
  const std::uint8_t* ip = &original_[network_];
  const std::uint16_t type = LoadBe16(ip - 2);
  ipv6_ = type == kTypeIpv6;
  if (ipv6_) {
    if (size < network_ + kIpv6Header || ip[0] >> 4 != 6) return OffloadFault::kHeaders;
    std::uint8_t protocol = ip[6];
    transport_ = network_ + kIpv6Header;
    while (IsExtension(protocol)) {
      if (size < transport_ + 8) return OffloadFault::kHeaders;
      protocol = original_[transport_];
      transport_ += (original_[transport_ + 1] + std::size_t{1}) * 8;
    }
    if (protocol != kProtocolTcp) return OffloadFault::kHeaders;
    if (LoadBe16(ip + 4) != size_ - network_ - kIpv6Header) return OffloadFault::kLength;
    return OffloadFault::kNone;
  }
  const std::size_t length = (ip[0] & 0xfu) * std::size_t{4};
  if (type != kTypeIpv4 || ip[0] >> 4 != 4 || length < kIpv4Header || size < network_ + length) {
    return OffloadFault::kHeaders;
  }
  if ((LoadBe16(ip + 6) & ~kDontFragment) != 0) return OffloadFault::kHeaders;
  if (LoadBe16(ip + 2) != size_ - network_) return OffloadFault::kLength;
  if (ChecksumFinish(ChecksumAdd({ip, length})) != 0) return OffloadFault::kIpChecksum;
  transport_ = network_ + length;
  return OffloadFault::kNone;
}

OffloadFault Segmenter::ParseTcp(const Offload& offload, std::size_t size) {
  if (!ipv6_ && original_[network_ + 9] != kProtocolTcp) return OffloadFault::kHeaders;
  if (size < transport_ + kTcpHeader) return OffloadFault::kHeaders;
  const std::size_t length = (original_[transport_ + 12] >> 4) * std::size_t{4};
  if (length < kTcpHeader || size < transport_ + length) return OffloadFault::kHeaders;
  if (offload.checksum_offset != kTcpChecksum) return OffloadFault::kChecksumPlace;
  header_ = transport_ + length;
  const std::size_t payload = size_ - header_;
  // Too little to cut is a frame that lacks its checksum, and nothing else.
  if (payload <= segment_) return ParseChecksum(Frame{pieces_, {}}, offload);
  form_ = Form::kTcp;
  count_ = (payload + segment_ - 1) / segment_;
  return OffloadFault::kNone;
}

OffloadFault Segmenter::ParseUdp(const Offload& offload, std::size_t size) {
  const std::uint8_t* ip = &original_[network_];
  if (ip[9] != kProtocolUdp) return OffloadFault::kHeaders;
  if (size < transport_ + kUdpHeader) return OffloadFault::kHeaders;
  if (offload.checksum_offset != kUdpChecksum) return OffloadFault::kChecksumPlace;
  if (segment_ % 8 != 0) return OffloadFault::kSegmentSize;
  header_ = transport_;
  const std::size_t datagram = size_ - transport_;
  if (LoadBe16(&original_[transport_ + 4]) != datagram) return OffloadFault::kLength;
  if (datagram <= segment_) return ParseChecksum(Frame{pieces_, {}}, offload);
  form_ = Form::kFragments;
  count_ = (datagram + segment_ - 1) / segment_;
  checksum_ = transport_ + kUdpChecksum;
  // The kernel sums the datagram anew, whatever stands in the field.
  const std::uint32_t addresses = ChecksumAdd({ip + 12, 8});
  const std::uint32_t field = LoadBe16(&original_[checksum_]);
  finished_ = Finish(addresses + kProtocolUdp + static_cast<std::uint32_t>(datagram) +
                     Sum(transport_, datagram) + (0xffff - field));
  StoreBe16(field_.data(), finished_);
  return OffloadFault::kNone;
}

std::size_t Segmenter::PayloadOf(std::size_t index) const {
  return std::min(segment_, size_ - header_ - index * segment_);
}

std::size_t Segmenter::SizeOf(std::size_t index) const {
  if (form_ == Form::kWhole || form_ == Form::kChecksum) return size_;
  return header_ + PayloadOf(index);
}

// The sum of bytes of the frame, as if they started at an even offset.
std::uint32_t Segmenter::Sum(std::size_t from, std::size_t size) const {
  std::uint32_t sum = 0;
  bool odd = false;
  for (const Bytes& piece : pieces_) {
    if (size == 0) break;
    if (from >= piece.size()) {
      from -= piece.size();
      continue;
    }
    const Bytes part = piece.subspan(from, std::min(size, piece.size() - from));
    from = 0;
    size -= part.size();
    std::uint32_t partial = ChecksumAdd(part);
    if (odd) partial = (partial >> 8 | partial << 8) & 0xffff;
    sum += partial;
    sum = (sum & 0xffff) + (sum >> 16);
    odd ^= part.size() % 2 != 0;
  }
  return sum;
}

// Bytes of the frame where they lie, as pieces of the segment.
void Segmenter::Append(std::size_t from, std::size_t size) {
  for (const Bytes& piece : pieces_) {
    if (size == 0) return;
    if (from >= piece.size()) {
      from -= piece.size();
      continue;
    }
    const Bytes part = piece.subspan(from, std::min(size, piece.size() - from));
    from = 0;
    size -= part.size();
    out_.push_back(part);
  }
}

void Segmenter::EditIp(std::size_t index, std::size_t size) {
  std::uint8_t* ip = &edited_[network_];
  if (ipv6_) {
    StoreBe16(ip + 4, static_cast<std::uint32_t>(size - network_ - kIpv6Header));
    return;
  }
  StoreBe16(ip + 2, static_cast<std::uint32_t>(size - network_));
  if (form_ == Form::kTcp) {
    StoreBe16(ip + 4, static_cast<std::uint32_t>(LoadBe16(ip + 4) + index));
  } else {
    const std::size_t offset = index * segment_ / 8;
    StoreBe16(ip + 6,
              static_cast<std::uint32_t>(offset | (index + 1 < count_ ? kMoreFragments : 0u)));
  }
  StoreBe16(ip + 10, 0);
  StoreBe16(ip + 10, ChecksumFinish(ChecksumAdd({ip, transport_ - network_})));
}

void Segmenter::EditTcp(std::size_t index, std::size_t payload) {
  std::uint8_t* tcp = &edited_[transport_];
  StoreBe32(tcp + 4, static_cast<std::uint32_t>(LoadBe32(tcp + 4) + index * segment_));
  if (index > 0) tcp[13] &= static_cast<std::uint8_t>(~kCwr);
  if (index + 1 < count_) tcp[13] &= static_cast<std::uint8_t>(~(kFin | kPsh));
  // The field has the pseudo-header with the whole length: put the segment's in its place.
  const std::size_t whole = size_ - transport_;
  const std::size_t length = header_ - transport_ + payload;
  const std::uint32_t less = static_cast<std::uint32_t>(whole - length);
  std::uint32_t sum = ChecksumAdd({tcp, header_ - transport_});
  sum += Sum(header_ + index * segment_, payload) + (0xffff - (less & 0xffff));
  StoreBe16(tcp + kTcpChecksum, Finish(sum));
}

std::span<const Bytes> Segmenter::Get(std::size_t index) {
  if (form_ == Form::kWhole) return pieces_;
  out_.clear();
  if (form_ == Form::kChecksum) {
    Append(0, checksum_);
    out_.push_back(field_);
    Append(checksum_ + 2, size_ - checksum_ - 2);
    return out_;
  }
  const std::size_t payload = PayloadOf(index);
  std::memcpy(edited_.data(), original_.data(), header_);
  EditIp(index, header_ + payload);
  if (form_ == Form::kTcp) EditTcp(index, payload);
  out_.push_back(Bytes(edited_).first(header_));
  const std::size_t from = header_ + index * segment_;
  if (form_ == Form::kFragments && index == 0) {
    // segment_ is at least the size of a UDP header.
    Append(from, kUdpChecksum);
    out_.push_back(field_);
    Append(from + kUdpHeader, payload - kUdpHeader);
  } else {
    Append(from, payload);
  }
  return out_;
}

}  // namespace nicreplay
