// SPDX-License-Identifier: MIT
#include "fuzz/receive_checksums.h"

#include <algorithm>
#include <vector>

#include "models/e1000/descriptors.h"
#include "models/net/byte_order.h"
#include "models/net/checksum.h"

namespace nicreplay {

namespace {

namespace rxd = e1000::rxd;

constexpr std::uint8_t kClaim = rxd::kIPCS | rxd::kTCPCS;
constexpr std::size_t kStatus = offsetof(e1000::RxDescriptor, status);

bool Deserves(const Frame& frame) {
  if (frame.pieces.size() == 1) return ChecksumsHold(frame.pieces.front());
  std::vector<std::uint8_t> whole;
  for (const Bytes& piece : frame.pieces) whole.insert(whole.end(), piece.begin(), piece.end());
  return ChecksumsHold(Bytes(whole));
}

}  // namespace

bool ChecksumsHold(Bytes frame) {
  std::size_t network = 14;
  if (frame.size() >= network && LoadBe16(&frame[12]) == 0x8100) network += 4;
  if (frame.size() < network + 20 || LoadBe16(&frame[network - 2]) != 0x0800) return false;
  const Bytes ip = frame.subspan(network);
  const std::size_t header = (ip[0] & 0xfu) * std::size_t{4};
  const std::size_t total = LoadBe16(&ip[2]);
  if (ip[0] >> 4 != 4 || header < 20 || total < header || total > ip.size()) return false;
  if ((LoadBe16(&ip[6]) & 0x3fff) != 0) return false;
  if (ChecksumFinish(ChecksumAdd(ip.first(header))) != 0) return false;
  const Bytes transport = ip.subspan(header, total - header);
  if (ip[9] == 17) {
    if (transport.size() < 8 || LoadBe16(&transport[6]) == 0) return false;
  } else if (ip[9] != 6 || transport.size() < 20) {
    return false;
  }
  const std::uint32_t pseudo =
      ChecksumAdd(ip.subspan(12, 8)) + ip[9] + static_cast<std::uint32_t>(transport.size());
  return ChecksumFinish(pseudo + ChecksumAdd(transport)) == 0;
}

void CheckedStatus::OnRead(GuestAddress address, Bytes data) {
  if (data.size() != read_.size()) return;
  address_ = address;
  std::ranges::copy(data, read_.begin());
}

bool CheckedStatus::Declare(const Frame& frame, GuestAddress address, Bytes data,
                            Descriptor& out) const {
  const bool whole = address == address_ && data.size() == read_.size();
  const bool alone = address == address_ + kStatus && data.size() == 1;
  if (!whole && !alone) return false;
  // A descriptor without a buffer is passed over, whatever was in its status.
  const auto buffer = Bytes(read_).first(sizeof(e1000::RxDescriptor::buffer_address));
  if (std::ranges::all_of(buffer, [](std::uint8_t byte) { return byte == 0; })) return false;
  const std::size_t at = whole ? kStatus : 0;
  const std::uint8_t status = data[at];
  constexpr std::uint8_t kUnchecked = rxd::kEOP | rxd::kIXSM;
  if ((status & kUnchecked) != kUnchecked || !Deserves(frame)) return false;
  std::ranges::copy(data, out.begin());
  // What the driver left in the status stays there.
  const auto others = static_cast<std::uint8_t>(status & ~rxd::kIXSM);
  out[at] = static_cast<std::uint8_t>(others | (read_[kStatus] & rxd::kIXSM) | kClaim);
  return true;
}

}  // namespace nicreplay
