// SPDX-License-Identifier: MIT
// What a packet leaves behind in stock's packet buffer, for packets that never were in it.
//
// Stock's engine does not clear its buffer, and a hostile driver gets to see old bytes of it: those
// behind a packet that is too short for a tag or for its destination address to be counted, and
// those behind a packet in whose last bytes a header field begins that segmentation edits (a
// sequence number carries from the old bytes into the new).  No such field ends further back than
// kTracked; bytes beyond are overwritten before anything depends on them.  So at the end of each
// run, and whenever stock's engine takes over, the buffer's first kTracked bytes have to be what
// stock would have left there, checksums included.  Doing that for the latest packet alone costs
// little where many are sent at once.
#pragma once

#include <cstdint>

#include "models/device.h"
#include "models/net/segment.h"

namespace nicreplay::e1000 {

class Residue {
 public:
  // A sequence number at TUCSS = 255, 4 bytes from offset 4.
  static constexpr std::size_t kTracked = 255 + 4 + 4;

  // `frame` was sent; its wire frames cover kTracked bytes, so nothing older counts.  Its pieces
  // stay valid until Settle or Forget.
  void Remember(const Frame& frame) {
    frame_ = frame;
    newer_ = 0;
    pending_ = true;
  }
  // Another packet put `size` bytes into the buffer after that.
  void Cover(std::size_t size) { newer_ = std::max(newer_, size); }
  void Forget() { pending_ = false; }
  void Clear() {
    Forget();
    newer_ = 0;
    segmenter_.Forget();
  }

  // Puts into `buffer` what stock would have left in it.
  void Settle(std::uint8_t* buffer);

 private:
  void Copy(std::size_t wire_frame, std::uint8_t* buffer);

  Frame frame_;
  std::size_t newer_ = 0;  // bytes of the buffer that are up to date
  bool pending_ = false;
  Segmenter segmenter_;
};

}  // namespace nicreplay::e1000
