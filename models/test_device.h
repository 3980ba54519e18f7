// SPDX-License-Identifier: MIT
// For tests: a Host that writes down what a device does, and a tiny Device that does one of
// everything.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <string>
#include <vector>

#include "models/registry.h"
#include "models/shadow_pages.h"

namespace nicreplay {

inline std::string Describe(const Frame& frame) {
  std::string text;
  for (const Bytes& piece : frame.pieces) {
    text += '[';
    for (const std::uint8_t byte : piece) text += fmt::format("{:02x}", byte);
    text += ']';
  }
  const Offload& o = frame.offload;
  return text + fmt::format(" {} {} {} {} {} {}", o.flags, o.gso_type, o.header_length, o.gso_size,
                            o.checksum_start, o.checksum_offset);
}

class LogHost : public Host {
 public:
  Nanoseconds Now() override {
    log.push_back("now");
    return now;
  }
  void DmaRead(GuestAddress address, MutableBytes out) override {
    for (auto& byte : out) byte = static_cast<std::uint8_t>(address++);
    log.push_back(fmt::format("dma read {:x} {}", address - out.size(), out.size()));
  }
  void DmaWrite(GuestAddress address, Bytes data) override {
    log.push_back(fmt::format("dma write {:x}", address));
    for (const std::uint8_t byte : data) log.back() += fmt::format(" {:02x}", byte);
  }
  Bytes MapRead(GuestAddress address, std::size_t size) override {
    static constexpr std::uint8_t kMapped[] = {1, 2, 3, 4};
    log.push_back(fmt::format("map {:x} {}", address, size));
    return Bytes(kMapped).first(std::min(size, sizeof(kMapped)));
  }
  void Transmit(const Frame& frame) override { log.push_back("transmit " + Describe(frame)); }
  OffloadSet TransmitOffloads() override { return kOffloadChecksum | kOffloadTcp4; }
  void RequestWork(Nanoseconds deadline) override {
    log.push_back(fmt::format("request work {}", deadline));
  }
  void CancelWork() override { log.push_back("cancel work"); }
  void SetInterrupt(LineLevel level) override {
    log.push_back(fmt::format("interrupt {}", static_cast<int>(level)));
  }
  void ArmTimer(TimerId id, Nanoseconds deadline) override {
    log.push_back(fmt::format("arm {} {}", id, deadline));
  }
  void CancelTimer(TimerId id) override { log.push_back(fmt::format("cancel {}", id)); }
  void FlushReceive() override {
    log.push_back("flush");
    if (flushed == nullptr) return;
    static constexpr std::uint8_t kQueued[] = {9, 8, 7};
    const Bytes pieces[] = {kQueued};
    Device* device = std::exchange(flushed, nullptr);
    log.push_back(fmt::format("queued {}", static_cast<int>(device->Receive({pieces, {}}))));
  }

  Nanoseconds now = 1000;
  Device* flushed = nullptr;  // gets one frame at the next flush
  std::vector<std::string> log;
};

class TinyDevice : public Device {
 public:
  explicit TinyDevice(Host& host) : host_(host) {
    static constexpr std::string_view kTimers[] = {"first", "second"};
    info_.vendor_id = 0x8086;
    info_.device_id = 0x100e;
    info_.revision = 3;
    info_.class_code = 0x020000;
    info_.bars[0] = {BarInfo::Kind::kMemory32, 64};
    info_.bars[2] = {BarInfo::Kind::kIo, 8};
    info_.timers = kTimers;
  }

  const DeviceInfo& info() const override { return info_; }
  std::uint64_t Read(const Access& access) override {
    return access.bar * 0x100000000u + access.size * 0x1000000u + access.offset + state_;
  }
  void Write(const Access& access, std::uint64_t value) override {
    state_ += value;
    std::uint8_t bytes[3];
    host_.DmaRead(value, bytes);
    host_.DmaWrite(value + access.offset, bytes);
    host_.ArmTimer(access.bar, host_.Now() + access.size);
    host_.FlushReceive();
  }
  std::uint32_t ConfigRead(std::uint8_t offset, std::uint8_t size) override {
    return static_cast<std::uint32_t>(state_ + offset * 256u + size);
  }
  void ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint32_t value) override {
    state_ += offset + size + value;
  }
  bool CanReceive() const override { return state_ % 2 == 0; }
  ReceiveResult Receive(const Frame& frame) override {
    host_.Transmit(frame);
    return static_cast<ReceiveResult>(state_ % 3);
  }
  OffloadSet ReceiveOffloads() const override { return kOffloadUdp; }
  void Work() override {
    const Bytes mapped = host_.MapRead(state_, 3);
    host_.DmaWrite(host_.TransmitOffloads(), mapped);
    host_.RequestWork(state_);
  }
  void Poll() override { host_.CancelWork(); }
  ShadowPages* shadow() override { return &shadow_; }
  void SetLink(LinkState state) override { host_.SetInterrupt(static_cast<LineLevel>(state)); }
  void Timer(TimerId id) override { host_.CancelTimer(id); }
  void Reset() override { state_ = 0; }
  std::size_t StateSize() const override { return 3; }
  void Save(MutableBytes out) const override {
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = static_cast<std::uint8_t>(state_ >> 8 * i);
  }
  bool Load(Bytes state) override {
    if (state.size() != 3) return false;
    state_ = state[0] + (state[1] << 8u) + (state[2] << 16u);
    return true;
  }

 private:
  Host& host_;
  DeviceInfo info_;
  std::uint64_t state_ = 0;
  alignas(
      ShadowPages::kPageSize) std::array<std::atomic<std::uint32_t>, ShadowPages::kWords> words_{};
  const std::array<ShadowPages::Page, 1> pages_{{{0x3000, words_.data()}}};
  ShadowPages shadow_{pages_};
};

// The model of it.  Options: fail=on.
inline Result<std::unique_ptr<Device>> CreateTiny(const ModelEntry&, const Options& options,
                                                  Host& host) {
  Options left = options;
  const auto fail = left.TakeSwitch("fail", false);
  if (!fail) return tl::make_unexpected(fail.error());
  if (*fail) return Fail(ErrorCode::kUsage, std::string(1000, 'x'));
  const auto finished = left.Finish();
  if (!finished) return tl::make_unexpected(finished.error());
  return std::make_unique<TinyDevice>(host);
}

}  // namespace nicreplay
