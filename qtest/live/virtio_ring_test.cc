// SPDX-License-Identifier: MIT
// What QEMU's own virtio-net tests do (basic, large_tx, rx_stop_cont), with the two features that
// they mask out: INDIRECT_DESC and EVENT_IDX.  On QEMU's device, and on ours in the same QEMU.
#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <numeric>

#include "models/virtio/driver.h"
#include "models/virtio/net_spec.h"
#include "qtest/target.h"
#include "qtest/virtio_bus.h"

namespace nicreplay {
namespace {

using namespace virtio;
using ByteVector = std::vector<std::uint8_t>;

constexpr GuestAddress kRings = std::uint64_t{16} << 20;  // 16 KiB each
constexpr GuestAddress kTable = kRings + 0x20000;
constexpr GuestAddress kBuffers = kRings + 0x100000;
constexpr std::uint64_t kRam = std::uint64_t{128} << 20;
// A bottom half may start another.
constexpr std::uint64_t kRounds = 3;

struct Kind {
  std::string name;
  std::string device;
  Driver::Mode mode;
  DriverRing::Format format;
};

void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

std::vector<Kind> Kinds() {
  struct Device {
    const char* name;
    const char* text;
  };
  const Device devices[] = {
      {"Qemu", "virtio-net-pci"},
#ifdef NICREPLAY_LIBRARY
      {"Ours", "nicreplay,model=virtio-net,library=" NICREPLAY_LIBRARY},
#endif
  };
  std::vector<Kind> kinds;
  for (const auto& [name, text] : devices) {
    const std::string device = text;
    const bool ours = device.find("nicreplay") == 0;
    const std::string base = device + (ours ? ",options=" : ",");
    const auto add = [&, prefix = std::string(name)](const char* kind, const char* options,
                                                     Driver::Mode mode, DriverRing::Format format) {
      kinds.push_back({prefix + kind, base + options, mode, format});
    };
    add("Legacy", "disable-modern=on", Driver::Mode::kLegacy, DriverRing::Format::kSplit);
    add("Split", "disable-legacy=on", Driver::Mode::kModern, DriverRing::Format::kSplit);
    add("Packed", "packed=on", Driver::Mode::kModern, DriverRing::Format::kPacked);
  }
  return kinds;
}

ByteVector MakeFrame(std::size_t size) {
  ByteVector frame(size);
  std::iota(frame.begin(), frame.end(), std::uint8_t{1});
  frame[0] = 0x52;  // unicast
  return frame;
}

class VirtioRingTest : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    QtestOptions options;
    options.qemu = NICREPLAY_QEMU;
    options.device = GetParam().device;
    options.ram_size = kRam;
    auto target = QtestTarget::Create(options);
    ASSERT_TRUE(target) << target.error().ToString();
    target_ = std::move(*target);
    bus_ = std::make_unique<TargetBus>(*target_);
    driver_ = std::make_unique<Driver>(*bus_, GetParam().mode);
    driver_->MapBars();
    Negotiate();
    std::uint16_t number = 0;
    for (DriverRing& ring : rings_) {
      ring = DriverRing(GetParam().format, kRings + number * 0x4000u, 256);
      ring.Clear(*bus_);
      driver_->SetUpQueue(number, ring, number);
      ++number;
    }
    driver_->Start();
  }
  void TearDown() override {
    if (target_ && target_->error()) FAIL() << target_->error()->ToString();
  }

  void Negotiate() {
    Features wanted = Features::Of(feature::kMac, feature::kStatus, feature::kMrgRxbuf,
                                   feature::kIndirectDesc, feature::kEventIdx);
    if (GetParam().mode == Driver::Mode::kModern) {
      wanted = wanted | Features::Of(feature::kVersion1);
    }
    if (IsPacked()) wanted = wanted | Features::Of(feature::kRingPacked);
    ASSERT_EQ(driver_->Negotiate(wanted).bits(), wanted.bits());
  }

  bool IsPacked() const { return GetParam().format == DriverRing::Format::kPacked; }

