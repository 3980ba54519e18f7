// SPDX-License-Identifier: MIT
// Transmit queues (virtio 1.2, 5.1.6.2).
#include <cstring>

#include "models/virtio/net_device.h"

namespace nicreplay::virtio {

void NetDevice::DropAll(Queue& queue) {
  if (IsStopped()) return;
  const Dropped dropped = queue.DropAll(memory());
  if (dropped.broken) Break();
  if (dropped.count != 0) Interrupt(queue);
}

// QEMU's bottom half, run to its end: bursts until the ring is empty, notifications off meanwhile,
// and one more look after they are back on.
void NetDevice::Transmit(std::uint32_t number) {
  Queue& ring = queue(number);
  const auto pair = static_cast<std::uint16_t>(number / 2);
  if (!IsLinkUp()) {
    DropAll(ring);
    return;
  }
  ring.SetNotification(memory(), Wanted::kNo);
  std::uint32_t total = 0;
  while (IsRunning() && total < kMaxElementsAtOnce) {
    const Pass pass = TransmitPass(ring, pair);
    if (pass.broken) return;
    total += pass.sent;
    if (pass.sent >= kTransmitBurst) continue;
    ring.SetNotification(memory(), Wanted::kYes);
    const Pass again = TransmitPass(ring, pair);
    if (again.broken || again.sent == 0) return;
    total += again.sent;
    ring.SetNotification(memory(), Wanted::kNo);
  }
}

NetDevice::Pass NetDevice::TransmitPass(Queue& queue, std::uint16_t pair) {
  Pass pass;
  while (pass.sent < kTransmitBurst && Take(queue, &element_)) {
    if (Send(pair) == Sent::kBroken) {
      Break();
      queue.Forget(element_);
      pass.broken = true;
      break;
    }
    queue.GiveBack(memory(), element_, 0);
    Interrupt(queue);
    ++pass.sent;
  }
  return pass;
}

// A packet must have a header and something behind it (5.1.6.2).
NetDevice::Sent NetDevice::Send(std::uint16_t pair) {
  const std::uint64_t total = element_.out().size();
  if (total < header_size_) return Sent::kBroken;
  const std::uint64_t size = total - header_size_;
  const bool plain = settings_.backend == Backend::kPlain;
  if (size == 0) return plain ? Sent::kBroken : Sent::kYes;
  // Longer packets get lost on the way.
  if ((plain ? size : total) <= kMaxFrame) HandToNetwork(static_cast<std::size_t>(size), pair);
  return Sent::kYes;
}

void NetDevice::HandToNetwork(std::size_t size, std::uint16_t pair) {
  const MutableBytes packet = MutableBytes(packet_).first(size);
  element_.out().Read(memory(), header_size_, packet);
  Offload offload;
  if (settings_.backend == Backend::kOffloads) {
    std::array<std::uint8_t, kShortHeader> header{};
    element_.out().Read(memory(), 0, header);
    std::memcpy(&offload, header.data(), header.size());
  }
  if (multiqueue_) flows_.Learn(ParseFlow(packet.first(std::min(size, kFlowBytes))), pair);
  const Bytes pieces[] = {packet};
  host_.Transmit({pieces, offload});
}

}  // namespace nicreplay::virtio
