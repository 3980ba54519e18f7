// SPDX-License-Identifier: MIT
// The 8254x as Linux's e1000 drives it: 256 descriptors a ring, data descriptors of 4 KiB, 2 KiB
// buffers, interrupts masked while their causes are worked off.
#pragma once

#include <array>

#include "models/e1000/descriptors.h"
#include "replay/bench/bus.h"
#include "replay/bench/native_driver.h"

namespace nicreplay::bench {

class E1000Driver final : public NativeDriver {
 public:
  static constexpr std::uint32_t kRing = 256;
  static constexpr GuestAddress kTxRing = kDriverMemory;
  static constexpr GuestAddress kRxRing = kTxRing + kRing * e1000::kDescriptorSize;
  static constexpr GuestAddress kRxBuffers = kDriverMemory + 0x10000;
  static constexpr std::uint32_t kBufferSize = 2048;

  E1000Driver(Bus& bus, MutableBytes ram) : bus_(bus), ram_(ram) {}

  void Start() override;
  void Prepare(const TransmitPacket& packet) override;
  Posted Send(const TransmitPacket& packet) override;
  std::size_t transmits_pending() override;
  void Service() override;
  std::size_t receive_capacity() const override { return kRing - 1 - kRefill; }

 private:
  static constexpr std::uint32_t kRefill = 16;  // buffers that are given back at a time
  static constexpr std::uint32_t kDataSize = 4096;

  std::uint32_t Read(std::uint32_t offset) {
    return static_cast<std::uint32_t>(bus_.Read({0, 4, offset}));
  }
  void Write(std::uint32_t offset, std::uint32_t value) { bus_.Write({0, 4, offset}, value); }

  template <typename Descriptor>
  void Put(const Descriptor& descriptor) {
    std::memcpy(&ram_[kTxRing + tx_next_ * e1000::kDescriptorSize], &descriptor, sizeof descriptor);
    tx_next_ = (tx_next_ + 1) % kRing;
  }
  void PutContext(const PacketShape& shape);
  void PutData(GuestAddress address, std::uint32_t size, std::uint32_t command,
               std::uint32_t options);
  std::uint32_t FreeDescriptors() const { return (tx_clean_ + kRing - tx_next_ - 1) % kRing; }
  void Reclaim();
  void TakeReceived();

  Bus& bus_;
  const MutableBytes ram_;
  std::uint32_t tx_next_ = 0;                // to fill
  std::uint32_t tx_clean_ = 0;               // first of the oldest packet not known to be sent
  std::array<std::uint16_t, kRing> last_{};  // by first descriptor of a packet: its last
  std::size_t pending_ = 0;
  std::uint32_t rx_next_ = 0;
  std::uint32_t rx_taken_ = 0;  // since buffers were given back
};

}  // namespace nicreplay::bench