  // A buffer in an indirect table, known to the device.
  void Give(std::uint16_t queue, const std::vector<DriverPiece>& pieces) {
    rings_[queue].AddIndirect(*bus_, pieces, kTable + rings_[queue].added() * 0x800u);
    rings_[queue].Publish(*bus_);
    driver_->Notify(queue);
    Settle();
  }
  void Settle() {
    const auto settled = target_->Settle(kRounds);
    ASSERT_TRUE(settled) << settled.error().ToString();
  }
  // With the header, in three pieces.
  void Send(const ByteVector& frame) {
    constexpr std::uint32_t kCut = 20;
    bus_->WriteMemory(kBuffers, ByteVector(kHeader));
    bus_->WriteMemory(kBuffers + 0x1000, Bytes(frame).first(kCut));
    bus_->WriteMemory(kBuffers + 0x2000, Bytes(frame).subspan(kCut));
    Give(1, {{kBuffers, kHeader, false},
             {kBuffers + 0x1000, kCut, false},
             {kBuffers + 0x2000, static_cast<std::uint32_t>(frame.size()) - kCut, false}});
  }
  void GiveReceive() {
    Give(0, {{kBuffers, kHeader, true},
             {kBuffers + 0x1000, 20, true},
             {kBuffers + 0x2000, 1600, true}});
  }
  void Offer(const ByteVector& frame) {
    Stimulus stimulus;
    stimulus.kind = StimulusKind::kFrame;
    stimulus.data = frame.data();
    stimulus.data_size = static_cast<std::uint32_t>(frame.size());
    target_->Apply(stimulus);
    Settle();
  }

  ByteVector Memory(GuestAddress address, std::size_t size) {
    ByteVector bytes(size);
    target_->ReadMemory(address, bytes);
    return bytes;
  }
  template <typename T>
  T Load(GuestAddress address) {
    T value;
    std::memcpy(&value, Memory(address, sizeof(T)).data(), sizeof(T));
    return value;
  }
  // Buffers that came back, of less than a lap.
  std::uint32_t UsedCount(std::uint16_t queue) {
    const DriverRing& ring = rings_[queue];
    if (!IsPacked()) return Load<std::uint16_t>(ring.device_area() + kRingIndex);
    constexpr std::uint16_t kBoth = descriptor::kAvail | descriptor::kUsed;
    std::uint32_t count = 0;
    while ((Load<PackedDescriptor>(ring.descriptors() + count * kDescriptorSize).flags & kBoth) ==
           kBoth) {
      ++count;
    }
    return count;
  }
  std::uint32_t UsedLength(std::uint16_t queue, std::uint32_t number) {
    const DriverRing& ring = rings_[queue];
    if (IsPacked()) {
      return Load<PackedDescriptor>(ring.descriptors() + number * kDescriptorSize).len;
    }
    return Load<UsedElement>(ring.device_area() + kRingEntries + number * sizeof(UsedElement)).len;
  }
  // Interrupts are wanted once buffer `number` comes back.
  void WantInterruptAt(std::uint16_t queue, std::uint16_t number) {
    constexpr std::uint16_t kFirstLap = 1 << 15;
    rings_[queue].SetUsedEvent(
        *bus_, IsPacked() ? static_cast<std::uint16_t>(number | kFirstLap) : number);
  }
  void ExpectReceived(const ByteVector& frame) {
    ASSERT_EQ(UsedCount(0), 1u);
    EXPECT_EQ(UsedLength(0, 0), kHeader + frame.size());
    ByteVector received = Memory(kBuffers + 0x1000, 20);
    const ByteVector rest = Memory(kBuffers + 0x2000, frame.size() - received.size());
    received.insert(received.end(), rest.begin(), rest.end());
    EXPECT_EQ(received, frame);
    EXPECT_EQ(Memory(kBuffers + 10, 2), (ByteVector{1, 0}));  // num_buffers
  }

  std::unique_ptr<QtestTarget> target_;
  std::unique_ptr<TargetBus> bus_;
  std::unique_ptr<Driver> driver_;
  std::array<DriverRing, 2> rings_;
};

