// SPDX-License-Identifier: MIT
// The header of virtio 1.2, 5.1.6, without num_buffers: what TAPs and packet sockets take and give,
// in native byte order.  (linux/virtio_net.h is not C++.)
#pragma once

#include <cstddef>
#include <cstdint>

#include "models/device.h"

namespace nicreplay {

struct VirtioNetHeader {
  std::uint8_t flags = 0;
  std::uint8_t gso_type = 0;
  std::uint16_t hdr_len = 0;
  std::uint16_t gso_size = 0;
  std::uint16_t csum_start = 0;
  std::uint16_t csum_offset = 0;
};
static_assert(sizeof(VirtioNetHeader) == 10);
static_assert(offsetof(VirtioNetHeader, hdr_len) == 2 && offsetof(VirtioNetHeader, gso_size) == 4);
static_assert(offsetof(VirtioNetHeader, csum_start) == 6 &&
              offsetof(VirtioNetHeader, csum_offset) == 8);

inline VirtioNetHeader EncodeOffload(const Offload& offload) {
  return {offload.flags,    offload.gso_type,       offload.header_length,
          offload.gso_size, offload.checksum_start, offload.checksum_offset};
}

inline Offload DecodeOffload(const VirtioNetHeader& header) {
  return {header.flags,    header.gso_type,   header.hdr_len,
          header.gso_size, header.csum_start, header.csum_offset};
}

}  // namespace nicreplay
