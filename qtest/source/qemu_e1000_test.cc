// SPDX-License-Identifier: GPL-2.0-or-later
#include "qtest/source/qemu_e1000.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

namespace nicreplay {
namespace {

// Registers of the 8254x manual, chapter 13.
constexpr std::uint32_t kStatus = 0x0008;
constexpr std::uint32_t kEerd = 0x0014;
constexpr std::uint32_t kMdic = 0x0020;
constexpr std::uint32_t kIcr = 0x00c0;
constexpr std::uint32_t kIcs = 0x00c8;
constexpr std::uint32_t kIms = 0x00d0;
constexpr std::uint32_t kRctl = 0x0100;
constexpr std::uint32_t kTctl = 0x0400;
constexpr std::uint32_t kRdbal = 0x2800;
constexpr std::uint32_t kRdlen = 0x2808;
constexpr std::uint32_t kRdt = 0x2818;
constexpr std::uint32_t kTdbal = 0x3800;
constexpr std::uint32_t kTdlen = 0x3808;
constexpr std::uint32_t kTdh = 0x3810;
constexpr std::uint32_t kTdt = 0x3818;
constexpr std::uint32_t kTpt = 0x40d4;
constexpr std::uint32_t kRal0 = 0x5400;

constexpr std::uint32_t kStatusLinkUp = 2;
constexpr std::uint32_t kRctlEnablePromiscuous = 2 | 8;
constexpr std::uint32_t kPhyLoopback = 1u << 26 | 1u << 21 | 0x4000;  // MDIC: write PHY register 0
constexpr std::uint8_t kPciCommand = 4;
constexpr std::uint32_t kBusMaster = 6;
constexpr std::uint8_t kFlushTimer = 2;

using Payload = std::vector<std::uint8_t>;

// The surroundings of one device: 64 KiB of memory, a clock that stands still, what the device did.
class QemuE1000 : public testing::Test {
 protected:
  ~QemuE1000() override {
    if (device_ != nullptr) model_.destroy(device_);
  }

  bool Create(const char* options) {
    static constexpr nr_host_ops kOps = {
        .now = [](void* self) { return Self(self).now_; },
        .dma_read =
            [](void* self, std::uint64_t address, void* out, std::size_t size) {
              std::memcpy(out, &Self(self).memory_.at(address), size);
            },
        .dma_write =
            [](void* self, std::uint64_t address, const void* data, std::size_t size) {
              std::memcpy(&Self(self).memory_.at(address), data, size);
            },
        .transmit = [](void* self, const nr_frame* frame) { Self(self).Sent(*frame); },
        .set_interrupt = [](void* self, int level) { Self(self).line_ = level; },
        .arm_timer = [](void* self, std::uint8_t id,
                        std::uint64_t deadline) { Self(self).timers_[id] = deadline; },
        .cancel_timer = [](void* self, std::uint8_t id) { Self(self).timers_.erase(id); },
        .flush_receive = [](void* self) { ++Self(self).flushes_; },
        .map_read = nullptr,
        .transmit_offloads = nullptr,
        .request_work = nullptr,
        .cancel_work = nullptr,
    };
    std::array<char, 200> error{};
    device_ = model_.create(&model_, options, &kOps, this, error.data(), error.size());
    error_ = error.data();
    return device_ != nullptr;
  }

  void CreateAndReset() {
    ASSERT_TRUE(Create("")) << error_;
    model_.reset(device_);
  }

  void EnableBusMaster() { model_.config_write(device_, kPciCommand, 2, kBusMaster); }

  std::uint32_t Read(std::uint32_t offset) {
    return static_cast<std::uint32_t>(model_.read(device_, 0, offset, 4));
  }
  void Write(std::uint32_t offset, std::uint32_t value) {
    model_.write(device_, 0, offset, 4, value);
  }

  // A legacy descriptor (3.3.3) at 0x1000: `size` bytes at 0x2000, EOP, RS.
  void Transmit(std::uint16_t size) {
    std::array<std::uint8_t, 16> descriptor = {0x00, 0x20};
    descriptor[8] = static_cast<std::uint8_t>(size);
    descriptor[9] = static_cast<std::uint8_t>(size >> 8);
    descriptor[11] = 0x09;
    std::memcpy(&memory_[0x1000], descriptor.data(), descriptor.size());
    Write(kTdbal, 0x1000);
    Write(kTdlen, 128);
    Write(kTctl, 2);
    Write(kTdt, 1);
  }

  // Eight descriptors at 0x3000, buffers of 2 KiB from 0x8000 (3.2.3).
  void EnableReceive() {
    for (std::size_t i = 0; i < 8; ++i) {
      memory_[0x3000 + 16 * i + 1] = static_cast<std::uint8_t>(0x80 + 8 * i);
    }
    Write(kRdbal, 0x3000);
    Write(kRdlen, 128);
    Write(kRdt, 7);
    Write(kRctl, kRctlEnablePromiscuous);
    FireTimer(kFlushTimer);
  }