INSTANTIATE_TEST_SUITE_P(Kinds, VirtioRingTest, testing::ValuesIn(Kinds()),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(VirtioRingTest, TransmitsWhatAnIndirectTableDescribes) {
  const ByteVector frame = MakeFrame(100);
  Send(frame);
  EXPECT_EQ(target_->TakeFrames(), std::vector<ByteVector>{frame});
  EXPECT_EQ(UsedCount(1), 1u);
  EXPECT_EQ(UsedLength(1, 0), 0u);
  EXPECT_EQ(target_->line(), LineLevel::kHigh);
  EXPECT_EQ(driver_->ReadIsr(), kIsrQueue);
  EXPECT_EQ(target_->line(), LineLevel::kLow);
}

TEST_P(VirtioRingTest, ReceivesIntoWhatAnIndirectTableDescribes) {
  const ByteVector frame = MakeFrame(100);
  GiveReceive();
  Offer(frame);
  ExpectReceived(frame);
  EXPECT_EQ(target_->line(), LineLevel::kHigh);
  EXPECT_EQ(driver_->ReadIsr(), kIsrQueue);
}

TEST_P(VirtioRingTest, AFrameWaitsForAStoppedMachine) {
  const ByteVector frame = MakeFrame(100);
  GiveReceive();
  ASSERT_TRUE(target_->monitor().Execute("stop", nlohmann::json::object()));
  Offer(frame);
  EXPECT_EQ(UsedCount(0), 0u);
  ASSERT_TRUE(target_->monitor().Execute("cont", nlohmann::json::object()));
  Settle();
  ExpectReceived(frame);
}

// 64 pieces that are one and the same memory: as long as QEMU's network takes, and longer.
TEST_P(VirtioRingTest, LongTransmissionsPassOrAreDropped) {
  const ByteVector part = MakeFrame(1024);
  bus_->WriteMemory(kBuffers, ByteVector(kHeader));
  bus_->WriteMemory(kBuffers + 0x1000, part);
  std::vector<DriverPiece> pieces(65, {kBuffers + 0x1000, 1024, false});
  pieces[0] = {kBuffers, kHeader, false};
  Give(1, pieces);
  const auto frames = target_->TakeFrames();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].size(), 64 * part.size());
  EXPECT_TRUE(std::equal(part.begin(), part.end(), frames[0].end() - 1024));
  for (std::size_t i = 1; i < pieces.size(); ++i) pieces[i].size = 0xffffffffu / 64;
  Give(1, pieces);
  EXPECT_TRUE(target_->TakeFrames().empty());
  EXPECT_EQ(UsedCount(1), 2u);
}

TEST_P(VirtioRingTest, InterruptsComeAtTheEventThatTheDriverNames) {
  Send(MakeFrame(60));
  EXPECT_EQ(driver_->ReadIsr(), kIsrQueue);
  WantInterruptAt(1, 3);
  for (int i = 0; i < 2; ++i) {
    Send(MakeFrame(60));
    EXPECT_EQ(driver_->ReadIsr(), 0) << i;
  }
  Send(MakeFrame(60));
  EXPECT_EQ(UsedCount(1), 4u);
  EXPECT_EQ(driver_->ReadIsr(), kIsrQueue);
}

TEST_P(VirtioRingTest, TheDeviceNamesTheBufferThatItWantsToHearOf) {
  for (std::uint16_t sent = 1; sent <= 3; ++sent) {
    Send(MakeFrame(60));
    const GuestAddress device = rings_[1].device_area();
    if (IsPacked()) {
      EXPECT_EQ(Load<std::uint16_t>(device + kEventFlags), kEventDescriptor);
      EXPECT_EQ(Load<std::uint16_t>(device + kEventOffset), sent | 1 << 15);
    } else {
      EXPECT_EQ(Load<std::uint16_t>(device + kRingEntries + 256 * sizeof(UsedElement)), sent);
    }
  }
}

}  // namespace
}  // namespace nicreplay
