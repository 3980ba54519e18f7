// SPDX-License-Identifier: MIT
// virtio-net as Linux's virtio_net drives it: the modern interface, a vector for each queue, split
// rings with EVENT_IDX, indirect tables, receive buffers of a page that are merged, offloads where
// the device has them.  Where it has none, packets are cut and completed here, which Linux's
// network stack does then.
#pragma once

#include <vector>

#include "models/net/segment.h"
#include "models/virtio/driver.h"
#include "models/virtio/net_spec.h"
#include "replay/bench/bus.h"
#include "replay/bench/native_driver.h"
#include "replay/bench/virtio_queue.h"

namespace nicreplay::bench {

class VirtioDriver final : public NativeDriver, private virtio::DriverBus {
 public:
  static constexpr GuestAddress kRxRing = kDriverMemory;
  static constexpr GuestAddress kTxRing = kRxRing + 0x4000;
  static constexpr GuestAddress kTables = kDriverMemory + 0x10000;
  static constexpr GuestAddress kRxBuffers = kDriverMemory + 0x40000;
  static constexpr std::uint32_t kBufferSize = 4096;
  static constexpr GuestAddress kSegments = kRxBuffers + VirtioQueue::kSize * kBufferSize;
  static constexpr std::uint32_t kSegmentSize = 2048;

  VirtioDriver(Bus& bus, MutableBytes ram);

  void Start() override;
  // Packets are as virtio wants them.
  void Prepare(const TransmitPacket&) override {}
  Posted Send(const TransmitPacket& packet) override;
  std::size_t transmits_pending() override;
  void Service() override;
  std::size_t receive_capacity() const override { return VirtioQueue::kSize - kRefill; }

 private:
  enum QueueNumber : std::uint16_t { kReceiveQueue, kTransmitQueue };

  static constexpr std::uint16_t kBudget = 64;            // packets between two looks at the ring
  static constexpr std::uint16_t kRefill = kBudget / 2;   // buffers that are not yet given back
  static constexpr std::uint32_t kFragmentSize = 0x8000;  // that TCP puts a stream into
  static constexpr std::uint32_t kMaxPieces = 32;
  static constexpr std::uint32_t kTableSize = kMaxPieces * virtio::kDescriptorSize;
  static_assert(kTables + VirtioQueue::kSize * kTableSize <= kRxBuffers);
  // The first packet's virtio header precedes it.
  static_assert(kSegments + VirtioQueue::kSize * kSegmentSize + virtio::kHeader <= kPacketMemory);

  // virtio::DriverBus
  std::uint64_t Read(const Access& access) override { return bus_.Read(access); }
  void Write(const Access& access, std::uint64_t value) override { bus_.Write(access, value); }
  std::uint32_t ConfigRead(std::uint8_t offset, std::uint8_t size) override {
    return bus_.ConfigRead(offset, size);
  }
  void ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint32_t value) override {
    bus_.ConfigWrite(offset, size, value);
  }
  void WriteMemory(GuestAddress address, Bytes bytes) override {
    std::memcpy(&ram_[address], bytes.data(), bytes.size());
  }

  void PutHeader(GuestAddress at, const Offload& offload);
  void PutPacket(const TransmitPacket& packet);
  void PutSegments(const TransmitPacket& packet);
  void PutSegment(std::span<const Bytes> pieces);
  void Reclaim();
  void Refill();
  // At most kBudget packets; whether that were all.
  bool TakeReceived();
  bool TakePacket();
  void CountPacket(const Offload& offload);

  Bus& bus_;
  const MutableBytes ram_;
  virtio::Driver device_;
  virtio::Features features_;
  VirtioQueue rx_;
  VirtioQueue tx_;
  Segmenter segmenter_;
  std::vector<Bytes> pieces_;  // of the packet at hand
};

}  // namespace nicreplay::bench
