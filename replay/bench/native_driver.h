// SPDX-License-Identifier: MIT
// A driver as the benchmark needs it: it does what a guest's driver does to the device (registers,
// rings, interrupts), and nothing of what a guest's network stack does.
#pragma once

#include <cstdint>
#include <functional>

#include "models/device.h"
#include "replay/bench/packet.h"

namespace nicreplay::bench {

// Guest memory: rings and receive buffers of the driver, then the packets to send.
inline constexpr std::size_t kRamSize = std::size_t{16} << 20;
inline constexpr GuestAddress kDriverMemory = GuestAddress{1} << 20;
inline constexpr GuestAddress kPacketMemory = GuestAddress{4} << 20;

// A packet in guest memory: headers, and the payload elsewhere, as network stacks have it.
struct TransmitPacket {
  PacketShape shape;
  GuestAddress headers = 0;
  GuestAddress payload = 0;
};

enum class Posted : std::uint8_t { kYes, kRingFull };

class NativeDriver {
 public:
  virtual ~NativeDriver() = default;

  // Brings the device up after its reset, and hands it every receive buffer.
  virtual void Start() = 0;

  // Makes the headers, as BuildPacket left them, what this device wants of a packet like that.
  virtual void Prepare(const TransmitPacket& packet) = 0;
  // Hands a packet to the device and rings its doorbell.
  virtual Posted Send(const TransmitPacket& packet) = 0;
  // Packets that the device is not known to have sent.
  virtual std::size_t transmits_pending() = 0;

  // The interrupt handler, and what it schedules: takes what was received and what was sent.
  virtual void Service() = 0;

  // Frames that the device can receive before Service is called.
  virtual std::size_t receive_capacity() const = 0;
  std::uint64_t frames_received() const { return frames_received_; }
  std::uint64_t bytes_received() const { return bytes_received_; }
  // Sees every frame that is received, until it is set to null.
  void set_inspector(std::function<void(Bytes)> inspector) { inspector_ = std::move(inspector); }

 protected:
  // Wire frames, and their bytes.
  void CountReceived(std::size_t size, std::size_t frames = 1) {
    frames_received_ += frames;
    bytes_received_ += size;
  }

  std::function<void(Bytes)> inspector_;

 private:
  std::uint64_t frames_received_ = 0;
  std::uint64_t bytes_received_ = 0;
};

}  // namespace nicreplay::bench