  void FireTimer(std::uint8_t id) {
    ASSERT_EQ(timers_.count(id), 1u);
    now_ = timers_[id];
    timers_.erase(id);
    model_.timer(device_, id);
  }

  nr_receive_result Receive(const Payload& payload) {
    const nr_bytes piece = {payload.data(), payload.size()};
    const nr_frame frame = {&piece, 1, {}};
    return model_.receive(device_, &frame);
  }

  const nr_model& model_ = *QemuE1000Model();
  nr_device* device_ = nullptr;
  std::string error_;
  Payload memory_ = Payload(1 << 16);
  std::uint64_t now_ = 0;
  std::vector<Payload> sent_;
  std::map<int, std::uint64_t> timers_;
  int line_ = 0;
  int flushes_ = 0;

 private:
  static QemuE1000& Self(void* self) { return *static_cast<QemuE1000*>(self); }

  void Sent(const nr_frame& frame) {
    Payload bytes;
    for (std::size_t i = 0; i < frame.piece_count; ++i) {
      bytes.insert(bytes.end(), frame.pieces[i].data, frame.pieces[i].data + frame.pieces[i].size);
    }
    sent_.push_back(bytes);
  }
};

TEST_F(QemuE1000, SaysWhatItIs) {
  ASSERT_TRUE(Create("device=82545em")) << error_;
  const nr_info& info = *model_.info(device_);
  EXPECT_EQ(info.vendor_id, 0x8086);
  EXPECT_EQ(info.device_id, 0x100f);
  EXPECT_EQ(info.revision, 3);
  EXPECT_EQ(info.class_code, 0x020000u);
  EXPECT_EQ(info.bars[0].kind, NR_BAR_MEMORY32);
  EXPECT_EQ(info.bars[0].size, 0x20000u);
  EXPECT_EQ(info.bars[1].kind, NR_BAR_IO);
  EXPECT_EQ(info.bars[1].size, 0x40u);
  EXPECT_EQ(info.timer_count, 3u);
  EXPECT_EQ(model_.config_read(device_, 0, 4), 0x100f8086u);
  EXPECT_EQ(model_.config_read(device_, 0x0c, 1), 0x10u) << "cache line size before the reset";
}

TEST_F(QemuE1000, RefusesWhatItDoesNotKnow) {
  EXPECT_FALSE(Create("device=82574l"));
  EXPECT_NE(error_.find("82574l"), std::string::npos);
  EXPECT_FALSE(Create("nonsense=1"));
  EXPECT_NE(error_.find("nonsense"), std::string::npos);
  EXPECT_FALSE(Create("rom_size=3000"));
  EXPECT_NE(error_.find("rom_size"), std::string::npos);
}

TEST_F(QemuE1000, LinkIsUpAfterReset) {
  CreateAndReset();
  EXPECT_NE(Read(kStatus) & kStatusLinkUp, 0u);
  model_.set_link(device_, 0);
  EXPECT_EQ(Read(kStatus) & kStatusLinkUp, 0u);
}

// 5.6.1: the words 0 to 0x3f sum to 0xbaba.
TEST_F(QemuE1000, EepromChecksumHolds) {
  CreateAndReset();
  std::uint16_t sum = 0;
  for (std::uint32_t word = 0; word < 0x40; ++word) {
    Write(kEerd, word << 8 | 1);
    sum = static_cast<std::uint16_t>(sum + (Read(kEerd) >> 16));
  }
  EXPECT_EQ(sum, 0xbaba);
}

TEST_F(QemuE1000, OptionsReachTheSource) {
  ASSERT_TRUE(Create("mac=02:11:22:33:44:55,init_vet=off"));
  model_.reset(device_);
  EXPECT_EQ(Read(kRal0), 0x33221102u);
  EXPECT_EQ(Read(0x0038), 0u) << "VET";
}

TEST_F(QemuE1000, NarrowAccessesAreThoseOfTheBus) {
  CreateAndReset();
  model_.write(device_, 0, kRal0 + 2, 1, 0xffffff12);
  EXPECT_EQ(Read(kRal0), 0x12u) << "a byte write writes the whole register";
  Write(kRal0, 0x44332211);
  EXPECT_EQ(model_.read(device_, 0, kRal0 + 1, 1), 0x11u);
  model_.write(device_, 0, kRal0, 8, 0x8877665544332211);
  EXPECT_EQ(model_.read(device_, 0, kRal0, 8), 0x8877665544332211u);
  EXPECT_EQ(model_.read(device_, 0, kRal0 + 1, 4), 0u) << "not aligned";
  EXPECT_EQ(model_.read(device_, 0, 0x20000, 4), 0u) << "outside";
  EXPECT_EQ(model_.read(device_, 5, 0, 4), 0u) << "no such BAR";
}

TEST_F(QemuE1000, TransmitsOneFrame) {
  CreateAndReset();
  EnableBusMaster();
  std::iota(&memory_[0x2000], &memory_[0x2000] + 100, std::uint8_t{1});
  Write(kIms, 1);
  Transmit(100);
  ASSERT_EQ(sent_.size(), 1u);
  EXPECT_EQ(sent_[0], Payload(&memory_[0x2000], &memory_[0x2000] + 100));
  EXPECT_EQ(Read(kTdh), 1u);
  EXPECT_EQ(Read(kTpt), 1u);
  EXPECT_EQ(memory_[0x100c], 1) << "DD";
  EXPECT_EQ(line_, 1);
  EXPECT_EQ(Read(kIcr) & 3, 3u) << "TXDW, TXQE";
  EXPECT_EQ(line_, 0);
}

TEST_F(QemuE1000, DmaNeedsBusMaster) {
  CreateAndReset();
  Transmit(100);
  EXPECT_EQ(Read(kTdh), 1u) << "the ring advances";
  EXPECT_EQ(memory_[0x100c], 0) << "no write-back";
  ASSERT_EQ(sent_.size(), 0u) << "a descriptor of zeros has no EOP";
  EXPECT_EQ(flushes_, 0);
  EnableBusMaster();
  EXPECT_EQ(flushes_, 1) << "the command register flushes";
}

TEST_F(QemuE1000, LinkDownDiscardsFrames) {
  CreateAndReset();
  EnableBusMaster();
  model_.set_link(device_, 0);
  Transmit(100);
  EXPECT_EQ(sent_.size(), 0u);
  EXPECT_EQ(Read(kTpt), 1u);
}

TEST_F(QemuE1000, ReceivesOneFrame) {
  CreateAndReset();
  EnableBusMaster();
  EXPECT_EQ(model_.can_receive(device_), 0);
  EnableReceive();
  EXPECT_EQ(model_.can_receive(device_), 1);
  const Payload payload(80, 0x5a);
  EXPECT_EQ(Receive(payload), NR_CONSUMED);
  EXPECT_EQ(Payload(&memory_[0x8000], &memory_[0x8000] + 80), payload);
  EXPECT_EQ(memory_[0x3008], 84) << "FCS counts";
  EXPECT_EQ(memory_[0x300c] & 3, 3) << "DD, EOP";
}

TEST_F(QemuE1000, KeepsFramesWhileTheFlushTimerPends) {
  CreateAndReset();
  EnableBusMaster();
  EnableReceive();
  Write(kRctl, kRctlEnablePromiscuous);
  EXPECT_EQ(Receive(Payload(80)), NR_KEEP);
  Write(kRctl, 0);
  EXPECT_EQ(Receive(Payload(80)), NR_DROPPED);
}

TEST_F(QemuE1000, RefusesFramesThatNoNetworkCarries) {
  CreateAndReset();
  EnableBusMaster();
  EnableReceive();
  EXPECT_EQ(Receive(Payload(70000)), NR_DROPPED);
}

TEST_F(QemuE1000, LoopsBackThroughThePhy) {
  CreateAndReset();
  EnableBusMaster();
  EnableReceive();
  Write(kMdic, kPhyLoopback);
  std::iota(&memory_[0x2000], &memory_[0x2000] + 20, std::uint8_t{2});
  Transmit(20);
  EXPECT_EQ(sent_.size(), 0u);
  EXPECT_EQ(memory_[0x8000], 2);
  EXPECT_EQ(memory_[0x8000 + 20], 0);
  EXPECT_EQ(memory_[0x3008], 64) << "padded to 60, and the FCS";
}

TEST_F(QemuE1000, ModeratesInterrupts) {
  CreateAndReset();
  Write(kIms, ~0u);
  Write(kIcs, 4);
  EXPECT_EQ(line_, 1);
  EXPECT_EQ(timers_.at(1), 500u * 256);
  Read(kIcr);
  Write(kIcs, 4);
  EXPECT_EQ(line_, 0) << "inside the window";
  FireTimer(1);
  EXPECT_EQ(line_, 1);
}

TEST_F(QemuE1000, StateTravelsBetweenInstances) {
  CreateAndReset();
  EnableBusMaster();
  EnableReceive();
  Write(kRal0, 0x01020304);
  Write(kRctl, kRctlEnablePromiscuous);
  std::vector<std::uint8_t> state(model_.state_size(device_));
  model_.save(device_, state.data());
  nr_device* first = device_;

  ASSERT_TRUE(Create(""));
  EXPECT_EQ(model_.load(device_, state.data(), state.size() - 1), 0);
  ASSERT_EQ(model_.load(device_, state.data(), state.size()), 1);
  model_.destroy(first);
  EXPECT_EQ(Read(kRal0), 0x01020304u);
  EXPECT_EQ(model_.config_read(device_, kPciCommand, 2), kBusMaster);
  EXPECT_EQ(model_.can_receive(device_), 0) << "the flush timer pends";
  model_.timer(device_, kFlushTimer);
  EXPECT_EQ(model_.can_receive(device_), 1);
  model_.save(device_, state.data());
  std::vector<std::uint8_t> again(state.size());
  ASSERT_EQ(model_.load(device_, state.data(), state.size()), 1);
  model_.save(device_, again.data());
  EXPECT_EQ(state, again);
}

}  // namespace
}  // namespace nicreplay
