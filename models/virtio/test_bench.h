// SPDX-License-Identifier: MIT
// For tests of virtio-net: a device with a megabyte of guest memory, brought up by the driver of
// driver.h.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "models/registry.h"
#include "models/virtio/driver.h"
#include "models/virtio/net_spec.h"

namespace nicreplay::virtio {

using ByteVector = std::vector<std::uint8_t>;

// Host of a device without timers, and its driver's bus.
class DeviceHost : public Host, public DriverBus {
 public:
  Nanoseconds Now() override { return 0; }
  void SetInterrupt(LineLevel level) override { line = level; }
  void ArmTimer(TimerId, Nanoseconds) override { ADD_FAILURE() << "it has no timers"; }
  void CancelTimer(TimerId) override { ADD_FAILURE() << "it has no timers"; }

  std::uint64_t Read(const Access& access) override { return device->Read(access); }
  void Write(const Access& access, std::uint64_t value) override { device->Write(access, value); }
  std::uint32_t ConfigRead(std::uint8_t offset, std::uint8_t size) override {
    return device->ConfigRead(offset, size);
  }
  void ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint32_t value) override {
    device->ConfigWrite(offset, size, value);
  }

  Device* device = nullptr;
  LineLevel line = LineLevel::kLow;
};

class BenchHost final : public DeviceHost {
 public:
  void DmaRead(GuestAddress address, MutableBytes out) override {
    for (auto& byte : out) byte = address < memory.size() ? memory[address++] : 0;
  }
  void DmaWrite(GuestAddress address, Bytes data) override {
    ++dma_writes;
    for (const std::uint8_t byte : data) {
      if (address < memory.size()) memory[address++] = byte;
    }
  }
  void Transmit(const Frame& frame) override {
    ByteVector& bytes = sent.emplace_back();
    for (const Bytes& piece : frame.pieces) bytes.insert(bytes.end(), piece.begin(), piece.end());
    offloads.push_back(frame.offload);
  }
  OffloadSet TransmitOffloads() override { return kOffloadAll; }
  void FlushReceive() override {
    ++flushes;
    while (!waiting.empty()) {
      const Bytes piece = waiting.front();
      if (device->Receive({{&piece, 1}, {}}) == ReceiveResult::kKeep) return;
      waiting.pop_front();
    }
  }

  void WriteMemory(GuestAddress address, Bytes bytes) override {
    std::copy(bytes.begin(), bytes.end(), memory.begin() + static_cast<std::ptrdiff_t>(address));
  }

  template <typename T>
  T Load(GuestAddress address) const {
    T value;
    std::memcpy(&value, &memory[address], sizeof(value));
    return value;
  }

  ByteVector memory = ByteVector(std::size_t{1} << 20);
  std::vector<ByteVector> sent;
  std::vector<Offload> offloads;
  std::deque<ByteVector> waiting;
  int flushes = 0;
  int dma_writes = 0;
};

// A kind of driver.
struct BenchSetup {
  Driver::Mode mode = Driver::Mode::kModern;
  DriverRing::Format format = DriverRing::Format::kSplit;
  // Besides what mode and format need.
  Features features = Features::Of(feature::kMac, feature::kStatus, feature::kCtrlVq,
                                   feature::kMrgRxbuf, feature::kIndirectDesc);
  std::string options;
};

// A device with queues 0 (receive), 1 (transmit) and 2 (control), running.
class Bench {
 public:
  static constexpr GuestAddress kRings = 0x10000;  // 16 KiB each
  static constexpr GuestAddress kBuffers = 0x80000;
  static constexpr GuestAddress kMessages = 0x8000;  // of MSI-X, 16 bytes apart
  static constexpr GuestAddress kTable = 0x9000;

  explicit Bench(const BenchSetup& setup) : setup_(setup), driver(host, setup.mode) {
    std::string options = setup.options;
    if (setup.format == DriverRing::Format::kPacked) {
      options += std::string(options.empty() ? "" : ",") + "packed=on";
    }
    auto created = CreateModel("virtio-net", options, host);
    if (!created) {
      ADD_FAILURE() << created.error().ToString();
      return;
    }
    device = std::move(*created);
    host.device = device.get();
    device->Reset();
    driver.MapBars();
    Start();
  }

