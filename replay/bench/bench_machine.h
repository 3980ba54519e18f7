// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "replay/backends/backend.h"
#include "replay/machine.h"

namespace nicreplay::bench {

// A machine whose device is connected to a backend, and that counts what it does.
class BenchMachine final : public Machine {
 public:
  BenchMachine(std::size_t ram_size, Backend& backend) : Machine(ram_size), backend_(backend) {
    set_transmit_offloads(backend.offloads());
  }

  // Frames as they are on the wire: those that a super-frame stands for.
  std::uint64_t frames_sent() const { return frames_sent_; }
  std::uint64_t bytes_sent() const { return bytes_sent_; }
  // Where message-signalled interrupts are written to, as on a PC; only the machine sees them.
  static constexpr GuestAddress kMessages = 0xfee00000;
  static constexpr GuestAddress kMessagesSize = 0x100000;

  // Rising edges of the interrupt line, and messages.
  std::uint64_t interrupts() const { return interrupts_; }
  // Whether an interrupt is to be serviced.  It stays so while the line is high, and messages that
  // came since the last call are one.
  bool TakeInterrupt() {
    const bool message = std::exchange(message_, false);
    return message || line() == LineLevel::kHigh;
  }
  // The first thing that the backend refused.
  const std::optional<Error>& error() const { return error_; }
  // What to do when the backend is full.
  void set_drain(std::function<Status()> drain) { drain_ = std::move(drain); }
  // Sees every frame that is sent, until it is set to null.
  void set_inspector(std::function<void(const Frame&)> inspector) {
    inspector_ = std::move(inspector);
  }

  void DmaWrite(GuestAddress address, Bytes data) override {
    if (address - kMessages < kMessagesSize) [[unlikely]] {
      ++interrupts_;
      message_ = true;
      return;
    }
    Machine::DmaWrite(address, data);
  }
  void Transmit(const Frame& frame) override;
  void TransmitBurst(std::span<const Frame> frames) override;
  void SetInterrupt(LineLevel level) override {
    if (level == LineLevel::kHigh && line() == LineLevel::kLow) ++interrupts_;
    Machine::SetInterrupt(level);
  }

 private:
  void Count(const Frame& frame) {
    const std::size_t size = frame.size();
    std::size_t frames = 1;
    const Offload& offload = frame.offload;
    if (offload.gso_type != Offload::kGsoNone && offload.gso_size != 0 &&
        size > offload.header_length) {
      const std::size_t payload = size - offload.header_length;
      frames = (payload + offload.gso_size - 1) / offload.gso_size;
    }
    frames_sent_ += frames;
    bytes_sent_ += size + (frames - 1) * offload.header_length;
  }

  Backend& backend_;
  std::uint64_t frames_sent_ = 0;
  std::uint64_t bytes_sent_ = 0;
  std::uint64_t interrupts_ = 0;
  bool message_ = false;
  std::optional<Error> error_;
  std::function<Status()> drain_;
  std::function<void(const Frame&)> inspector_;
};

}  // namespace nicreplay::bench
