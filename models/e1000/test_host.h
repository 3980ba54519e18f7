// SPDX-License-Identifier: MIT
// For tests of the e1000: a Host with a megabyte of guest memory, and a bench that talks to the
// device as a driver does.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "models/e1000/descriptors.h"
#include "models/e1000/registers.h"
#include "models/e1000/timers.h"
#include "models/net/segment.h"
#include "models/registry.h"

namespace nicreplay::e1000 {

using ByteVector = std::vector<std::uint8_t>;

class TestHost final : public Host {
 public:
  static constexpr std::size_t kMemorySize = 1 << 20;
  static constexpr Nanoseconds kNoWork = ~Nanoseconds{0};

  Nanoseconds Now() override { return now; }
  void DmaRead(GuestAddress address, MutableBytes out) override {
    ++dma_reads;
    for (auto& byte : out) byte = address < memory.size() ? memory[address++] : 0;
  }
  void DmaWrite(GuestAddress address, Bytes data) override {
    writes.push_back({address, {data.begin(), data.end()}});
    for (const std::uint8_t byte : data) {
      if (address < memory.size()) memory[address++] = byte;
    }
  }
  Bytes MapRead(GuestAddress address, std::size_t size) override {
    if (address >= mappable) return {};
    return Bytes(memory).subspan(address, std::min<std::size_t>(size, mappable - address));
  }
  // Keeps the wire frames that a frame stands for.
  void Transmit(const Frame& frame) override {
    if (frame.offload != Offload{}) ++offloaded;
    EXPECT_EQ(OffloadsNeeded(frame.offload) & ~offloads, 0);
    Segmenter segmenter;
    EXPECT_EQ(segmenter.Parse(frame), OffloadFault::kNone);
    for (std::size_t i = 0; i < segmenter.count(); ++i) {
      ByteVector& bytes = sent.emplace_back();
      for (const Bytes& piece : segmenter.Get(i)) {
        bytes.insert(bytes.end(), piece.begin(), piece.end());
      }
    }
  }
  OffloadSet TransmitOffloads() override { return offloads; }
  void SetInterrupt(LineLevel level) override { line = level; }
  void ArmTimer(TimerId id, Nanoseconds deadline) override { timers[id] = deadline; }
  void CancelTimer(TimerId id) override { timers.erase(id); }
  void RequestWork(Nanoseconds deadline) override { work = std::min(work, deadline); }
  void CancelWork() override { work = kNoWork; }
  void FlushReceive() override {
    ++flushes;
    while (!queue.empty()) {
      const Bytes piece = queue.front();
      if (device->Receive({{&piece, 1}, {}}) == ReceiveResult::kKeep) return;
      queue.pop_front();
    }
  }

  struct DmaWriteRecord {
    GuestAddress address;
    ByteVector bytes;
  };

  Device* device = nullptr;
  Nanoseconds now = 0;
  Nanoseconds work = kNoWork;  // when it is due
  ByteVector memory = ByteVector(kMemorySize);
  std::vector<DmaWriteRecord> writes;
  std::vector<ByteVector> sent;
  std::deque<ByteVector> queue;
  std::map<TimerId, Nanoseconds> timers;
  LineLevel line = LineLevel::kLow;
  int flushes = 0;
  int dma_reads = 0;
  std::size_t mappable = 0;  // bytes of memory that MapRead gives
  OffloadSet offloads = 0;   // that Transmit takes
  int offloaded = 0;         // frames that came with an offload header
};

// A device after power-on, reset, with bus mastering on.
class Bench {
 public:
  static constexpr GuestAddress kTxRing = 0x1000;
  static constexpr GuestAddress kRxRing = 0x2000;
  static constexpr GuestAddress kTxData = 0x10000;  // 64 KiB
  static constexpr GuestAddress kRxData = 0x40000;  // a 16 KiB buffer a descriptor
  static constexpr std::uint32_t kRingSize = 8;

  explicit Bench(const std::string& options = "", const std::string& model = "e1000-stock") {
    auto created = CreateModel(model, options, host);
    EXPECT_TRUE(created.has_value());
    device = std::move(*created);
    host.device = device.get();
    device->Reset();
    device->ConfigWrite(4, 2, 7);
    host.flushes = 0;
  }