  void Start() {
    Features wanted = setup_.features;
    if (setup_.mode == Driver::Mode::kModern) wanted = wanted | Features::Of(feature::kVersion1);
    if (setup_.format == DriverRing::Format::kPacked) {
      wanted = wanted | Features::Of(feature::kRingPacked);
    }
    accepted = driver.Negotiate(wanted);
    for (std::uint16_t i = 0; i < 3; ++i) {
      rings[i] = DriverRing(setup_.format, kRings + i * 0x4000u, i == 2 ? 64 : 256);
      rings[i].Clear(host);
      driver.SetUpQueue(i, rings[i], i);
    }
    driver.Start();
  }

  std::size_t header_size() const {
    if (accepted.Has(feature::kHashReport)) return kHashHeader;
    return accepted.Has(feature::kVersion1) || accepted.Has(feature::kMrgRxbuf) ? kHeader
                                                                                : kShortHeader;
  }
  std::uint8_t Status() { return driver.ReadStatus(); }
  bool NeedsReset() { return (Status() & status::kNeedsReset) != 0; }

  // Makes a buffer available and tells the device.
  void Give(std::uint16_t queue, const std::vector<DriverPiece>& pieces) {
    rings[queue].Add(host, pieces);
    rings[queue].Publish(host);
    driver.Notify(queue);
  }
  // A header and a frame in one buffer.
  void Send(const ByteVector& frame, const Offload& offload = {}) {
    ByteVector packet(header_size());
    std::memcpy(packet.data(), &offload, sizeof(offload));
    packet.insert(packet.end(), frame.begin(), frame.end());
    host.WriteMemory(kBuffers, packet);
    Give(1, {{kBuffers, static_cast<std::uint32_t>(packet.size()), false}});
  }
  void GiveReceive(GuestAddress address, std::uint32_t size) { Give(0, {{address, size, true}}); }
  ReceiveResult Receive(const ByteVector& frame, const Offload& offload = {}) {
    const Bytes piece = frame;
    return device->Receive({{&piece, 1}, offload});
  }
  // A command; returns its acknowledgement, 0xee if there was none.
  std::uint8_t Command(std::uint8_t command_class, std::uint8_t command, const ByteVector& data) {
    ByteVector bytes = {command_class, command};
    bytes.insert(bytes.end(), data.begin(), data.end());
    host.WriteMemory(kBuffers, bytes);
    host.memory[kBuffers + 0x8000] = 0xee;
    Give(2, {{kBuffers, static_cast<std::uint32_t>(bytes.size()), false},
             {kBuffers + 0x8000, 1, true}});
    return host.memory[kBuffers + 0x8000];
  }

  // What the device gave back, by number since the start.
  UsedElement Used(std::uint16_t queue, std::uint16_t number) const {
    const DriverRing& ring = rings[queue];
    if (setup_.format == DriverRing::Format::kSplit) {
      return host.Load<UsedElement>(ring.device_area() + kRingEntries +
                                    number % ring.size() * sizeof(UsedElement));
    }
    const auto descriptor =
        host.Load<PackedDescriptor>(ring.descriptors() + number % ring.size() * kDescriptorSize);
    return {descriptor.id, descriptor.len};
  }
  // Split rings only.
  std::uint16_t UsedIndex(std::uint16_t queue) const {
    return host.Load<std::uint16_t>(rings[queue].device_area() + kRingIndex);
  }
  bool IsUsed(std::uint16_t queue, std::uint16_t number) const {
    if (setup_.format == DriverRing::Format::kSplit) return UsedIndex(queue) > number;
    const auto descriptor =
        host.Load<PackedDescriptor>(rings[queue].descriptors() + number * kDescriptorSize);
    constexpr std::uint16_t kBoth = descriptor::kAvail | descriptor::kUsed;
    return (descriptor.flags & kBoth) == kBoth;
  }
  ByteVector Memory(GuestAddress address, std::size_t size) const {
    const auto from = host.memory.begin() + static_cast<std::ptrdiff_t>(address);
    return {from, from + static_cast<std::ptrdiff_t>(size)};
  }

 private:
  BenchSetup setup_;

 public:
  BenchHost host;
  Driver driver;
  std::unique_ptr<Device> device;
  Features accepted;
  std::array<DriverRing, 3> rings;
};

inline ByteVector MakeFrame(std::size_t size, MacAddress to = {0x52, 0x54, 0, 0x12, 0x34, 0x56}) {
  ByteVector frame(size);
  for (std::size_t i = 0; i < size; ++i) {
    frame[i] = i < to.size() ? to[i] : static_cast<std::uint8_t>(i * 7 + 3);
  }
  if (size > 13) {
    frame[12] = 0x88;
    frame[13] = 0xb5;
  }
  return frame;
}

}  // namespace nicreplay::virtio
