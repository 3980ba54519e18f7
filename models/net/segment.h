// SPDX-License-Identifier: MIT
// Turns a frame with an offload header into the wire frames that it stands for, as the Linux
// kernel does where an interface does not take such frames (generic segmentation offload): the
// meaning of an offload header, for hosts that send such frames and for devices that take them.
//
//  - TCP: every frame has the headers and gso_size bytes of payload, the last one the rest; the
//  IPv4
//    identification counts up, CWR stays in the first frame, FIN and PSH in the last.
//  - UDP (gso_type kGsoUdp): IPv4 fragments of one datagram.  Over IPv6 the kernel invents an
//    identification; such a frame is refused.
//  - A frame with kNeedsChecksum has the sum of its pseudo-header (RFC 9293, 3.1; for a super-frame
//    with its whole length) where the checksum belongs; a finished checksum of 0 becomes 0xffff.
//    (Where the kernel finishes a TCP checksum while it segments, it leaves 0: the same number.)
//
// What a kernel would drop on its way up (a wrong IP length, a wrong IP header checksum) is refused
// here, too.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "models/device.h"

namespace nicreplay {

// Why a frame stands for no wire frames.
enum class OffloadFault : std::uint8_t {
  kNone,
  kKind,           // a gso_type that does not exist, or not for this packet
  kSegmentSize,    // gso_size 0, 0xffff (the kernel's own mark) or, of fragments, not 8 * n
  kHeaders,        // not such a packet, a fragment, or headers that do not fit
  kLength,         // the IP length is not the frame's
  kIpChecksum,     // of the IPv4 header
  kChecksumPlace,  // outside the frame, or not that of the transport header
};

// "segment size", for messages and tests.
const char* OffloadFaultName(OffloadFault fault);

// The kinds of frames that a receiver has to take for this header: 0 for a wire frame.
OffloadSet OffloadsNeeded(const Offload& offload);

class Segmenter {
 public:
  // Ethernet, VLAN tags, IPv6 extensions, TCP options: longer headers are refused.
  static constexpr std::size_t kMaxHeader = 512;

  // Of a frame with few pieces, none of what follows allocates memory.
  Segmenter() { out_.reserve(kUsualPieces); }

  // Points at no frame any more.
  void Forget() {
    out_.clear();
    pieces_ = {};
    count_ = 0;
  }

  // Reads the headers of a frame, whose bytes have to stay as they are while segments are taken.
  // A wire frame is its own only segment.  After a fault there are none.
  OffloadFault Parse(const Frame& frame);

  // Wire frames; at least 1 without a fault.
  std::size_t count() const { return count_; }
  std::size_t SizeOf(std::size_t index) const;
  // Wire frame `index`, below count(), in pieces that are valid until the next call; any order.
  std::span<const Bytes> Get(std::size_t index);

 private:
  static constexpr std::size_t kUsualPieces = 64;

  enum class Form : std::uint8_t { kWhole, kChecksum, kTcp, kFragments };

  OffloadFault ParseHeaders(const Frame& frame, const Offload& offload);
  OffloadFault ParseIp(std::size_t size);
  OffloadFault ParseTcp(const Offload& offload, std::size_t size);
  OffloadFault ParseUdp(const Offload& offload, std::size_t size);
  OffloadFault ParseChecksum(const Frame& frame, const Offload& offload);

  void Append(std::size_t from, std::size_t size);
  std::uint32_t Sum(std::size_t from, std::size_t size) const;
  std::size_t PayloadOf(std::size_t index) const;
  void EditIp(std::size_t index, std::size_t size);
  void EditTcp(std::size_t index, std::size_t payload);

  std::span<const Bytes> pieces_;  // of the frame
  std::vector<Bytes> out_;
  Form form_ = Form::kWhole;
  std::size_t count_ = 0;
  std::size_t size_ = 0;        // of the frame
  std::size_t network_ = 0;     // where the IP header starts
  std::size_t transport_ = 0;   // where the TCP or UDP header starts
  std::size_t header_ = 0;      // bytes that every segment repeats
  std::size_t segment_ = 0;     // bytes of payload a segment
  std::size_t checksum_ = 0;    // where the checksum field is
  std::uint16_t finished_ = 0;  // the checksum of a frame that is not cut, or of a whole datagram
  bool ipv6_ = false;
  std::array<std::uint8_t, kMaxHeader> original_;  // the first bytes of the frame
  std::array<std::uint8_t, kMaxHeader> edited_;
  std::array<std::uint8_t, 2> field_;  // the finished checksum as it is sent
};

}  // namespace nicreplay