  std::uint32_t Read(std::uint32_t offset) {
    return static_cast<std::uint32_t>(device->Read({0, 4, offset}));
  }
  void Write(std::uint32_t offset, std::uint32_t value) { device->Write({0, 4, offset}, value); }

  void FireTimer(TimerId id) {
    ASSERT_TRUE(host.timers.contains(id)) << kTimerNames[id];
    host.now = std::max(host.now, host.timers[id]);
    host.timers.erase(id);
    device->Timer(id);
  }

  // Transmit ring, empty and enabled.
  void StartTransmit() {
    Write(kTDBAL, kTxRing);
    Write(kTDLEN, kRingSize * 16);
    Write(kTDH, 0);
    Write(kTDT, 0);
    Write(kTCTL, tctl::kEN);
    Read(kICR);
  }

  // Receive ring with all but one of its descriptors free.
  void StartReceive(std::uint32_t rctl = rctl::kUPE | rctl::kBAM) {
    for (std::uint32_t i = 0; i < kRingSize; ++i) {
      PutRx(i, {.buffer_address = kRxData + i * 0x4000});
    }
    Write(kRDBAL, kRxRing);
    Write(kRDLEN, kRingSize * 16);
    Write(kRDH, 0);
    Write(kRCTL, rctl | rctl::kEN);
    FireTimer(kFlushTimer);
    Write(kRDT, kRingSize - 1);
    host.writes.clear();
  }

  void PutRx(std::uint32_t index, const RxDescriptor& descriptor) {
    std::memcpy(&host.memory[kRxRing + 16 * index], &descriptor, 16);
  }
  RxDescriptor GetRx(std::uint32_t index) const {
    RxDescriptor descriptor;
    std::memcpy(&descriptor, &host.memory[kRxRing + 16 * index], 16);
    return descriptor;
  }
  template <typename Descriptor>
  void PutTx(std::uint32_t index, const Descriptor& descriptor) {
    std::memcpy(&host.memory[kTxRing + 16 * index], &descriptor, 16);
  }
  TxDescriptor GetTx(std::uint32_t index) const {
    TxDescriptor descriptor;
    std::memcpy(&descriptor, &host.memory[kTxRing + 16 * index], 16);
    return descriptor;
  }
  // Descriptors from index 0 on.
  void PutTxData(const ByteVector& bytes, GuestAddress address = kTxData) {
    std::copy(bytes.begin(), bytes.end(), host.memory.begin() + static_cast<long>(address));
  }

  // A frame in one legacy descriptor, at the tail.
  void Send(const ByteVector& frame, std::uint32_t command = 0) {
    const std::uint32_t tail = Read(kTDT);
    PutTxData(frame);
    PutTx(tail,
          TxDescriptor{kTxData, static_cast<std::uint32_t>(frame.size()) | txd::kEOP | command, 0});
    Write(kTDT, (tail + 1) % kRingSize);
  }

  ReceiveResult Receive(const ByteVector& frame) {
    const Bytes piece = frame;
    return device->Receive({{&piece, 1}, {}});
  }
  ByteVector Memory(GuestAddress address, std::size_t size) const {
    const auto from = host.memory.begin() + static_cast<long>(address);
    return {from, from + static_cast<long>(size)};
  }

  TestHost host;
  std::unique_ptr<Device> device;
};

// `size` bytes: the addresses, the type, then 0, 1, 2, ...
inline ByteVector MakeFrame(std::size_t size,
                            std::array<std::uint8_t, 6> destination = {2, 0, 0, 0, 0, 1}) {
  ByteVector frame(size);
  for (std::size_t i = 0; i < size; ++i) {
    if (i < 6) {
      frame[i] = destination[i];
    } else if (i < 14) {
      frame[i] = i == 6 ? 4 : i == 12 ? 8 : 0;
    } else {
      frame[i] = static_cast<std::uint8_t>(i - 14);
    }
  }
  return frame;
}

inline constexpr std::array<std::uint8_t, 6> kBroadcast = {255, 255, 255, 255, 255, 255};

// With a VLAN tag after the addresses.
inline ByteVector Tagged(ByteVector frame, std::uint16_t tag) {
  const std::array<std::uint8_t, 4> bytes = {0x81, 0, static_cast<std::uint8_t>(tag >> 8),
                                             static_cast<std::uint8_t>(tag)};
  frame.insert(frame.begin() + 12, bytes.begin(), bytes.end());
  return frame;
}

}  // namespace nicreplay::e1000
