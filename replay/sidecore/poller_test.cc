// SPDX-License-Identifier: MIT
// To be built with the preset tsan as well: what is checked here are orders, which only it sees
// broken on every machine.
#include "replay/sidecore/poller.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "models/e1000/descriptors.h"
#include "models/e1000/registers.h"
#include "models/registry.h"
#include "replay/traced_device.h"

namespace nicreplay {
namespace {

using namespace e1000;  // NOLINT(google-build-using-namespace)

// Guest memory as plain bytes, which TSan watches, and what was sent.
class MemoryHost final : public Host {
 public:
  Nanoseconds Now() override { return 0; }
  void DmaRead(GuestAddress address, MutableBytes out) override {
    std::memcpy(out.data(), &memory.at(address), out.size());
  }
  void DmaWrite(GuestAddress address, Bytes data) override {
    std::memcpy(&memory.at(address), data.data(), data.size());
  }
  Bytes MapRead(GuestAddress address, std::size_t size) override {
    return Bytes(memory).subspan(address, size);
  }
  void Transmit(const Frame& frame) override { sent.push_back(frame.pieces[0][0]); }
  void SetInterrupt(LineLevel) override {}
  void ArmTimer(TimerId, Nanoseconds) override {}
  void CancelTimer(TimerId) override {}
  void FlushReceive() override {}

  std::vector<std::uint8_t> memory = std::vector<std::uint8_t>(1 << 16);
  std::vector<std::uint8_t> sent;  // the first byte of each frame
};

enum class Recording : std::uint8_t { kNo, kYes };

// The device itself, and under recording, where the guest gets copies of its pages.
class PollerTest : public testing::TestWithParam<Recording> {
 protected:
  static constexpr GuestAddress kRing = 0x1000;
  static constexpr GuestAddress kData = 0x4000;
  static constexpr std::uint32_t kDescriptors = 8;

  PollerTest() {
    const std::string options = "opt=sidecore+zerocopy+ring";
    device_ = GetParam() == Recording::kNo
                  ? *CreateModel("e1000-opt", options, host_)
                  : *TracedDevice::Create(**FindModel("e1000-opt"), *Options::Parse(options), path_,
                                          "", RecordedRegisters::kShadowed, host_);
    device_->Reset();
    device_->ConfigWrite(4, 2, 7);
    device_->Write({0, 4, kTDBAL}, kRing);
    device_->Write({0, 4, kTDLEN}, kDescriptors * 16);
  }

  ~PollerTest() override {
    device_.reset();
    std::remove(path_.c_str());
  }

  // From then on the ring registers are memory.
  static void Enable(SidecorePoller& poller) {
    poller.Write(kTCTL, tctl::kEN);
    const auto active = [](Device& device) { return device.shadow()->active(); };
    while (!poller.WithDevice(active)) std::this_thread::yield();
  }

  // A frame of `size` equal bytes, put into the ring; the driver waits for TDH.
  void Send(SidecorePoller& poller, std::uint8_t byte, std::uint32_t size) {
    std::memset(&host_.memory[kData], byte, size);
    const TxDescriptor descriptor{kData, size | txd::kEOP | txd::kRS, 0};
    std::memcpy(&host_.memory[kRing + tail_ * 16], &descriptor, sizeof(descriptor));
    const std::uint32_t sent = tail_;
    tail_ = (tail_ + 1) % kDescriptors;
    poller.Write(kTDT, tail_);
    while (poller.Read(kTDH) != tail_) std::this_thread::yield();
    EXPECT_EQ(host_.memory[kRing + sent * 16 + 12] & txd::kStatusDD, txd::kStatusDD);
  }

  const std::string path_ = testing::TempDir() + "poller_test_" + std::to_string(getpid()) + ".nrt";
  MemoryHost host_;
  std::unique_ptr<Device> device_;
  std::uint32_t tail_ = 0;
};

INSTANTIATE_TEST_SUITE_P(, PollerTest, testing::Values(Recording::kNo, Recording::kYes),
                         [](const auto& run) {
                           return run.param == Recording::kNo ? "Alone" : "UnderRecording";
                         });

TEST_P(PollerTest, WorksARingWithoutExits) {
  std::vector<std::uint8_t> want;
  {
    SidecorePoller poller(*device_, std::chrono::nanoseconds(0));
    Enable(poller);
    for (int i = 0; i < 500; ++i) {
      want.push_back(static_cast<std::uint8_t>(i));
      Send(poller, want.back(), i % 2 == 0 ? 60 : 700);
    }
    EXPECT_GE(poller.polls(), 500u);
  }
  EXPECT_EQ(host_.sent, want);
}

TEST_P(PollerTest, OtherRegistersTrapMeanwhile) {
  SidecorePoller poller(*device_, std::chrono::microseconds(50));
  Enable(poller);
  for (int i = 0; i < 50; ++i) {
    Send(poller, static_cast<std::uint8_t>(i), 60);
    // Cleared by reading, so it has to be the register itself.
    EXPECT_EQ(poller.Read(kTPT), 1u);
    EXPECT_EQ(poller.Read(kTPT), 0u);
  }
}

TEST_P(PollerTest, ADisabledDeviceTraps) {
  SidecorePoller poller(*device_, std::chrono::nanoseconds(0));
  Enable(poller);
  Send(poller, 1, 60);
  poller.Write(kTCTL, 0);
  poller.Write(kTDT, 5);
  EXPECT_EQ(poller.WithDevice([](Device& device) { return device.Read({0, 4, kTDT}); }), 5u);
}

}  // namespace
}  // namespace nicreplay
