// SPDX-License-Identifier: MIT
// A native machine whose memory map is that of QEMU's "pc", and that tells what its device did.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "models/registry.h"
#include "models/result.h"
#include "qtest/pci.h"
#include "replay/machine.h"

namespace nicreplay {

class PcMachine : public Machine {
 public:
  struct Range {
    GuestAddress address = 0;
    std::uint64_t size = 0;
  };

  // With a model as its NIC.
  static Result<std::unique_ptr<PcMachine>> Create(const std::string& model,
                                                   const std::string& options,
                                                   std::size_t ram_size);

  Device& device() { return *device_; }

  // As Machine::Apply, but an access to a BAR that the device does not decode does not reach it.
  std::uint64_t ApplyOnBus(const Stimulus& stimulus);
  // Whether an access to the BAR reaches the device.
  bool Decodes(std::uint8_t bar) const {
    return bar < PciBars::kCount && bars_.bar[bar].kind != PciBars::Bar::Kind::kAbsent;
  }
  const PciBars& bars() const { return bars_; }

  void DmaRead(GuestAddress address, MutableBytes out) override;
  void DmaWrite(GuestAddress address, Bytes data) override;
  void Transmit(const Frame& frame) override;

  // RAM that the device wrote since the last call, in order of address, without overlaps.
  std::vector<Range> TakeWritten();
  // The frames that the device sent since the last call.
  std::vector<std::vector<std::uint8_t>> TakeFrames() { return std::exchange(frames_, {}); }
  // DMA that the device did so far, in both directions.
  std::uint64_t dma_count() const { return dma_count_; }
  // Whether DMA ever met an interrupt controller: QEMU's machine has them, this one has not.
  bool met_controller() const { return met_controller_; }

 private:
  explicit PcMachine(std::size_t ram_size) : Machine(ram_size) {}
  void LocateBars();
  void Meet(GuestAddress address, std::uint64_t size);

  std::unique_ptr<Device> device_;
  PciBars bars_;
  std::vector<Range> written_;
  std::vector<std::vector<std::uint8_t>> frames_;
  std::uint64_t dma_count_ = 0;
  bool met_controller_ = false;
};

}  // namespace nicreplay
