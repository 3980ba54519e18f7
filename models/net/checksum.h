// SPDX-License-Identifier: MIT
// The Internet checksum (RFC 1071) of frames.
//
// QEMU adds the big-endian 16-bit words of a buffer as a plain integer S (the last byte of an odd
// buffer is a high byte; S cannot overflow 32 bits up to 64 KiB) and folds S only at the end.
// Folding n > 0xffff to (n & 0xffff) + (n >> 16) keeps n mod 0xffff and never turns a positive n
// into 0, so the folded value is 0 when S is 0, and else the one number of 1..0xffff that is
// congruent to S.  ChecksumAdd may therefore return any sum that is congruent to S and is 0 exactly
// when S is: the finished value is QEMU's for every buffer.
#pragma once

#include <cstdint>

#include "models/device.h"

namespace nicreplay {

// At most 0xffff; 0 only if all bytes are 0.  Sums of pieces may be added, each piece but the last
// of even size, up to 65537 of them.
std::uint32_t ChecksumAdd(Bytes bytes);

// The complement of the folded sum, as it is stored big-endian in a header.
std::uint16_t ChecksumFinish(std::uint32_t sum);

// As UDP wants it (RFC 768): a checksum of 0 is sent as 0xffff.
std::uint16_t ChecksumFinishNonzero(std::uint32_t sum);

}  // namespace nicreplay
