// SPDX-License-Identifier: MIT
#include "replay/bench/noop_device.h"

#include <cstring>

#include "models/e1000/descriptors.h"
#include "models/e1000/registers.h"

namespace nicreplay::bench {

namespace {

class NoopDevice final : public Device {
 public:
  explicit NoopDevice(Host& host) : host_(host) {}

  const DeviceInfo& info() const override { return info_; }

  std::uint64_t Read(const Access& access) override {
    if (access.offset != e1000::kICR || !raised_) return 0;
    raised_ = false;
    host_.SetInterrupt(LineLevel::kLow);
    return e1000::cause::kRXT0;
  }

  void Write(const Access& access, std::uint64_t value) override {
    const auto word = static_cast<std::uint32_t>(value);
    switch (access.offset) {
      case e1000::kTDBAL:
        tx_ring_ = word;
        return;
      case e1000::kTDLEN:
        tx_size_ = word / e1000::kDescriptorSize;
        return;
      case e1000::kRDBAL:
        rx_ring_ = word;
        return;
      case e1000::kRDLEN:
        rx_size_ = word / e1000::kDescriptorSize;
        return;
      case e1000::kTDT:
        MarkSent(word);
        return;
      default:
        return;
    }
  }

  std::uint32_t ConfigRead(std::uint8_t, std::uint8_t) override { return 0; }
  void ConfigWrite(std::uint8_t, std::uint8_t, std::uint32_t) override {}
  bool CanReceive() const override { return true; }
  OffloadSet ReceiveOffloads() const override { return 0; }

  ReceiveResult Receive(const Frame& frame) override {
    if (rx_size_ == 0) return ReceiveResult::kDropped;
    e1000::RxDescriptor done;
    done.length = static_cast<std::uint16_t>(frame.size() + 4);
    done.status = e1000::rxd::kDD | e1000::rxd::kEOP;
    std::uint8_t bytes[8];
    std::memcpy(bytes, &done.length, sizeof bytes);
    host_.DmaWrite(rx_ring_ + std::uint64_t{rx_next_} * e1000::kDescriptorSize + 8, bytes);
    rx_next_ = (rx_next_ + 1) % rx_size_;
    if (!requested_) host_.RequestWork(host_.Now() + kModeration);
    requested_ = true;
    return ReceiveResult::kConsumed;
  }

  void SetLink(LinkState) override {}
  void Timer(TimerId) override {}
  void Reset() override {}
  std::size_t StateSize() const override { return 0; }
  void Save(MutableBytes) const override {}
  bool Load(Bytes) override { return true; }

  void Work() override {
    requested_ = false;
    raised_ = true;
    host_.SetInterrupt(LineLevel::kHigh);
  }

 private:
  static constexpr Nanoseconds kModeration = 128'000;

  // Only the packet's last descriptor is waited for.
  void MarkSent(std::uint32_t tail) {
    if (tx_size_ == 0 || tail == tx_next_) return;
    static constexpr std::uint8_t kDone[] = {e1000::txd::kStatusDD};
    const std::uint32_t last = (tail + tx_size_ - 1) % tx_size_;
    host_.DmaWrite(tx_ring_ + std::uint64_t{last} * e1000::kDescriptorSize + 12, kDone);
    tx_next_ = tail;
  }

  Host& host_;
  DeviceInfo info_;
  GuestAddress tx_ring_ = 0;
  GuestAddress rx_ring_ = 0;
  std::uint32_t tx_size_ = 0;
  std::uint32_t rx_size_ = 0;
  std::uint32_t tx_next_ = 0;
  std::uint32_t rx_next_ = 0;
  bool raised_ = false;
  bool requested_ = false;
};

}  // namespace

std::unique_ptr<Device> CreateNoopDevice(Host& host) { return std::make_unique<NoopDevice>(host); }

}  // namespace nicreplay::bench
